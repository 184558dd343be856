"""Adding or replacing rows in one statement, which never collides with another process that does the same."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from game.store.columns import Table as Mapped
from game.store.prepared import Prepared


def keep_all(session: Session, table: type[Mapped], rows: Sequence[dict[str, Any]]) -> None:
    """`rows` name the same columns, the primary key among them."""
    if rows:
        _keeping(table, tuple(rows[0])).run(session, rows)


@cache
def _keeping(table: type[Mapped], names: tuple[str, ...]) -> Prepared:
    return Prepared({name: _written(table, name, names) for name in ("sqlite", "postgresql")}, names)


def _written(table: type[Mapped], dialect_name: str, names: tuple[str, ...]) -> Insert:
    kept: Table = table.__table__  # type: ignore[assignment]
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    added = dialect.insert(kept)
    new = {name: added.excluded[name] for name in names if name not in kept.primary_key.columns}
    keeping: Insert = added.on_conflict_do_update(index_elements=kept.primary_key, set_=new)
    return keeping
