"""Run by Alembic: applies the scripts of versions/ over the engine that migrate() passes in."""

from alembic import context

from game.store.tables import Table

with context.config.attributes["engine"].execution_options(writes=True).connect() as connection:
    context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
