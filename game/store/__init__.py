"""What is kept: tables, named queries and the only transaction. Nothing else in the house imports SQLAlchemy."""

from sqlalchemy.orm import Session

from game.store.engine import Store, open_store, reading, snapshot, transaction

__all__ = ["Session", "Store", "open_store", "reading", "snapshot", "transaction"]
