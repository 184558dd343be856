"""Adding or replacing rows in one statement, which never collides with another process that does the same."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from game.store.columns import Table as Mapped
from game.store.engine import core


def keep_all(session: Session, table: type[Mapped], rows: Sequence[dict[str, Any]]) -> None:
    """`rows` name the same columns, the primary key among them."""
    if not rows:
        return
    connection = core(session)
    connection.execute(_keeping(table, connection.dialect.name, tuple(rows[0])), list(rows))


@cache
def _keeping(table: type[Mapped], dialect_name: str, names: tuple[str, ...]) -> Insert:
    kept: Table = table.__table__  # type: ignore[assignment]
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    added = dialect.insert(kept)
    new = {name: added.excluded[name] for name in names if name not in kept.primary_key.columns}
    keeping: Insert = added.on_conflict_do_update(index_elements=kept.primary_key, set_=new)
    return keeping
