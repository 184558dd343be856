"""The whole database as one file, taken at one instant while people play; and a database made of such a file again."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import MetaData, inspect, select

from game.errors import FathomError
from game.store.engine import Store, reading, transaction
from game.store.tables import Project, Volunteer


def database_kind(store: Store) -> str:
    """ "sqlite" or "postgresql": a file made from the one is of no use to the other."""
    return store.engine.dialect.name


def dump(store: Store, file: Path) -> None:
    """Only its owner can read the file. Raises FathomError if PostgreSQL's own program is missing or fails."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if database_kind(store) == "sqlite":
        with closing(sqlite3.connect(file)) as copy, closing(store.engine.raw_connection()) as connection:
            # In one step: with several it would begin anew after each answer that is kept meanwhile.
            connection.driver_connection.backup(copy, pages=-1)  # type: ignore[union-attr]
    else:
        _run(store, "pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={file}"])


def load(store: Store, file: Path) -> None:
    """Puts what the file holds in the place of all that the database holds. Raises FathomError as dump does."""
    if database_kind(store) == "sqlite":
        with closing(sqlite3.connect(file)) as source, closing(store.engine.raw_connection()) as connection:
            source.backup(connection.driver_connection, pages=-1)  # type: ignore[arg-type]
        return
    with transaction(store) as session:
        everything = MetaData()
        everything.reflect(session.connection())
        everything.drop_all(session.connection())
    _run(store, "pg_restore", ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(file)])


def is_empty(store: Store) -> bool:
    """Nobody has played here and nothing was imported."""
    tables = inspect(store.engine).get_table_names()
    with reading(store) as session:
        kept = [session.scalar(select(row.id).limit(1)) for row in (Project, Volunteer) if row.__tablename__ in tables]
    return not any(kept)


def _run(store: Store, program: str, options: list[str]) -> None:
    if shutil.which(program) is None:
        raise FathomError(
            f"{program} is missing: install PostgreSQL's client, for example with: apt-get install postgresql-client"
        )
    url = store.engine.url.set(drivername="postgresql")
    with tempfile.TemporaryDirectory() as folder:
        # In a file of our own, because everybody on the machine can read a command.
        passwords = Path(folder) / "passwords"
        password = str(url.password or "").replace("\\", "\\\\").replace(":", "\\:")
        passwords.touch(0o600)
        passwords.write_text(f"*:*:*:*:{password}\n")
        given = url._replace(password=None).update_query_dict({"passfile": str(passwords)})
        command = [program, *options, f"--dbname={given.render_as_string()}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FathomError(f"{program} failed: {done.stderr.strip() or done.returncode}")
