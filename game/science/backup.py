"""A backup: one folder with all that cannot be made again, with checksums; and a place made of it again."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from game.artifacts.folders import new_folder, unfinished_folder, verify, write_manifest
from game.config import Settings
from game.errors import ArtifactError, Conflict
from game.store import Store, dump, engine, reading
from game.store.migrations import migrate
from game.store.ranks import with_ranks
from game.version import CODE_VERSION

KIND = "backup"
DATABASE = "database"
SECRET = "secret_key"
FOLDERS = ("images", "releases", "models")


def make_backup(settings: Settings, store: Store, out: Path, now: datetime) -> dict[str, int]:
    """How many files of each kind are in it; what was acknowledged before it began is in it.

    Rows come first: a row's files are there before the row is, so that whatever the rows name is copied after them.
    Raises Conflict if the folder exists, FathomError if the database cannot be read.
    """
    with new_folder(out) as filling:
        dump.dump(store, filling / DATABASE)
        counts = {name: _copy_all(settings.data / name, filling / name) for name in FOLDERS}
        (filling / SECRET).touch(0o600)
        (filling / SECRET).write_text(settings.secret_key)
        with reading(store) as session:
            schema = engine.schema_version(session)
        about = {"kind": KIND, "database": dump.database_kind(store), "schema": schema, "code_version": CODE_VERSION}
        write_manifest(filling, about | {"made_at": now.isoformat()}, {})
    # It holds hashes of passwords and what signs cookies.
    out.chmod(0o700)
    return counts


def restore(settings: Settings, store: Store, backup: Path, *, replace: bool) -> dict[str, int]:
    """How many files of each kind are back; the database is brought to the newest version.

    Nothing is touched unless the whole backup is undamaged and there is room for all of it. A restore that breaks off
    later, where folders get their names, can be repeated. Raises ArtifactError for a folder that is no backup of such a
    database, or damaged; Conflict if something is here already, unless it is to be replaced; FathomError if the
    database does not take it, and then is as before.
    """
    _check(store, backup)
    if not replace and not _is_empty(settings, store):
        raise Conflict(f"There is a game in {settings.data} or its database already; --replace puts the backup there.")
    with ExitStack() as stack:
        filled = {name: stack.enter_context(unfinished_folder(settings.data / name)) for name in FOLDERS}
        counts = {name: _copy_all(backup / name, filling) for name, filling in filled.items()}
        dump.load(store, backup / DATABASE)
        for name, filling in filled.items():
            _put_in_place_of(settings.data / name, filling)
    (settings.data / SECRET).touch(0o600)
    (settings.data / SECRET).write_text((backup / SECRET).read_text())
    migrate(store)
    ranks = with_ranks(store, settings.redis_url).ranks
    if ranks is not None:
        ranks.forget()
    return counts


def _check(store: Store, backup: Path) -> None:
    manifest = verify(backup)
    if manifest.get("kind") != KIND:
        raise ArtifactError("This folder is no backup.")
    if manifest.get("database") != dump.database_kind(store):
        raise ArtifactError(
            f"This is a backup of a {manifest.get('database')} database, and FATHOM_DATABASE_URL names a "
            f"{dump.database_kind(store)} one."
        )
    if str(manifest.get("schema")) > engine.NEWEST_SCHEMA:
        raise ArtifactError("This backup was made by a newer Fathom; restore it with that version.")
    dump.check(store, backup / DATABASE)


def _is_empty(settings: Settings, store: Store) -> bool:
    return dump.is_empty(store) and not any(path for name in FOLDERS for path in _files(settings.data / name))


def _put_in_place_of(folder: Path, filled: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    filled.chmod(0o755)
    filled.rename(folder)


def _copy_all(source: Path, target: Path) -> int:
    target.mkdir(exist_ok=True)
    n_files = 0
    for path in _files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            # Clean-up was here since, and nobody will ask for the file again.
            copy.unlink(missing_ok=True)
        else:
            n_files += 1
    return n_files


def _files(folder: Path) -> Iterator[Path]:
    """Without what is being written at the moment, whose name begins with a dot."""
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where) / name for name in files if not name.startswith("."))
