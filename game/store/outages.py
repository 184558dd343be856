"""How a database says that it cannot be reached or written now, so that the same may be tried again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from game.errors import Unavailable

# PostgreSQL's classes of error codes (its manual, appendix A): a lost connection; too little disk, memory or
# connections; ended by an operator or a crash; errors of the system below, such as the disk's.
_CLASSES = ("08", "53", "57", "58")
# SQLite's primary result codes (sqlite.org/rescode.html) of the same.
_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


@contextmanager
def or_unavailable() -> Iterator[None]:
    """Raises Unavailable in the place of what a database says that is away or full; every other error passes."""
    try:
        yield
    except (DBAPIError, NoneFree, sqlite3.Error) as broken:
        if not _is_outage(broken):
            raise
        raise Unavailable("Nothing can be kept at this moment. Please try again in a while.") from broken


def _is_outage(broken: Exception) -> bool:
    if isinstance(broken, NoneFree) or (isinstance(broken, DBAPIError) and broken.connection_invalidated):
        return True
    told = broken.orig if isinstance(broken, DBAPIError) else broken
    if isinstance(told, sqlite3.Error):
        return getattr(told, "sqlite_errorcode", 0) & 0xFF in _CODES
    # A server that is not there has no code.
    state: str | None = getattr(told, "sqlstate", "")
    return isinstance(broken, OperationalError) and (state is None or state[:2] in _CLASSES)
