"""Starting a round and keeping an answer, on SQLite: the cost must not grow with the number of subjects."""

import itertools
import secrets
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import func, insert, select

from game.config import ROOT
from game.levels import GoldUse, Project, read_project
from game.play.accounts import create_guest
from game.play.classify import Answer, classify
from game.play.rounds import start_round
from game.store import Store, open_store, reading, subjects, transaction
from game.store.handouts import Asked, drawn_by_lot
from game.store.migrations import migrate
from game.store.tables import ExpertLabel, Image, Opening, Subject

NOW = datetime(2026, 11, 18, tzinfo=UTC)
FEW, MANY = 1_000, 100_000


def pairs() -> Iterator[tuple[str, Callable[[], object], str, Callable[[], object]]]:
    project = read_project(ROOT / "levels" / "moorea")
    with tempfile.TemporaryDirectory() as folder:
        few, many = (filled(Path(folder) / f"{n}.sqlite", project, n) for n in (FEW, MANY))
        yield (
            f"a round of 10 answers, {MANY:,} subjects", player(many, project),
            f"the same with {FEW:,} subjects", player(few, project),
        )  # fmt: skip
        yield (
            f"80 subjects of {MANY:,} by index", lambda: by_index(many),
            "ORDER BY random()", lambda: by_random_order(many),
        )  # fmt: skip


def player(store: Store, project: Project) -> Callable[[], object]:
    """One round from the first subject to the summary, by a newcomer."""
    rng = np.random.default_rng(1)
    projects = {project.slug: project}

    def play() -> None:
        with transaction(store) as session:
            volunteer_id = create_guest(session, NOW, rng).id
            shown = start_round(session, project, volunteer_id, None, NOW, rng)
        for subject, choice in zip(shown.subjects, itertools.cycle(shown.choices), strict=False):
            answer = Answer(secrets.token_hex(8), subject.code, choice.code, None, 800)
            with transaction(store) as session:
                classify(session, projects, shown.code, volunteer_id, answer, NOW)

    return play


def by_index(store: Store) -> list[int]:
    with reading(store) as session:
        return drawn_by_lot(session, Asked(1, 1, "groups", 3, NOW, 80, 80), 0.4)


def by_random_order(store: Store) -> list[int]:
    rows = select(Opening.subject_id).where(Opening.choice_set == "groups", Opening.retired_at.is_(None))
    with reading(store) as session:
        return list(session.scalars(rows.order_by(func.random()).limit(80)))


def filled(file: Path, project: Project, n: int) -> Store:
    store = open_store(f"sqlite:///{file}")
    migrate(store)
    rng = np.random.default_rng(0)
    with transaction(store) as session:
        project_id = subjects.add_project(session, project.slug, [label.code for label in project.labels], NOW).id
        image = Image(sha256="0" * 64, media_type="image/jpeg", width_px=1200, height_px=1200, n_bytes=1)
        image_id = subjects.add_image(session, image).id
        places = [
            {
                "id": place, "code": f"{place:012}", "project_id": project_id, "image_id": image_id, "name": "q.jpg",
                "row": place, "column": 0, "created_at": NOW,
            }
            for place in range(1, n + 1)
        ]  # fmt: skip
        session.execute(insert(Subject), places)
        gold, open_ones = places[: n // 5], places[n // 5 :]
        session.execute(insert(ExpertLabel), [_gold(row["id"], project_id, rng) for row in gold])  # type: ignore[arg-type]
        session.execute(insert(Opening), [row for one in open_ones for row in _openings(one["id"], project_id, rng)])  # type: ignore[arg-type]
    return store


def _gold(subject_id: int, project_id: int, rng: np.random.Generator) -> dict[str, object]:
    return {
        "subject_id": subject_id, "project_id": project_id, "label": subject_id % 6, "use": GoldUse.HIDDEN, "why": "",
        "shuffle": rng.random(),
    }  # fmt: skip


def _openings(subject_id: int, project_id: int, rng: np.random.Generator) -> list[dict[str, object]]:
    shuffle = rng.random()
    return [
        {
            "subject_id": subject_id, "choice_set": choice_set, "project_id": project_id,
            "priority": 1 + shuffle / 1000, "shuffle": shuffle,
        }
        for choice_set in ("groups", "labels")
    ]  # fmt: skip
