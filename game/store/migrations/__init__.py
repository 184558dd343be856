"""Bringing a database to the newest schema, while it is in use; every change of a table is a script under versions/."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from game.store.engine import Store

# Whoever waits for a table lets nobody else pass: better to give up soon, and to try again.
LOCK_TIMEOUT_MS = 2_000
PAUSE_S = 1.0
TRIES = 60

# PostgreSQL's own code, and any number that nothing else in the house locks.
_LOCK_NOT_AVAILABLE = "55P03"
_MIGRATIONS_LOCK = 704_226


def migrate(store: Store) -> None:
    """Idempotent: a database at the newest version is left alone. Processes that start together wait for the first.

    Raises OperationalError if on PostgreSQL others hold a table for more than some minutes.
    """
    upgrade(store, alembic_config(store))


def upgrade(store: Store, config: Config) -> None:
    if store.engine.dialect.name != "postgresql":
        command.upgrade(config, "head")
        return
    with _alone(store) as engine:
        config.attributes["engine"] = engine
        for _ in range(TRIES):
            if _upgraded(config):
                return
            time.sleep(PAUSE_S)
        command.upgrade(config, "head")


def _upgraded(config: Config) -> bool:
    """False if somebody held a table for so long that the migration gave up."""
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return False
        raise
    return True


def alembic_config(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", "game:store/migrations")
    config.attributes["engine"] = store.engine
    return config


@contextmanager
def _alone(store: Store) -> Iterator[Engine]:
    """Connections that wait for no lock for long; no other process migrates until the end of the block."""
    options = {"options": f"-c lock_timeout={LOCK_TIMEOUT_MS}"}
    engine = create_engine(store.engine.url, poolclass=NullPool, connect_args=options)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        guard.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _MIGRATIONS_LOCK})
        try:
            yield engine
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": _MIGRATIONS_LOCK})
