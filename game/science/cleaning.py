"""Clean-up: what nobody will ask for again. Answers, releases and models are never among it."""

import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from game.config import Settings
from game.store import Store, jobs, transaction

UPLOADS_KEPT = timedelta(hours=1)
UNFINISHED_FOLDERS_KEPT = timedelta(days=1)
UNANSWERED_ROUNDS_KEPT = timedelta(days=7)
TRIALS_KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=90)
ROWS_AT_ONCE = 500


def clean_up(settings: Settings, store: Store, now: datetime) -> dict[str, int]:
    """How many of each kind went. Idempotent."""
    return {
        "uploads": _remove_old(_files(settings.uploads), UPLOADS_KEPT),
        "unfinished": _remove_old(_unfinished(settings.releases, settings.models), UNFINISHED_FOLDERS_KEPT),
        "unanswered_rounds": _forget_unanswered_rounds(store, now - UNANSWERED_ROUNDS_KEPT),
        "jobs": _forget_jobs(store, now),
    }


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _unfinished(*folders: Path) -> list[Path]:
    """Releases and models are written under a name with a dot, which they lose once they are whole."""
    return [path for folder in folders for path in folder.glob("*/.*")]


def _remove_old(paths: list[Path], kept: timedelta) -> int:
    """The file system's own clock wrote the times that are compared here."""
    old = [path for path in paths if time.time() - path.lstat().st_mtime > kept.total_seconds()]
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _forget_unanswered_rounds(store: Store, before: datetime) -> int:
    """Rounds that were left before their first answer, a few at a time, so that players are not kept waiting."""
    n = 0
    while True:
        with transaction(store) as session:
            forgotten = jobs.forget_unanswered_rounds(session, before, ROWS_AT_ONCE)
        n += forgotten
        if forgotten < ROWS_AT_ONCE:
            return n


def _forget_jobs(store: Store, now: datetime) -> int:
    with transaction(store) as session:
        return jobs.forget_jobs(session, now - TRIALS_KEPT, now - JOBS_KEPT)
