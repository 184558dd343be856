"""Where play is broken: a whole Fathom under load, in one of the two shapes that people run, and its parts by name."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from game.config import read_settings
from game.levels import Project
from game.store import reading, subjects, transaction
from game.store.tables import Job
from game.store.tables.publications import JobKind, JobState
from tests.faults.parts import Disk, Part, PostgreSQL, Redis, WebProcess, WholeServer, Worker
from tests.load.opinions import experts_labels
from tests.load.place import SLUG, add_subjects, new_tokens
from tests.world import Where, World, make_world

N_SUBJECTS = 20_000
SHAPES = ("scaled", "embedded")


@dataclass(frozen=True)
class Stage:
    """`parts`: what may be killed. `truth`: label of every subject that experts named, by its place."""

    world: World
    project: Project
    project_id: int
    url: str
    tokens: tuple[str, ...]
    truth: Mapping[Where, int]
    parts: Mapping[str, Part]


@contextmanager
def opened_stage(shape: str, shared_data: Path, *, n_volunteers: int, n_subjects: int = N_SUBJECTS) -> Iterator[Stage]:
    """`shape`: scaled (PostgreSQL, Redis, two web processes, a worker), or embedded (SQLite, a server, a worker)."""
    with ExitStack() as stack:
        data = stack.enter_context(TemporaryDirectory(prefix="fathom-faults-", ignore_cleanup_errors=True))
        environment = {"FATHOM_DATA": data}
        parts: dict[str, Part] = {}
        if shape == "scaled":
            database, redis = PostgreSQL(), Redis()
            parts |= {"PostgreSQL": database, "Redis": redis}
            stack.callback(database.end)
            stack.callback(redis.end)
            environment |= {"FATHOM_DATABASE_URL": database.url, "FATHOM_REDIS_URL": redis.url}
        world = make_world(read_settings(environment), shared_data, datetime.now(UTC))
        stack.callback(world.store.engine.dispose)
        add_subjects(world, n_subjects)
        _let_releases_rest(world)
        tokens = new_tokens(world, n_volunteers)
        whole = WholeServer(world, n_workers=2 if shape == "scaled" else 1)
        stack.callback(whole.end)
        if shape == "scaled":
            parts |= {"a web process": WebProcess(whole, 1), "all web processes": WebProcess(whole, 2)}
        else:
            parts |= {"whole server": whole, "the disk": Disk(whole, world.settings.data / "fathom.sqlite")}
        parts["worker"] = worker = Worker(world)
        stack.callback(worker.end)
        project = world.projects[SLUG]
        yield Stage(world, project, _project_id(world), whole.server.url, tokens, experts_labels(world, SLUG), parts)


def _let_releases_rest(world: World) -> None:
    """As after one that failed: a training would take both processors, and what is tested here is play."""
    now = datetime.now(UTC)
    with transaction(world.store) as session:
        session.add(
            Job(
                code=secrets.token_hex(12), project_id=_project_id(world), kind=JobKind.RELEASE, state=JobState.FAILED,
                reason="", request={}, created_at=now, finished_at=now + timedelta(days=1),
            )
        )  # fmt: skip


def _project_id(world: World) -> int:
    with reading(world.store) as session:
        row = subjects.project_row(session, SLUG)
        assert row is not None
        return row.id
