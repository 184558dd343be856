"""The worker process: does the jobs that wait, two at a time, and looks every minute whether more is due."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from huey import crontab
from huey.consumer import Consumer

from game.config import read_settings
from game.errors import Unavailable
from game.levels import read_projects
from game.logs import set_up_logs
from game.science.counting import Counting
from game.science.due import ask_for_what_is_due
from game.science.jobs import JobView, claim_job, put_back
from game.science.queue import open_queue, take_from
from game.science.report import Report
from game.science.work import Workplace, do_job
from game.store import open_store, transaction

# A long training leaves a thread free for those who want to try the model.
N_THREADS = 2
POLL_S = 0.5
LAST_WORDS_S = 2.0

_LOG = logging.getLogger("fathom.worker")


def main() -> None:
    """Runs until SIGTERM or SIGINT; then its jobs go back into the queue, and the trainer ends with it."""
    settings = read_settings()
    set_up_logs(settings.log, plain="worker: %(message)s")
    _LOG.setLevel(logging.INFO)
    logging.getLogger("huey").setLevel(logging.ERROR)
    queue = open_queue(settings)
    place = Workplace(settings, open_store(settings.database_url), read_projects(settings.levels), _now)
    worker = Worker(place)
    worker.wake = take_from(queue, worker.take)
    queue.periodic_task(crontab(minute="*"))(worker.look)
    # Both signals end it at once: every job can begin anew, and nobody should wait for a training.
    consumer = Consumer(
        queue, workers=N_THREADS, initial_delay=POLL_S, max_delay=POLL_S, graceful_signal="TERM", shutdown_timeout=0
    )
    worker.look()
    _LOG.info("ready")
    consumer.run()
    worker.stop()
    _LOG.info("stopped")


@dataclass
class Worker:
    """What this process has in hand. `wake` puts a job's code into the queue."""

    place: Workplace
    wake: Callable[[str], None] = lambda _code: None
    _counting: Counting = field(init=False)
    _in_hand: dict[str, tuple[JobView, Report]] = field(default_factory=dict)
    _put_down: threading.Condition = field(default_factory=threading.Condition)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._counting = Counting(self.place.store)

    def take(self, code: str) -> None:
        """Does the job, unless another has it or it must wait for its like; then looks at what follows from it."""
        with transaction(self.place.store) as session:
            job = None if self._stopping.is_set() else claim_job(session, code, self.place.clock())
        if job is None:
            return
        name = f"{job.kind} {job.project or ''}".strip()
        _LOG.info("%s: begun. %s", name, job.reason)
        with self._holding(job) as report:
            ended = do_job(self.place, job, report)
        _LOG.info("%s: %s. %s", name, ended.state, ended.text)
        if not self._stopping.is_set():
            self.look()

    def look(self) -> None:
        """Wakes a worker for every job that waits, and asks first for all that is due; then counts what is new."""
        try:
            waiting = ask_for_what_is_due(self.place.store, self.place.projects, self.place.clock())
            for code in waiting:
                self.wake(code)
            for project in self.place.projects.values():
                self._counting.count_on(project)
        except Unavailable:
            _LOG.warning("The database is away; the worker looks again in a minute.")

    def stop(self) -> None:
        """Ends what is in hand; what does not end in time is put back here, and its thread dies with the process."""
        self._stopping.set()
        with self._put_down:
            for _, report in self._in_hand.values():
                report.stop()
            self._put_down.wait_for(lambda: not self._in_hand, timeout=LAST_WORDS_S)
            left = [job for job, _ in self._in_hand.values()]
        for job in left:
            with transaction(self.place.store) as session:
                put_back(session, job, self.place.clock())

    @contextmanager
    def _holding(self, job: JobView) -> Iterator[Report]:
        report = Report()
        with self._put_down:
            self._in_hand[job.code] = (job, report)
        try:
            yield report
        finally:
            with self._put_down:
                del self._in_hand[job.code]
                self._put_down.notify_all()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
