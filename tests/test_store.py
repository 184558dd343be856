"""The store keeps what it says, on both databases."""

from datetime import datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from game.store import Store, decisions, people, reading, transaction
from game.store.migrations import alembic_config, migrate
from game.store.tables import Table
from game.store.tables.publications import DecisionKind


# One index is over an expression, which SQLite cannot report back; PostgreSQL compares it too.
@pytest.mark.filterwarnings("ignore:autogenerate skipping", "ignore:Skipped unsupported reflection")
def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    migrate(store)


def test_what_the_gate_decided_before_decisions_were_kept_is_among_them(store: Store, now: datetime) -> None:
    config = alembic_config(store)
    command.downgrade(config, "0002")
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("INSERT INTO projects VALUES (1, 'reef', '[]', 0)")
        connection.exec_driver_sql("INSERT INTO releases VALUES (1, 1, 1, 'f', 'a', 's', false, '{}', '0', 0)")
        for version, state in ((1, "replaced"), (2, "rejected"), (3, "published")):
            old = f"INSERT INTO models VALUES ({version}, 1, {version}, 1, '{state}', 'Why {version}', 'f', '{{}}', 0)"
            connection.exec_driver_sql(old)
    command.upgrade(config, "head")
    with reading(store) as session:
        kept = decisions.decisions_of_project(session, 1, limit=9)
        told = [(decision.kind, version, decision.by, decision.why) for decision, version in kept]
    assert told == [
        (DecisionKind.PUBLISHED, 3, "the gate", "Why 3"),
        (DecisionKind.REJECTED, 2, "the gate", "Why 2"),
        (DecisionKind.PUBLISHED, 1, "the gate", "Why 1"),
    ]


def test_a_transaction_that_fails_keeps_nothing(store: Store, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), transaction(store) as session:
        people.add_volunteer(session, "Curious Octopus", now)
        1 / 0  # noqa: B018
    with reading(store) as session:
        assert not people.pseudonym_taken(session, "Curious Octopus")


def test_instants_come_back_as_they_went_in(store: Store, now: datetime) -> None:
    with transaction(store) as session:
        added = people.add_volunteer(session, "Curious Octopus", now).id
    with reading(store) as session:
        found = people.volunteer(session, added)
        assert found is not None
        assert found.created_at == now
