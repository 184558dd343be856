"""What pages, the API and news read, on both databases: some rows of what grows, whatever the past holds."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, insert, select, update

from game.app import create_app
from game.config import read_settings
from game.play import accounts
from game.play.classify import Outcome
from game.play.figures import round_summary
from game.play.rounds import find_round
from game.play.showcase import overview, tutorial_pictures
from game.science.counting import Counting
from game.science.gallery import model_gallery
from game.store import figures, reading, transaction
from game.store.tables import Model, Opening, Prediction, Release, Round, Subject
from game.store.tables.publications import ModelState
from game.web.announcer import Announcer
from game.web.context import Game
from tests.play.conftest import Reef, guest, reef
from tests.test_plans import GROWING, crowded, noted, play, tidy

__all__ = ["crowded", "reef"]

PAGES = (
    "/", "/projects/moorea", "/projects/moorea/leaderboard", "/projects/moorea/leaderboard?period=all",
    "/projects/moorea/guide", "/projects/moorea/consensus", "/projects/moorea/releases", "/projects/moorea/model",
    "/health", "/ready",
)  # fmt: skip
FOR_PROGRAMS = (
    "/me", "/projects", "/projects/moorea", "/projects/moorea/leaderboard", "/projects/moorea/leaderboard?period=all",
    "/projects/moorea/consensus", "/projects/moorea/releases", "/projects/moorea/models",
)  # fmt: skip
MOST_READ = 2_500
# A gallery looks at a thousand subjects in five tables.
MOST_IN_A_GALLERY = 7_000


@pytest.mark.slow
def test_no_page_and_no_news_read_more_than_some_rows_of_what_grows(
    crowded: Reef, now: datetime, rng: np.random.Generator, tmp_path: Path
) -> None:
    _publish(crowded, now)
    Counting(crowded.store).count_on(crowded.project)
    tidy(crowded.store)
    for _ in range(2):
        play(crowded, somebody := guest(crowded, now, rng), now, rng)
    with transaction(crowded.store) as session:
        token = accounts.issue_token(session, somebody, now)
    url = crowded.store.engine.url.render_as_string(hide_password=False)
    app = create_app(read_settings({"FATHOM_DATA": str(tmp_path), "FATHOM_DATABASE_URL": url}))
    game: Game = app.extensions["fathom"]
    with noted(game.store) as statements:
        for page in PAGES:
            assert app.test_client().get(page).status_code == 200, page
        for page in FOR_PROGRAMS:
            answered = app.test_client().get(f"/api/v1{page}", headers={"Authorization": f"Bearer {token}"})
            assert answered.status_code == 200, page
        _show_the_rest(game, crowded, somebody, now)
    assert len(statements) > 35
    with crowded.store.engine.connect() as connection:
        found = {statement: read(connection, statement, given) for statement, given in statements.items()}
    game.store.engine.dispose()
    ranking = {statement for statement in found if "count(*)" in statement and "FROM standings" in statement}
    # Without Redis the database counts who stands before her.
    assert len(ranking) == 2
    most = {one: MOST_IN_A_GALLERY if "predictions" in one else MOST_READ for one in found.keys() - ranking}
    long = [f"{found[one]}: {one}" for one in most if found[one] > most[one]]
    assert long == [], "\n\n".join(long)


@dataclass
class Room:
    """Where news are told at once, and kept."""

    heard: list[str]

    def start_background_task(self, task: Callable[..., object], *of: object) -> None:
        task(*of)

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""

    def emit(self, event: str, _message: object, to: str) -> None:
        assert to
        self.heard.append(event)


def _show_the_rest(game: Game, reef: Reef, volunteer_id: int, now: datetime) -> None:
    """What is shown of a round, a volunteer, a model and a consensus, and what sockets hear."""
    room = Room([])
    outcome = Outcome(reef.project.slug, "", 10, 10, completed=True, explanation=None)
    Announcer(room, game.store, game.projects).announce(reef.project.slug, outcome)  # type: ignore[arg-type]
    assert room.heard == ["progress", "leaderboard", "leaderboard"]
    with reading(game.store) as session:
        code = session.scalar(select(Round.code).where(Round.volunteer_id == volunteer_id).limit(1)) or ""
        shown = find_round(session, game.projects, code, volunteer_id)
        assert round_summary(session, shown, volunteer_id, now)
        assert overview(session, reef.project, volunteer_id, now).own
        assert tutorial_pictures(session, reef.project)
        assert model_gallery(session, reef.project)
        figures.includes_simulated(session, reef.project_id)


def _publish(reef: Reef, now: datetime) -> None:
    """A model that has looked at every subject, and of half of them people are sure."""
    with transaction(reef.store) as session:
        release = Release(
            project_id=reef.project_id, version=1, folder="1", archive="1.zip", archive_sha256="0" * 64,
            includes_simulated=False, counts={}, code_version="0", created_at=now,
        )  # fmt: skip
        session.add(release)
        session.flush()
        model = Model(
            project_id=reef.project_id, version=1, release_id=release.id, state=ModelState.REPLACED, reason="",
            folder="1", metrics={}, created_at=now,
        )  # fmt: skip
        session.add(model)
        session.flush()
        ids = session.scalars(select(Subject.id)).all()
        said = {"project_id": reef.project_id, "model_id": model.id, "p": [1 / 6] * 6}
        session.execute(insert(Prediction), [said | {"subject_id": one} for one in ids])
        session.execute(update(Opening).where(Opening.subject_id % 2 == 0).values(reason="confident", retired_at=now))


def read(connection: Connection, statement: str, given: Any) -> int:
    """How many rows of tables that grow the statement looks at; on SQLite, which does not say, steps by a hundred."""
    if connection.dialect.name == "postgresql":
        # Of a table as small as this one it would rather read all than ask a thousand times.
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given).scalar()
        return _rows(plan[0]["Plan"])  # type: ignore[index]
    steps = itertools.count()
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: next(steps) and None, 100)
    connection.exec_driver_sql(statement, given).all()
    driver.set_progress_handler(None, 0)
    return next(steps)


def _rows(node: dict[str, Any]) -> int:
    below = sum(_rows(one) for one in node.get("Plans", ()))
    passed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    own = (node["Actual Rows"] + passed) * node["Actual Loops"]
    return below + int(own if node.get("Relation Name") in GROWING else 0)
