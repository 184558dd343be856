"""The connection to SQLite or PostgreSQL, and the only two ways to a session."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from game.store.outages import or_unavailable

if TYPE_CHECKING:
    from game.store.ranks import Ranks

BUSY_TIMEOUT_S = 30
# A server whose machine has vanished does not even refuse: how long it is waited for, and for a word on an open line.
_PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
_CORE = "core"

# Runs what makes SQLite wait, for the disk or for another process, so that whoever calls can let others go on.
Wait = Callable[[Callable[[], object]], None]


def wait_here(work: Callable[[], object]) -> None:
    work()


# Under which name a session knows who counts ranks.
RANKS = "ranks"

# The version that the newest migration brings; the web reads it here because Alembic is large.
NEWEST_SCHEMA = max(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))

# What a database is met with that is none of ours.
Foreign = DatabaseError


@dataclass(frozen=True)
class Store:
    engine: Engine
    # SQLite has one writer. Queueing here, in the process, lets other greenlets go on while one of them writes;
    # queueing inside SQLite would block them all.
    writer: AbstractContextManager[bool] | None = field(default=None, compare=False)
    ranks: "Ranks | None" = field(default=None, compare=False)

    @property
    def n_connections(self) -> int:
        """In use at this moment."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0


def open_store(url: str, wait: Wait = wait_here) -> Store:
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, wait))
        event.listen(engine, "commit", partial(_commit_sqlite, wait))
        return Store(engine, threading.Lock())
    return Store(create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args=_PATIENCE))


@contextmanager
def transaction(store: Store) -> Iterator[Session]:
    """All or nothing; the only commit in the house. What follows a commit (events, caches) comes after the block.

    Raises Unavailable while the database is away or full; where it went away in a commit, nobody knows whether that
    was kept.
    """
    if store.writer is None:
        with or_unavailable(), Session(store.engine) as session, session.begin():
            yield session
        return
    with store.writer, or_unavailable(), Session(store.engine) as session, session.begin():
        session.info[_CORE] = session.connection(execution_options={"writes": True})
        yield session


@contextmanager
def reading(store: Store) -> Iterator[Session]:
    """A session whose changes are thrown away. Raises Unavailable while the database is away."""
    with or_unavailable(), Session(store.engine, info={RANKS: store.ranks}) as session:
        yield session


@contextmanager
def snapshot(store: Store) -> Iterator[Session]:
    """The same, in which everything is as it was at one moment, however long the reading takes. SQLite's always is."""
    with or_unavailable(), Session(store.engine) as session:
        if store.writer is None:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def schema_version(session: Session) -> str:
    """Of the newest migration that the database has seen."""
    return str(session.scalar(text("SELECT version_num FROM alembic_version")) or "")


def core(session: Session) -> Connection:
    """The session's connection, for statements without ORM. It is looked up once: a session has one transaction."""
    found: Connection | None = session.info.get(_CORE)
    if found is None:
        found = session.info[_CORE] = session.connection()
    return found


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and upgrade a read to a write, which fails under load.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(wait: Wait, connection: Any) -> None:
    if connection.get_execution_options().get("writes"):
        wait(partial(connection.connection.dbapi_connection.execute, "BEGIN IMMEDIATE"))
    else:
        connection.exec_driver_sql("BEGIN")


def _commit_sqlite(wait: Wait, connection: Any) -> None:
    """The disk takes milliseconds to say that it has everything. SQLAlchemy's own commit then finds nothing to do."""
    wait(connection.connection.dbapi_connection.commit)
