"""What is backed up while people play comes back, whole, somewhere else."""

import json
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url, select

from game.artifacts.folders import MANIFEST, write_manifest
from game.config import Settings, read_settings
from game.errors import ArtifactError, Conflict, FathomError, Unavailable
from game.play import accounts, rounds
from game.play.classify import Answer, classify
from game.science.backup import make_backup, restore
from game.store import Store, dump, open_store, people, reading, transaction
from game.store.migrations import migrate
from game.store.tables import Classification, Table
from tests.conftest import NOW
from tests.world import World, make_world

Elsewhere = tuple[Settings, Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared_data: Path) -> Iterator[World]:
    environment = {"FATHOM_DATA": str(tmp_path / "here")}
    if request.param == "postgresql":
        environment["FATHOM_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    made = make_world(read_settings(environment), shared_data, NOW)
    for folder in (made.settings.releases, made.settings.models):
        (folder / "plankton" / "1").mkdir(parents=True)
        (folder / "plankton" / "1" / "file").write_text(folder.name)
    yield made
    made.store.engine.dispose()


@pytest.fixture
def elsewhere(world: World, tmp_path: Path) -> Iterator[Elsewhere]:
    """Another machine: an empty folder, an empty database of the same kind."""
    environment = {"FATHOM_DATA": str(tmp_path / "there")}
    if world.store.engine.dialect.name == "postgresql":
        run_sql(world.store, "DROP DATABASE IF EXISTS elsewhere", "CREATE DATABASE elsewhere")
        url = make_url(world.settings.database_url).set(database="elsewhere")
        environment["FATHOM_DATABASE_URL"] = url.render_as_string(hide_password=False)
    settings = read_settings(environment)
    store = open_store(settings.database_url)
    yield settings, store
    store.engine.dispose()


def run_sql(store: Store, *statements: str) -> None:
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def play(world: World, enough: Callable[[], bool], kept: list[str]) -> None:
    """Round after round; `kept` grows with each answer after its commit."""
    project, rng = world.projects["plankton"], Random(1)
    while not enough():
        with transaction(world.store) as session:
            player = accounts.create_guest(session, NOW, rng).id
            shown = rounds.start_round(session, project, player, None, NOW, rng)
        for subject in shown.subjects:
            answer = Answer(f"key-{subject.code}", subject.code, shown.choices[0].code, None, 500)
            with transaction(world.store) as session:
                classify(session, world.projects, shown.code, player, answer, NOW)
            kept.append(answer.key)


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with reading(store) as session:
        return {
            table.name: [tuple(map(str, row)) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Table.metadata.sorted_tables
        }


def files(settings: Settings) -> dict[str, bytes]:
    """Without what is made of them again when somebody asks, under names with a dot."""
    folders = (settings.images, settings.releases, settings.models)
    paths = [path for folder in folders for path in folder.glob("[!.]*/**/*") if path.is_file()]
    return {str(path.relative_to(settings.data)): path.read_bytes() for path in paths}


def test_a_backup_made_during_play_holds_every_answer_that_was_acknowledged_before(
    world: World, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    kept: list[str] = []
    stop = threading.Event()
    player = threading.Thread(target=play, args=(world, stop.is_set, kept))
    player.start()
    while len(kept) < 15:
        assert player.is_alive()
    before = set(kept)
    make_backup(world.settings, world.store, tmp_path / "backup", datetime.now(UTC))
    stop.set()
    player.join()
    assert len(kept) > len(before), "nobody had played meanwhile"
    restore(*elsewhere, tmp_path / "backup", replace=False)
    ours, theirs = rows(world.store), rows(elsewhere[1])
    assert theirs["classifications"] == ours["classifications"][: len(theirs["classifications"])]
    with reading(elsewhere[1]) as session:
        assert before <= set(session.scalars(select(Classification.key)))
    handed = {row[0] for row in theirs["round_subjects"]}
    assert {row[2] for row in theirs["classifications"]} <= handed


def test_what_comes_back_is_what_there_was_and_play_goes_on(world: World, elsewhere: Elsewhere, tmp_path: Path) -> None:
    play(world, lambda: len(rows(world.store)["rounds"]) >= 2, [])
    make_backup(world.settings, world.store, tmp_path / "backup", NOW)
    restore(*elsewhere, tmp_path / "backup", replace=False)
    assert rows(elsewhere[1]) == rows(world.store)
    assert files(elsewhere[0]) == files(world.settings)
    assert (elsewhere[0].data / "secret_key").read_text() == world.settings.secret_key
    more: list[str] = []
    play(replace(world, settings=elsewhere[0], store=elsewhere[1]), lambda: len(more) >= 10, more)
    assert rows(elsewhere[1])["classifications"][:-10] == rows(world.store)["classifications"]


def test_what_is_there_already_is_replaced_only_if_that_is_wanted(world: World, tmp_path: Path) -> None:
    make_backup(world.settings, world.store, tmp_path / "backup", NOW)
    before = rows(world.store)
    play(world, lambda: len(rows(world.store)["rounds"]) >= 1, [])
    (world.settings.models / "plankton" / "2").mkdir()
    after = rows(world.store)
    with pytest.raises(Conflict, match="--replace"):
        restore(world.settings, world.store, tmp_path / "backup", replace=False)
    assert rows(world.store) == after
    restore(world.settings, world.store, tmp_path / "backup", replace=True)
    assert rows(world.store) == before
    assert not (world.settings.models / "plankton" / "2").exists()


def test_nothing_is_touched_by_a_backup_that_is_damaged_or_none(
    world: World, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    out = tmp_path / "backup"
    make_backup(world.settings, world.store, out, NOW)
    assert (out.stat().st_mode & 0o077, (out / "database").stat().st_mode & 0o077) == (0, 0)
    with pytest.raises(Conflict, match="exists already"):
        make_backup(world.settings, world.store, out, NOW)
    manifest = json.loads((out / MANIFEST).read_text())
    for changed, words in (
        ({"kind": "release"}, "no backup"),
        ({"schema": "9999"}, "newer Fathom"),
        ({"database": "another"}, "a backup of a another database"),
    ):
        (out / MANIFEST).write_text(json.dumps(manifest | changed))
        with pytest.raises(ArtifactError, match=words):
            restore(*elsewhere, out, replace=False)
    (out / MANIFEST).write_text(json.dumps(manifest))
    (out / "models" / "plankton" / "1" / "file").write_text("other")
    with pytest.raises(ArtifactError, match="changed or damaged"):
        restore(*elsewhere, out, replace=False)
    assert files(elsewhere[0]) == {}


def cut_off(backup: Path, share: float) -> None:
    """The database's file ends too soon, and the manifest says that it must: so it was cut off when it was made."""
    (backup / "database").chmod(0o600)
    with (backup / "database").open("r+b") as opened:
        opened.truncate(int(share * (backup / "database").stat().st_size))
    about = json.loads((backup / MANIFEST).read_text())
    del about["format"], about["files"]
    write_manifest(backup, about, {})


@pytest.mark.parametrize("share", [0.0, 0.02, 0.6, 0.95])
def test_a_backup_that_was_cut_off_leaves_everything_as_it_was(world: World, tmp_path: Path, share: float) -> None:
    """On PostgreSQL the beginning of such a file can be read, and its first tables are those that it should have."""
    make_backup(world.settings, world.store, tmp_path / "backup", NOW)
    cut_off(tmp_path / "backup", share)
    play(world, lambda: len(rows(world.store)["rounds"]) >= 1, [])
    (world.settings.models / "plankton" / "2").mkdir()
    (world.settings.models / "plankton" / "2" / "file").write_text("newer")
    before = rows(world.store), files(world.settings)
    with pytest.raises(FathomError, match=r"cannot be read|damaged|pg_restore failed"):
        restore(world.settings, world.store, tmp_path / "backup", replace=True)
    assert (rows(world.store), files(world.settings)) == before
    more: list[str] = []
    play(world, lambda: len(more) >= 1, more)


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_what_postgresql_does_not_take_leaves_everything_as_it_was(world: World, tmp_path: Path) -> None:
    """It drops no table of which somebody has made a view."""
    make_backup(world.settings, world.store, tmp_path / "backup", NOW)
    play(world, lambda: len(rows(world.store)["rounds"]) >= 1, [])
    before = rows(world.store), files(world.settings)
    run_sql(world.store, "CREATE VIEW mine AS SELECT id FROM classifications")
    try:
        with pytest.raises(FathomError, match="psql failed"):
            restore(world.settings, world.store, tmp_path / "backup", replace=True)
        assert (rows(world.store), files(world.settings)) == before
    finally:
        run_sql(world.store, "DROP VIEW mine")


def test_a_full_disk_leaves_sqlite_as_it_was(tmp_path: Path) -> None:
    migrate(store := open_store(f"sqlite:///{tmp_path / 'fathom.sqlite'}"))
    dump.dump(store, tmp_path / "dump")
    with transaction(store) as session:
        people.add_volunteer(session, "Later", NOW)
    before = rows(store)
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, allowed[1]))
    try:
        with pytest.raises(Unavailable):
            dump.load(store, tmp_path / "dump")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert rows(store) == before
    dump.load(store, tmp_path / "dump")
    assert rows(store)["volunteers"] == []
    store.engine.dispose()


def test_a_file_that_is_a_database_of_somebody_else_is_refused(world: World, tmp_path: Path) -> None:
    make_backup(world.settings, world.store, tmp_path / "backup", NOW)
    (tmp_path / "backup" / "database").unlink()
    with closing(sqlite3.connect(tmp_path / "backup" / "database")) as other:
        other.execute("CREATE TABLE other (id INTEGER)")
    cut_off(tmp_path / "backup", 1.0)
    before = rows(world.store)
    with pytest.raises(ArtifactError, match="cannot be read as a database"):
        restore(world.settings, world.store, tmp_path / "backup", replace=True)
    assert rows(world.store) == before


def test_a_password_stays_out_of_the_command_and_a_failure_is_told(tmp_path: Path) -> None:
    """Nothing listens on this port; what pg_dump says of that names no password."""
    store = open_store("postgresql+psycopg://fathom:hush%3Ahush@127.0.0.1:9/nowhere")
    settings = read_settings({"FATHOM_DATA": str(tmp_path / "data")})
    with pytest.raises(FathomError, match="pg_dump failed") as refused:
        make_backup(settings, store, tmp_path / "backup", NOW)
    assert "hush" not in str(refused.value)
    assert not (tmp_path / "backup").exists()
