"""What the commands share: settings, database and projects, progress on the screen, and a job done on the spot."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import click

from game.config import Settings, read_settings
from game.errors import Conflict, FathomError, NotFound
from game.levels import Project, read_projects
from game.science.jobs import JobView, begin_job
from game.science.report import Report
from game.science.work import Workplace, do_job
from game.store import Store, open_store, reading, subjects, transaction
from game.store.migrations import migrate
from game.store.tables.publications import JobKind, JobState

# Without a terminal, in a log, a line now and then shows that something is going on.
LINE_EVERY_S = 2.0
LOOK_EVERY_S = 0.5


def now() -> datetime:
    return datetime.now(UTC)


def open_place() -> Workplace:
    """Settings, a migrated database and every project under levels/. Raises LevelError, InvalidInput."""
    settings = read_settings()
    store = open_for_command(settings)
    migrate(store)
    return Workplace(settings, store, read_projects(settings.levels), now)


def open_for_command(settings: Settings) -> Store:
    """Its connections are given back when the command that runs ends."""
    store = open_store(settings.database_url)
    click.get_current_context().call_on_close(store.engine.dispose)
    return store


def known_project(place: Workplace, slug: str) -> Project:
    """Raises NotFound, naming the projects that there are."""
    if slug not in place.projects:
        raise NotFound(f"There is no project “{slug}”; there are: {', '.join(place.projects)}.")
    return place.projects[slug]


def project_id(place: Workplace, project: Project) -> int:
    """Raises NotFound before the first import."""
    with reading(place.store) as session:
        row = subjects.project_row(session, project.slug)
        if row is None:
            raise NotFound(f"The project “{project.slug}” has no subjects yet; `fathom subjects import` brings them.")
        return row.id


class Progress:
    """One line on a terminal, renewed; elsewhere a line every few seconds."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = 0.0
        self._open = False

    def __call__(self, done: int, total: int, text: str) -> None:
        self.show(done / total if total else 0.0, f"{done:,} of {total:,} {text}")

    def show(self, share: float, text: str) -> None:
        """`share` in [0, 1]."""
        pause = 0.1 if self._terminal else LINE_EVERY_S
        if time.monotonic() - self._shown_at < pause and share < 1:
            return
        self._shown_at = time.monotonic()
        line = f"{share:4.0%} {text}"
        click.echo(f"\r\033[K{line[:100]}" if self._terminal else line, nl=not self._terminal, err=True)
        self._open = self._terminal

    def end(self) -> None:
        if self._open:
            click.echo(err=True)
            self._open = False


@contextmanager
def shown_progress() -> Iterator[Progress]:
    progress = Progress()
    try:
        yield progress
    finally:
        progress.end()


def do_now(place: Workplace, kind: JobKind, project: Project, request: dict[str, Any]) -> JobView:
    """Does a job here instead of in the worker, which sees it and keeps away. Raises FathomError if it cannot be done.

    While its like is running it waits. Ctrl-C and SIGTERM end it; then the job fails and is not tried again.
    """
    with shown_progress() as progress:
        job = _begin(place, kind, project, request, progress)
        report = Report(echo=progress.show)
        with _stopped_by_signals(report):
            ended = do_job(place, job, report, give_up=True)
    if ended.state is not JobState.DONE:
        raise FathomError(ended.text)
    return ended


def _begin(place: Workplace, kind: JobKind, project: Project, request: dict[str, Any], progress: Progress) -> JobView:
    of_project = project_id(place, project)
    while True:
        try:
            with transaction(place.store) as session:
                return begin_job(session, kind, of_project, "Asked for on the command line.", request, place.clock())
        except Conflict as running:
            progress.show(0.0, str(running))
            time.sleep(LOOK_EVERY_S)


@contextmanager
def _stopped_by_signals(report: Report) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        report.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
