"""Adding or replacing rows in one statement, which never collides with another process that does the same."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from game.store.columns import Table as Mapped


def keep_all(session: Session, table: type[Mapped], rows: Sequence[dict[str, Any]]) -> None:
    """`rows` name the same columns, the primary key among them."""
    if not rows:
        return
    kept: Table = table.__table__  # type: ignore[assignment]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = dialect.insert(kept)
    new = {name: added.excluded[name] for name in rows[0] if name not in kept.primary_key.columns}
    session.connection().execute(added.on_conflict_do_update(index_elements=kept.primary_key, set_=new), list(rows))
