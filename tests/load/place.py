"""Where the load is played: a database of as many subjects as wanted, volunteers, a real server and its worker."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import func, insert, select

from game.cli.children import free_port
from game.cli.machines import postgresql_rows, running_postgresql, running_redis
from game.config import read_settings
from game.levels import GoldUse, Project
from game.play.accounts import create_guest, hash_password, issue_token, sign_up
from game.store import Session, reading, subjects, transaction
from game.store.tables import ExpertLabel, Opening, Subject
from tests.load.measure import Watched
from tests.load.opinions import Opinions, experts_labels
from tests.load.photographs import add_photographs, cut_all
from tests.server import Server, running_server, running_worker, workers
from tests.world import World, make_world

SLUG = "moorea"
PASSWORD = "many hands, one reef"
GOLD_SHARE, TEACHING_SHARE = 0.15, 0.01
SIDE_PX = 1000
# Has no divisor in common with the pixels of a picture.
STRIDE_PX = 617_033
ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Wanted:
    """`database`: sqlite; or postgresql, with Redis between the processes. `worker`: whether one runs beside the web.
    `photographs`: whether pictures are looked at.

    Of the volunteers so many have a token, and so many a login with PASSWORD.
    """

    database: str = "sqlite"
    n_processes: int = 1
    worker: bool = True
    photographs: bool = False
    n_subjects: int = 20_000
    n_tokens: int = 0
    n_logins: int = 0


@dataclass(frozen=True)
class Place:
    """`tokens`, `logins`: one a volunteer, none of whom has played before. `watched`: every process of the set-up."""

    server: Server
    opinions: Opinions
    tokens: tuple[str, ...]
    logins: tuple[str, ...]
    watched: tuple[Watched, ...]


@contextmanager
def opened_place(wanted: Wanted, shared_data: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        # As behind a proxy, so that each player comes from an address of her own: limits count addresses.
        data = stack.enter_context(TemporaryDirectory(prefix="fathom-load-", ignore_cleanup_errors=True))
        environment, watched = {"FATHOM_DATA": data, "FATHOM_PROXIES": "1"}, []
        if wanted.database == "postgresql":
            folder = stack.enter_context(postgresql_rows())
            database, environment["FATHOM_DATABASE_URL"] = stack.enter_context(
                running_postgresql(folder, free_port(), "fsync=on")
            )
            redis, environment["FATHOM_REDIS_URL"] = stack.enter_context(running_redis(free_port()))
            watched = [Watched("PostgreSQL", database.process.pid, family=True), Watched("Redis", redis.process.pid)]
        world = make_world(read_settings(environment), shared_data, datetime.now(UTC))
        stack.callback(world.store.engine.dispose)
        if wanted.photographs:
            add_subjects(world, wanted.n_subjects, add_photographs(world, shared_data / "moorea_quadrats"))
            cut_all(world, world.projects[SLUG])
        else:
            add_subjects(world, wanted.n_subjects)
        tokens, logins = new_tokens(world, wanted.n_tokens), new_logins(world, wanted.n_logins)
        server = stack.enter_context(running_server(world, n_workers=wanted.n_processes))
        if wanted.worker:
            worker = stack.enter_context(running_worker(world))
            watched.insert(0, Watched("worker and its jobs", worker.pid, family=True))
        web = [Watched(f"web process {place}", pid) for place, pid in enumerate(workers(server), start=1)]
        watched = [*web, Watched("parent of these", server.process.pid), *watched]
        opinions = Opinions(world.projects[SLUG], experts_labels(world, SLUG))
        yield Place(server, opinions, tokens, logins, tuple(watched))


def new_tokens(world: World, n: int) -> tuple[str, ...]:
    """Volunteers by the back door: at the front door an address may make only so many in a minute."""
    rng, now = Random(5), datetime.now(UTC)
    with transaction(world.store) as session:
        ids = [create_guest(session, now, rng).id for _ in range(n)]
        return tuple(issue_token(session, volunteer_id, now) for volunteer_id in ids)


def new_logins(world: World, n: int) -> tuple[str, ...]:
    """Volunteers with an account; all have the same password, for each takes long to be hashed."""
    rng, now, hashed = Random(6), datetime.now(UTC), hash_password(PASSWORD)
    logins = tuple(f"pupil-{place}" for place in range(n))
    with transaction(world.store) as session:
        for login in logins:
            sign_up(session, create_guest(session, now, rng).id, login, hashed)
    return logins


def add_subjects(world: World, n: int, on: Sequence[int] = ()) -> None:
    """Points of these images, else of the squares that experts looked at, beside theirs; a share of them gold."""
    project = world.projects[SLUG]
    with reading(world.store) as session:
        row = subjects.project_row(session, SLUG)
        assert row is not None
        project_id, first = row.id, 1 + (session.scalar(select(func.max(Subject.id))) or 0)
        points = select(Subject.image_id, Subject.row, Subject.column).where(Subject.project_id == project_id)
        taken = {(image_id, row, column) for image_id, row, column in session.execute(points)}
    image_ids = on or sorted({image_id for image_id, _, _ in taken})
    rng, now = Random(3), datetime.now(UTC)
    for start in range(first, first + n, ROWS_AT_ONCE):
        rows = [
            {
                "id": place, "code": secrets.token_hex(6), "project_id": project_id,
                "image_id": image_id, "name": "quadrat.jpg", "row": row, "column": column, "created_at": now,
            }
            for place in range(start, min(start + ROWS_AT_ONCE, first + n))
            for image_id, row, column in [_point(place, image_ids)]
            if (image_id, row, column) not in taken
        ]  # fmt: skip
        with transaction(world.store) as session:
            session.execute(insert(Subject), rows)
            _add_gold_and_openings(session, project, project_id, [int(str(row["id"])) for row in rows], rng)


def _point(place: int, image_ids: Sequence[int]) -> tuple[int, int, int]:
    """Image, row and column: every pixel of every picture in turn, here and there."""
    pixel = place // len(image_ids) * STRIDE_PX % SIDE_PX**2
    return image_ids[place % len(image_ids)], pixel // SIDE_PX, pixel % SIDE_PX


def _add_gold_and_openings(session: Session, project: Project, project_id: int, ids: list[int], rng: Random) -> None:
    gold, openings = [], []
    for subject_id in ids:
        lot = rng.random()
        if lot < GOLD_SHARE:
            use = GoldUse.TEACHING if lot < TEACHING_SHARE else GoldUse.HIDDEN
            gold.append(
                {
                    "subject_id": subject_id, "project_id": project_id, "label": rng.randrange(len(project.labels)),
                    "use": use, "why": "", "shuffle": rng.random(),
                }
            )  # fmt: skip
            continue
        for choice_set in project.choice_sets:
            shuffle = rng.random()
            openings.append(
                {
                    "subject_id": subject_id, "choice_set": choice_set, "project_id": project_id,
                    "priority": 1 + shuffle / 1000, "shuffle": shuffle,
                }
            )  # fmt: skip
    session.execute(insert(ExpertLabel), gold)
    session.execute(insert(Opening), openings)
