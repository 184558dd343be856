"""The whole database as one file, taken at one instant while people play; and a database made of such a file again."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import inspect, select

from game.errors import ArtifactError, FathomError
from game.store.engine import Store, reading
from game.store.outages import or_unavailable
from game.store.tables import Project, Volunteer

_SCHEMA = "alembic_version"
_AS_IT_IS = ["--no-owner", "--no-privileges"]


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
        with _database(store) as named:
            _run("pg_dump", ["--format=custom", *_AS_IT_IS, f"--file={file}", named])


def check(store: Store, file: Path) -> None:
    """Raises ArtifactError unless the file is such a database of ours, FathomError as dump does. Changes nothing."""
    try:
        if database_kind(store) == "sqlite":
            with closing(_opened(file)) as opened:
                whole = opened.execute("PRAGMA quick_check").fetchall() == [("ok",)]
                ours = whole and opened.execute(f"SELECT 1 FROM {_SCHEMA}").fetchone() is not None
        else:
            ours = f"TABLE DATA public {_SCHEMA} " in _run("pg_restore", ["--list", str(file)])
    except (sqlite3.Error, _Failed) as fault:
        raise ArtifactError(f"{file} cannot be read as a database: {fault}") from None
    if not ours:
        raise ArtifactError(f"{file} is damaged, or no database of Fathom's.")


def load(store: Store, file: Path) -> None:
    """Puts what a checked file holds in the place of all that the database holds, or leaves that as it was.

    Raises FathomError as dump does, and if the database is full or away.
    """
    if database_kind(store) == "sqlite":
        with or_unavailable(), closing(_opened(file)) as source, closing(store.engine.raw_connection()) as ours:
            source.backup(ours.driver_connection, pages=-1)  # type: ignore[arg-type]
        return
    quoted = store.engine.dialect.identifier_preparer.quote
    tables = ", ".join(quoted(name) for name in inspect(store.engine).get_table_names())
    with _database(store) as named:
        _replay(file, f"BEGIN; {f'DROP TABLE {tables};' if tables else ''}\n", named)


def is_empty(store: Store) -> bool:
    """Nobody has played here and nothing was imported."""
    tables = inspect(store.engine).get_table_names()
    with reading(store) as session:
        kept = [session.scalar(select(row.id).limit(1)) for row in (Project, Volunteer) if row.__tablename__ in tables]
    return not any(kept)


def _opened(file: Path) -> sqlite3.Connection:
    """Immutable: nothing is written beside it."""
    return sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)


class _Failed(FathomError):
    """What a program of PostgreSQL's said when it gave up."""


def _replay(file: Path, before: str, named: str) -> None:
    """The file as SQL, in the transaction that `before` begins and that ends only once all of the file was read: what
    breaks off sooner, by whatever fault, has changed nothing."""
    command = [_found("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", named]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said) as taking,
    ):
        assert taking.stdin is not None
        # Whoever gave up listens no more, and has said why.
        with suppress(BrokenPipeError):
            taking.stdin.write(before.encode())
            read = subprocess.run(
                [_found("pg_restore"), *_AS_IT_IS, "--file=-", str(file)],
                stdout=taking.stdin, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
            if read.returncode == 0:
                taking.stdin.write(b"COMMIT;\n")
            taking.stdin.close()
        if taking.wait():
            said.seek(0)
            raise _Failed(f"psql failed: {said.read().decode(errors='replace').strip() or taking.returncode}")
    if read.returncode:
        raise _Failed(f"pg_restore failed: {read.stderr.strip() or read.returncode}")


def _run(program: str, options: list[str]) -> str:
    done = subprocess.run([_found(program), *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise _Failed(f"{program} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise FathomError(
            f"{program} is missing: install PostgreSQL's client, for example with: apt-get install postgresql-client"
        )
    return path


@contextmanager
def _database(store: Store) -> Iterator[str]:
    """The option that names it, without its password: everybody on the machine can read a command."""
    url = store.engine.url.set(drivername="postgresql")
    with tempfile.TemporaryDirectory() as folder:
        passwords = Path(folder) / "passwords"
        password = str(url.password or "").replace("\\", "\\\\").replace(":", "\\:")
        passwords.touch(0o600)
        passwords.write_text(f"*:*:*:*:{password}\n")
        given = url._replace(password=None).update_query_dict({"passfile": str(passwords)})
        yield f"--dbname={given.render_as_string()}"
