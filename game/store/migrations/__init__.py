"""Bringing a database to the newest schema; every change of a table is a script under versions/."""

from alembic import command
from alembic.config import Config

from game.store.engine import Store


def migrate(store: Store) -> None:
    """Idempotent: a database at the newest version is left alone."""
    command.upgrade(alembic_config(store), "head")


def alembic_config(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", "game:store/migrations")
    config.attributes["engine"] = store.engine
    return config
