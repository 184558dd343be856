"""The store keeps what it says, on both databases."""

from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from game.store import Store, people, reading, transaction
from game.store.migrations import migrate
from game.store.tables import Table


# One index is over an expression, which SQLite cannot report back; PostgreSQL compares it too.
@pytest.mark.filterwarnings("ignore:autogenerate skipping", "ignore:Skipped unsupported reflection")
def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    migrate(store)


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
