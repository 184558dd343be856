"""A database that is away or full is told from an answer that cannot be kept, on both databases."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from game.cli.machines import postgresql_rows, running_postgresql
from game.errors import Unavailable
from game.store import Session, Store, open_store, people, reading, transaction
from game.store.migrations import migrate
from tests.conftest import NOW
from tests.faults.parts import kill_with_children
from tests.servers import free_port

PATIENCE_S = 15


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and says nothing, like a machine that hangs."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield silent.getsockname()[1]


def add_people(session: Session, n: int) -> None:
    for place in range(n):
        people.add_volunteer(session, f"Curious Octopus {place}", NOW)


def test_postgresql_that_was_killed_is_away_and_then_back() -> None:
    with ExitStack() as stack:
        folder, port = stack.enter_context(postgresql_rows()), free_port()
        with running_postgresql(folder, port) as (server, url):
            store = open_store(url)
            stack.callback(store.engine.dispose)
            migrate(store)
            with pytest.raises(Unavailable), transaction(store) as session:
                add_people(session, 1)
                kill_with_children(server.process)
                add_people(session, 2)
        for way in (reading, transaction):
            with pytest.raises(Unavailable), way(store) as session:
                people.pseudonym_taken(session, "Curious Octopus 0")
        with running_postgresql(folder, port), transaction(store) as session:
            assert not people.pseudonym_taken(session, "Curious Octopus 0")
            add_people(session, 1)


def test_a_database_that_says_nothing_is_not_waited_for_for_long(silent_port: int) -> None:
    store = open_store(f"postgresql+psycopg://fathom@127.0.0.1:{silent_port}/postgres")
    begun = time.monotonic()
    with pytest.raises(Unavailable), transaction(store) as session:
        people.pseudonym_taken(session, "Curious Octopus")
    assert time.monotonic() - begun < PATIENCE_S


def test_sqlite_without_space_keeps_all_or_nothing_and_goes_on_when_there_is_some(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'fathom.sqlite'}")
    migrate(store)
    limit_pages(store, lambda n: n + 2)
    with pytest.raises(Unavailable), transaction(store) as session:
        add_people(session, 2_000)
    limit_pages(store, lambda _: 1_000_000)
    with transaction(store) as session:
        assert not people.pseudonym_taken(session, "Curious Octopus 0")
        add_people(session, 2_000)
    store.engine.dispose()


def limit_pages(store: Store, wanted: Callable[[int], int]) -> None:
    with store.engine.connect() as connection:
        n = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {wanted(n)}")


def test_sqlite_whose_file_cannot_be_opened_is_away(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'nowhere' / 'fathom.sqlite'}")
    with pytest.raises(Unavailable), transaction(store) as session:
        people.pseudonym_taken(session, "Curious Octopus")


def test_what_only_one_answer_did_wrong_is_no_outage(store: Store) -> None:
    with pytest.raises(IntegrityError), transaction(store) as session:
        add_people(session, 1)
        add_people(session, 1)


def test_a_table_that_is_missing_is_no_outage(tmp_path: Path) -> None:
    with pytest.raises(OperationalError), transaction(open_store(f"sqlite:///{tmp_path / 'empty.sqlite'}")) as session:
        people.pseudonym_taken(session, "Curious Octopus")
