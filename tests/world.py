"""A small world to play in, with real pictures: plankton from its package, and a reef of two real quadrats."""

import csv
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from psycopg import OperationalError
from sqlalchemy import NullPool, create_engine, event, make_url

from game.artifacts.images import CheckedImage, keep_image
from game.config import Settings, read_settings
from game.levels import GoldUse, Project, read_projects
from game.store import Session, Store, open_store, subjects, transaction
from game.store.migrations import migrate
from game.store.tables import ExpertLabel, Image, Opening, Subject, Table

QUADRATS = 2
POINTS_A_QUADRAT = 60
LONGEST_READING_S = 30

# What a subject is of: (sha256, row, column).
Where = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Truth:
    label: int
    use: GoldUse


@dataclass(frozen=True)
class World:
    """`truth` knows every subject by what its pictures' addresses show; only tests and simulators may."""

    settings: Settings
    store: Store
    projects: dict[str, Project]
    truth: dict[Where, Truth] = field(default_factory=dict)


def make_world(settings: Settings, shared_data: Path, now: datetime) -> World:
    """Empties and migrates the database, then fills it: of every six subjects two are hidden gold, and few teach."""
    store = open_store(settings.database_url)
    Table.metadata.drop_all(store.engine)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    migrate(store)
    world = World(settings, store, read_projects(settings.levels))
    with transaction(store) as session:
        _add_plankton(session, world, now)
        _add_reef(session, world, shared_data / "moorea_quadrats", now)
    return world


def copy_world(world: World, data: Path) -> World:
    """The same world in another folder and database; nobody may be connected to it. Pictures are shared."""
    shutil.copytree(world.settings.images, data / "images", copy_function=os.link)
    environment = {"FATHOM_DATA": str(data)}
    if world.store.engine.dialect.name == "sqlite":
        shutil.copy(world.settings.data / "fathom.sqlite", data)
    else:
        environment["FATHOM_DATABASE_URL"] = new_database(
            world.settings.database_url, make_url(world.settings.database_url).database
        )
    if world.settings.redis_url is not None:
        environment["FATHOM_REDIS_URL"] = world.settings.redis_url
    settings = read_settings(environment)
    return replace(world, settings=settings, store=open_store(settings.database_url))


def new_database(url: str, template: str | None = None) -> str:
    """The URL of another database of the same PostgreSQL, empty or a copy."""
    name = f"world_{secrets.token_hex(6)}"
    _administer(url, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def shut(store: Store) -> None:
    """As the end of a process does. News that an app still has to tell finds no database; who reads may finish."""
    if store.engine.dialect.name == "postgresql":
        event.listen(store.engine, "do_connect", _refuse)
    deadline = time.monotonic() + LONGEST_READING_S
    while store.n_connections:
        assert time.monotonic() < deadline, "A connection was never given back."
        time.sleep(0.01)
    store.engine.dispose()


def leave_world(world: World) -> None:
    """A copy on PostgreSQL is thrown away at once: hundreds of them would fill the disk."""
    world.store.engine.dispose()
    if world.store.engine.dialect.name == "postgresql":
        url = make_url(world.settings.database_url)
        _administer(world.settings.database_url, f"DROP DATABASE {url.database} WITH (FORCE)")


def _refuse(*_: object) -> None:
    raise OperationalError("The database is shut.")


def _administer(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _add_plankton(session: Session, world: World, now: datetime) -> None:
    project = world.projects["plankton"]
    project_id = _add_project(session, project, now)
    assert project.package
    experts = {gold.file: gold for gold in project.gold}
    for file in project.subjects:
        image = keep_image(world.settings.images, project.package.path(file).read_bytes())
        label, use = project.label_index(experts[file].label), experts[file].use
        assert label is not None
        place = _Place(project, project_id, _image_id(session, image), file)
        _add_subject(session, place, Truth(label, use), now)
        world.truth[image.sha256, None, None] = Truth(label, use)


def _add_reef(session: Session, world: World, folder: Path, now: datetime) -> None:
    project = world.projects["moorea"]
    project_id = _add_project(session, project, now)
    for name, points in _points(folder, project):
        image = keep_image(world.settings.images, (folder / name).read_bytes())
        image_id = _image_id(session, image)
        for place_in_image, (row, column, label) in enumerate(points):
            use = _use(place_in_image)
            place = _Place(project, project_id, image_id, name, row, column)
            _add_subject(session, place, Truth(label, use), now)
            world.truth[image.sha256, row, column] = Truth(label, use)


def _use(place: int) -> GoldUse:
    if place % 15 == 0:
        return GoldUse.TEACHING
    return GoldUse.HIDDEN if place % 3 == 0 else GoldUse.REFERENCE


def _points(folder: Path, project: Project) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    by_name: dict[str, list[tuple[int, int, int]]] = {}
    with (folder / "annotations.csv").open(newline="") as opened:
        for line in csv.DictReader(opened):
            label = project.label_index(line["Label"])
            if label is not None:
                by_name.setdefault(line["Name"], []).append((int(line["Row"]), int(line["Column"]), label))
    for name in sorted(by_name)[:QUADRATS]:
        yield name, by_name[name][:POINTS_A_QUADRAT]


@dataclass(frozen=True)
class _Place:
    project: Project
    project_id: int
    image_id: int
    name: str
    row: int | None = None
    column: int | None = None


def _add_project(session: Session, project: Project, now: datetime) -> int:
    return subjects.add_project(session, project.slug, [label.code for label in project.labels], now).id


def _image_id(session: Session, image: CheckedImage) -> int:
    row = Image(
        sha256=image.sha256, media_type=image.media_type, width_px=image.width_px, height_px=image.height_px,
        n_bytes=image.n_bytes,
    )  # fmt: skip
    return subjects.add_image(session, row).id


def _add_subject(session: Session, place: _Place, truth: Truth, now: datetime) -> None:
    subject_id = subjects.add_subject(
        session,
        Subject(
            code=secrets.token_hex(6), project_id=place.project_id, image_id=place.image_id, name=place.name,
            row=place.row, column=place.column, created_at=now,
        ),
    )  # fmt: skip
    shuffle = subject_id * 37 % 101 / 101
    subjects.add_expert_label(
        session,
        ExpertLabel(
            subject_id=subject_id, project_id=place.project_id, label=truth.label, use=truth.use, shuffle=shuffle
        ),
    )
    if truth.use is GoldUse.REFERENCE:
        openings = [
            Opening(
                subject_id=subject_id, choice_set=choice_set, project_id=place.project_id, priority=1 + shuffle,
                shuffle=shuffle,
            )
            for choice_set in place.project.choice_sets
        ]  # fmt: skip
        subjects.add_openings(session, openings)
