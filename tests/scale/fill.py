"""Filling an empty database with a project's past: by COPY into PostgreSQL, by rows into SQLite; indexes come last."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, select, text

from game.levels import Project
from game.store import Store, subjects, transaction
from game.store.migrations import migrate
from game.store.tables import Aggregate, Table
from tests.scale.believed import ASSURED, REDUNDANCY, RELIABILITY, Columns
from tests.scale.past import Past, Scale
from tests.scoring.crowds import one_coin

ROWS_AT_ONCE = 200_000

_WITHOUT = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', relname, conname),
    format('ALTER TABLE %I ADD CONSTRAINT %I %s%s', relname, conname, pg_get_constraintdef(c.oid),
        CASE WHEN contype = 'f' THEN ' NOT VALID' ELSE '' END)
FROM pg_constraint AS c JOIN pg_class ON pg_class.oid = conrelid
WHERE c.connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'p') AND relname <> 'alembic_version'
ORDER BY position(contype::text IN 'fup')
"""
_INDEXES = """
SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


def fill(store: Store, project: Project, scale: Scale, now: datetime, said: Callable[[str], object] = str) -> None:
    """The database is to be new. `said` hears how far it is."""
    migrate(store)
    past = Past(project, scale, now)
    with transaction(store) as session:
        subjects.add_project(session, project.slug, [label.code for label in project.labels], now)
    postgresql = store.engine.dialect.name == "postgresql"
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with (_without_indexes_postgresql if postgresql else _without_indexes_sqlite)(connection, said):
            for table, columns in past.rows():
                (_copy if postgresql else _insert)(connection, table, columns)
                if table == "classifications":
                    said(f"{10 * past.n_rounds:,} answers")
        if postgresql:
            _count_on(connection)
        said("statistics")
        connection.exec_driver_sql("VACUUM ANALYZE" if postgresql else "ANALYZE")
        connection.commit()
    _aggregated(store, past)


def _aggregated(store: Store, past: Past) -> None:
    n_labels = len(past.project.labels)
    with transaction(store) as session:
        session.add(
            Aggregate(
                project_id=1, pooled=one_coin(float(np.mean(RELIABILITY)), n_labels).tolist(),
                prior=[1 / n_labels] * n_labels, redundancy=REDUNDANCY, assured=ASSURED,
                n_classifications=10 * past.n_rounds, n_changed=0, computed_at=past.now,
            )
        )  # fmt: skip


def _copy(connection: Connection, table: str, columns: Columns) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as to:  # type: ignore[attr-defined]
        for some in pa.table(columns).to_batches(ROWS_AT_ONCE):
            buffer = io.BytesIO()
            csv.write_csv(some, buffer, csv.WriteOptions(include_header=False))
            to.write(buffer.getbuffer())


def _insert(connection: Connection, table: str, columns: Columns) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    for some in pa.table(columns).to_batches(ROWS_AT_ONCE):
        rows = zip(*(column.to_pylist() for column in some.columns), strict=True)
        with connection.begin():
            connection.connection.executemany(statement, rows)  # type: ignore[attr-defined]


@contextmanager
def _without_indexes_postgresql(connection: Connection, said: Callable[[str], object]) -> Iterator[None]:
    constraints = connection.execute(text(_WITHOUT)).all()
    for drop, _ in constraints:
        connection.exec_driver_sql(drop)
    indexes = connection.execute(text(_INDEXES)).all()
    for drop, _ in indexes:
        connection.exec_driver_sql(drop)
    yield
    for _, made in [*reversed(constraints), *indexes]:
        said(made[:70])
        connection.exec_driver_sql(made)


@contextmanager
def _without_indexes_sqlite(connection: Connection, said: Callable[[str], object]) -> Iterator[None]:
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = connection.exec_driver_sql(found).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    connection.commit()
    # What is written fits by its making.
    connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
    yield
    for name, made in indexes:
        said(name)
        connection.exec_driver_sql(made)


def _count_on(connection: Connection) -> None:
    """Rows that were added by number leave PostgreSQL's own counting behind."""
    for table in Table.metadata.sorted_tables:
        if "id" in table.c:
            newest = connection.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1)).scalar()
            if newest is not None:
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {newest})")
