"""Bringing a database to the newest schema, while it is in use; every change of a table is a script under versions/."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from game.store.engine import Store

# Whoever waits for a table lets nobody else pass: better to give up soon, and to try again. Where a player and a
# migration wait for each other, PostgreSQL ends one of the two after a second; the migration has given way by then.
LOCK_TIMEOUT_MS = 500
PAUSE_S = 1.0
TRIES = 60

# PostgreSQL's own codes, of a lock that was not to be had and of a deadlock; any number that nothing else locks.
_GAVE_WAY = frozenset({"55P03", "40P01"})
_MIGRATIONS_LOCK = 704_226


def migrate(store: Store) -> None:
    """Idempotent: a database at the newest version is left alone. Processes that start together wait for the first.

    Raises OperationalError if on PostgreSQL others hold a table for more than some minutes.
    """
    upgrade(store, alembic_config(store))


def upgrade(store: Store, config: Config) -> None:
    if store.engine.dialect.name != "postgresql":
        with _alone_in(Path(str(store.engine.url.database)).absolute().parent):
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
        if getattr(error.orig, "sqlstate", None) in _GAVE_WAY:
            return False
        raise
    return True


def alembic_config(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", "game:store/migrations")
    config.attributes["engine"] = store.engine
    return config


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """SQLite's own lock would not do: a migration may commit on its way. The folder's lock ends with the process."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def _alone(store: Store) -> Iterator[Engine]:
    """Connections that wait for no lock for long; no other process migrates until the end of the block."""
    options = {"options": f"-c lock_timeout={LOCK_TIMEOUT_MS}"}
    engine = create_engine(store.engine.url, poolclass=NullPool, connect_args=options)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        # Who waited inside the database would be waited for by whoever makes an index CONCURRENTLY.
        while not guard.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": _MIGRATIONS_LOCK}):
            time.sleep(PAUSE_S)
        try:
            yield engine
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": _MIGRATIONS_LOCK})
