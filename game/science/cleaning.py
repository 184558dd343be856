"""Clean-up: what nobody will ask for again. Answers, releases and public models are never among it."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from game.config import Settings
from game.store import Session, Store, leftovers, reading, transaction

UPLOADS_KEPT = timedelta(hours=1)
UNFINISHED_FOLDERS_KEPT = timedelta(days=1)
UNANSWERED_ROUNDS_KEPT = timedelta(days=7)
TRIALS_KEPT = timedelta(days=1)
ROWS_AT_ONCE = 500
# Of a rejected model these are heavy, or name subjects; its cards, figures and tables are small, and stay.
HEAVY = ("model.safetensors", "model.onnx", "predictions.csv", "holdout.csv")


@dataclass(frozen=True)
class OldRows:
    """Rows of one kind: `found` as ids, and how some of them are forgotten."""

    found: Sequence[int]
    forget: Callable[[Session, Sequence[int]], None]


@dataclass(frozen=True)
class Old:
    """What is of no more use, by its kind."""

    files: dict[str, list[Path]]
    rows: dict[str, OldRows]

    @property
    def counts(self) -> dict[str, int]:
        files = {kind: len(paths) for kind, paths in self.files.items()}
        return files | {kind: len(old.found) for kind, old in self.rows.items()}


def clean_up(settings: Settings, store: Store, now: datetime) -> dict[str, int]:
    """Removes what is old, and says how many of each kind. Idempotent."""
    old = find_old(settings, store, now)
    for paths in old.files.values():
        for path in paths:
            _remove(path)
    for rows in old.rows.values():
        # A few at a time, so that players are not kept waiting.
        for begin in range(0, len(rows.found), ROWS_AT_ONCE):
            with transaction(store) as session:
                rows.forget(session, rows.found[begin : begin + ROWS_AT_ONCE])
    return old.counts


def find_old(settings: Settings, store: Store, now: datetime) -> Old:
    """What clean-up would remove now; it changes nothing."""
    with reading(store) as session:
        rows = _old_rows(session, settings, now)
        rejected = [settings.models / folder / name for folder in _rejected(session, settings, now) for name in HEAVY]
    files = {
        "uploads": _older(_files(settings.uploads), UPLOADS_KEPT),
        "unfinished": _older(_unfinished(settings.releases, settings.models), UNFINISHED_FOLDERS_KEPT),
        "files_of_rejected_models": [path for path in rejected if path.is_file()],
    }
    return Old(files, rows)


def _old_rows(session: Session, settings: Settings, now: datetime) -> dict[str, OldRows]:
    begun_before = now - UNANSWERED_ROUNDS_KEPT
    born_before = _before(now, settings.kept.guests)
    strangers = [] if born_before is None else leftovers.strangers(session, born_before)
    return {
        "unanswered_rounds": OldRows(
            leftovers.unanswered_rounds(session, begun_before),
            lambda writing, ids: leftovers.forget_rounds(writing, ids, begun_before),
        ),
        "guests": OldRows(
            strangers, lambda writing, ids: leftovers.forget_strangers(writing, ids, born_before or begun_before)
        ),
        "jobs": OldRows(
            leftovers.ended_jobs(session, now - TRIALS_KEPT, _before(now, settings.kept.jobs)), leftovers.forget_jobs
        ),
    }


def _rejected(session: Session, settings: Settings, now: datetime) -> list[str]:
    before = _before(now, settings.kept.rejected)
    return [] if before is None else leftovers.rejected_folders(session, before)


def _before(now: datetime, days: int) -> datetime | None:
    return now - timedelta(days=days) if days else None


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _unfinished(*folders: Path) -> list[Path]:
    """Releases and models are written under a name with a dot, which they lose once they are whole."""
    return [path for folder in folders for path in folder.glob("*/.*")]


def _older(paths: list[Path], kept: timedelta) -> list[Path]:
    """The file system's own clock wrote the times that are compared here."""
    return [path for path in paths if time.time() - path.lstat().st_mtime > kept.total_seconds()]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
