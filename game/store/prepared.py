"""Statements of the hot path: made once, and then handed to the driver as they are; and rows by the million.

What SQLAlchemy does around each execution costs five times what the database does for such a statement, and what it
makes of each row as much as the database's own part.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from game.store.engine import core

Process = Callable[[Any], Any]
Row = tuple[Any, ...]
# What a database hands over at once.
ROWS_AT_ONCE = 10_000


class Prepared:
    """A Core statement with named parameters, or one for each dialect's name. Insertions name the columns they fill.

    Raises what SQLAlchemy raises.
    """

    def __init__(self, statement: Executable | Mapping[str, Executable], columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = list(columns) or None
        self._spoken: dict[str, _Spoken] = {}

    def all(self, session: Session, named: Mapping[str, Any]) -> list[Row]:
        return self._send(session, [named], many=False)

    def first(self, session: Session, named: Mapping[str, Any]) -> Row | None:
        return next(iter(self.all(session, named)), None)

    def scalars(self, session: Session, named: Mapping[str, Any]) -> list[Any]:
        return [row[0] for row in self.all(session, named)]

    def scalar(self, session: Session, named: Mapping[str, Any]) -> Any:
        """None if there is no row."""
        return next(iter(self.scalars(session, named)), None)

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each row; for none not at all."""
        if rows:
            self._send(session, rows, many=True)

    def _send(self, session: Session, rows: Sequence[Mapping[str, Any]], *, many: bool) -> list[Row]:
        connection = core(session)
        spoken = self._spoken.get(connection.dialect.name) or self._speak(connection.dialect)
        given = [spoken.bound(row) for row in rows]
        # Whoever listens to SQLAlchemy's statements hears these as well.
        heard, about = connection.engine.dispatch, (spoken.text, given if many else given[0], None, many)
        cursor: Any = None
        try:
            cursor = connection.connection.cursor()
            for hear in heard.before_cursor_execute:
                hear(connection, cursor, *about)
            if many:
                cursor.executemany(spoken.text, given)
            else:
                cursor.execute(spoken.text, given[0])
            for hear in heard.after_cursor_execute:
                hear(connection, cursor, *about)
            return spoken.read(cursor.fetchall()) if cursor.description else []
        except _errors(connection.dialect) as error:
            raise _as_usual(connection, cursor, spoken.text, error) from error
        finally:
            if cursor is not None:
                cursor.close()

    def _speak(self, dialect: Dialect) -> "_Spoken":
        statement = self._statement[dialect.name] if isinstance(self._statement, Mapping) else self._statement
        assert isinstance(statement, ClauseElement)
        spoken = self._spoken[dialect.name] = _spoken(statement, dialect, self._columns)
        return spoken


def streamed(session: Session, statement: ClauseElement) -> Iterator[list[Row]]:
    """Its rows, ROWS_AT_ONCE at a time and no more in memory. Raises what SQLAlchemy raises."""
    connection = core(session)
    spoken, driver = _spoken(statement, connection.dialect, None), connection.connection
    # PostgreSQL keeps what has not been fetched only for a cursor with a name.
    named = {"name": f"rows_{id(spoken)}"} if connection.dialect.name == "postgresql" else {}
    cursor: Any = None
    try:
        cursor = driver.cursor(**named)
        cursor.execute(spoken.text, spoken.bound({}))
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield spoken.read(rows)
    except _errors(connection.dialect) as error:
        raise _as_usual(connection, cursor, spoken.text, error) from error
    finally:
        if cursor is not None:
            cursor.close()


@dataclass(frozen=True)
class _Spoken:
    """A statement as one driver takes it. `constants` are its own parameters; `given` and `found` say what becomes of
    a parameter and of a column before it is sent and after it was read, where that is not nothing."""

    text: str
    constants: dict[str, Any]
    given: dict[str, Process]
    found: dict[int, Process]

    def bound(self, named: Mapping[str, Any]) -> dict[str, Any]:
        bound = {**self.constants, **named}
        for name, process in self.given.items():
            bound[name] = process(bound[name])
        return bound

    def read(self, rows: list[Row]) -> list[Row]:
        for place, process in self.found.items():
            rows = [(*row[:place], process(row[place]), *row[place + 1 :]) for row in rows]
        return rows


def _spoken(statement: ClauseElement, dialect: Dialect, columns: list[str] | None) -> _Spoken:
    # SQLite's driver takes names, too; SQLAlchemy counts places there.
    driver: Any = type(dialect)
    compiled: Any = statement.compile(
        dialect=driver(paramstyle="named") if dialect.name == "sqlite" else dialect, column_keys=columns
    )
    assert not compiled.insert_prefetch, "Defaults of columns are for SQLAlchemy's own executions."
    given = {name: _process(one.type, dialect, "bind_processor") for one, name in compiled.bind_names.items()}
    kept = {name: process for name, process in given.items() if process is not None}
    constants = {name: compiled.params[name] for one, name in compiled.bind_names.items() if not one.required}
    selected = enumerate(getattr(statement, "exported_columns", ()))
    # What the drivers give is right as it is, but for SQLite's booleans and types of our own.
    ours = {place: one.type for place, one in selected if isinstance(one.type, Boolean | TypeDecorator)}
    found = {place: _process(kind, dialect, "result_processor", None) for place, kind in ours.items()}
    return _Spoken(str(compiled), constants, kept, {place: one for place, one in found.items() if one is not None})


def _process(kind: TypeEngine[Any], dialect: Dialect, name: str, *more: object) -> Any:
    return getattr(kind.dialect_impl(dialect), name)(dialect, *more)


def _errors(dialect: Any) -> Any:
    """What the driver raises."""
    return dialect.loaded_dbapi.Error


def _as_usual(connection: Connection, cursor: Any, text: str, error: Any) -> DBAPIError:
    """The error as SQLAlchemy would have raised it; a connection that was lost is not used again."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    wrapped = DBAPIError.instance(text, None, error, _errors(dialect), connection_invalidated=lost, dialect=dialect)
    if lost:
        connection.invalidate(error)
    assert isinstance(wrapped, DBAPIError)
    return wrapped
