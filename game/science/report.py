"""How far a job is: said by the job as often as it likes, kept by a second thread, which is also its pulse."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from game.errors import FathomError, Unavailable
from game.science.jobs import JobView, renew_job
from game.store import Store, transaction

PULSE_S = 2.0
# So long a database that is away is waited for; well below what makes a job another worker's (jobs.SILENCE).
PATIENCE_S = 30.0
PAUSE_S = 0.5

T = TypeVar("T")


class StoppedError(FathomError):
    """The job ends here without a result: its worker was told to stop, or another worker has it."""


class Report:
    """Collects what a job says of itself, each line of its log after so many seconds. Thread-safe."""

    def __init__(
        self, echo: Callable[[float, str], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._echo = echo
        self._clock, self._begun = clock, clock()
        self._lock = threading.Lock()
        self._progress, self._text, self._said = 0.0, "", ""
        self._when_stopped: list[Callable[[], None]] = []
        self.stopped = threading.Event()

    def __call__(self, progress: float, text: str) -> None:
        """`progress` in [0, 1]. Raises StoppedError when the job must not go on."""
        if self.stopped.is_set():
            raise StoppedError("The job was stopped.")
        with self._lock:
            self._progress, self._text = progress, text
        if self._echo:
            self._echo(progress, text)

    def log(self, line: str) -> None:
        with self._lock:
            self._said += f"{self._clock() - self._begun:.1f} s: {line.rstrip()}\n"

    def stop(self) -> None:
        """Makes the job end: at its next word, or at once where it waits for something that can be ended."""
        self.stopped.set()
        with self._lock:
            waiting = list(self._when_stopped)
        for end in waiting:
            end()

    @contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """Calls `end` if the job is stopped within this block."""
        with self._lock:
            self._when_stopped.append(end)
        if self.stopped.is_set():
            end()
        try:
            yield
        finally:
            with self._lock:
                self._when_stopped.remove(end)

    def take(self) -> tuple[float, str, str]:
        """(progress, text, what was logged since the last time)."""
        with self._lock:
            said, self._said = self._said, ""
            return self._progress, self._text, said

    def give_back(self, said: str) -> None:
        """What was taken and could not be kept."""
        with self._lock:
            self._said = said + self._said


@contextmanager
def pulse(store: Store, job: JobView, report: Report, clock: Callable[[], datetime]) -> Iterator[None]:
    """Keeps the report while the block runs, and stops it when the job turns out to be somebody else's."""
    over = threading.Event()
    beating = threading.Thread(target=_beat, args=(store, job, report, clock, over), daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()
        patiently(lambda: _keep(store, job, report, clock))


def patiently(work: Callable[[], T]) -> T:
    """Tries again while the database is away, for PATIENCE_S; then raises Unavailable."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return work()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def _beat(store: Store, job: JobView, report: Report, clock: Callable[[], datetime], over: threading.Event) -> None:
    try:
        while not over.wait(PULSE_S):
            if not patiently(lambda: _keep(store, job, report, clock)):
                break
    except Unavailable:
        report.log("The database was away for too long.")
    finally:
        # A job without a pulse is given to another worker, so it must not go on here.
        if not over.is_set():
            report.stop()


def _keep(store: Store, job: JobView, report: Report, clock: Callable[[], datetime]) -> bool:
    progress, text, said = report.take()
    try:
        with transaction(store) as session:
            return renew_job(session, job, progress, text, said, clock())
    except Unavailable:
        report.give_back(said)
        raise
