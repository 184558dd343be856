"""The worker process: does what waits, looks by itself, and ends within seconds with nothing lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select

from game.config import Settings, read_settings
from game.science import jobs
from game.science.counting import LEFT_UNCOUNTED
from game.science.jobs import JobView
from game.science.queue import enqueuer, open_queue
from game.science.schedule import why_not_training
from game.science.state import project_state
from game.science.work import Workplace
from game.store import counts, open_store, reading, transaction
from game.store.migrations import migrate
from game.store.tables import Classification
from game.store.tables.publications import JobKind, JobState
from game.worker import Worker
from tests.server import environment_of
from tests.setups import SETUPS, home_of
from tests.worker.conftest import SLUG, id_of
from tests.worker.test_due import play_round

DEADLINE_S = 30
ENDS_WITHIN_S = 5


@pytest.fixture(params=SETUPS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    made = read_settings(home_of(request, tmp_path).environment)
    store = open_store(made.database_url)
    migrate(store)
    store.engine.dispose()
    return made


@contextmanager
def running_worker(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "game.worker"]
    process = subprocess.Popen(command, env=environment_of(settings), start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(settings: Settings, enough: Callable[[list[JobView]], bool]) -> list[JobView]:
    store = open_store(settings.database_url)
    deadline = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < deadline:
            with reading(store) as session:
                latest = jobs.latest_jobs(session)
            if enough(latest):
                return latest
            time.sleep(0.1)
    finally:
        store.engine.dispose()
    raise AssertionError(f"The worker did not get there: {latest}")


def test_a_worker_looks_for_work_as_soon_as_it_starts(settings: Settings) -> None:
    with running_worker(settings):
        done = wait_for(settings, lambda latest: [job.state for job in latest] == [JobState.DONE])
    assert done[0].kind is JobKind.CLEAN_UP
    assert done[0].text.startswith("Removed")


def test_a_worker_is_woken_by_a_code(settings: Settings) -> None:
    with running_worker(settings):
        wait_for(settings, lambda latest: [job.state for job in latest] == [JobState.DONE])
        store = open_store(settings.database_url)
        with transaction(store) as session:
            asked = jobs.request_job(session, JobKind.CLEAN_UP, None, "By hand.", {}, datetime.now(UTC))
        begun = time.monotonic()
        enqueuer(open_queue(settings))(asked.code)
        wait_for(settings, lambda latest: latest[0].state is JobState.DONE)
        assert time.monotonic() - begun < 10, "it did not wait for the next look"
        store.engine.dispose()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_ends_within_seconds(settings: Settings, number: signal.Signals) -> None:
    with running_worker(settings) as process:
        wait_for(settings, lambda latest: [job.state for job in latest] == [JobState.DONE])
        process.send_signal(number)
        assert process.wait(ENDS_WITHIN_S) == 0


def test_a_stopping_worker_puts_its_job_back_and_takes_no_other(place: Workplace) -> None:
    with transaction(place.store) as session:
        job = jobs.request_job(session, JobKind.AGGREGATE, id_of(session), "", {}, place.clock())
    worker = Worker(place)
    worker.stop()
    worker.take(job.code)
    with reading(place.store) as session:
        assert jobs.find_job(session, job.code).state is JobState.QUEUED


def test_a_look_counts_what_is_new(place: Workplace, rng: np.random.Generator) -> None:
    play_round(place, rng)
    with transaction(place.store) as session:
        answer = session.execute(select(Classification.__table__).limit(1)).mappings().one()
        alike = {name: value for name, value in answer.items() if name != "id"}
        again = [alike | {"attempt": attempt} for attempt in range(2, 2 + LEFT_UNCOUNTED)]
        session.execute(insert(Classification), again)
    Worker(place).look()
    with reading(place.store) as session:
        assert counts.kept_answers(session, id_of(session))[1:] == (10 + LEFT_UNCOUNTED, 1)


def test_a_job_that_ends_wakes_those_that_waited_for_it(place: Workplace) -> None:
    woken: list[str] = []
    with transaction(place.store) as session:
        first = jobs.request_job(session, JobKind.AGGREGATE, id_of(session), "", {}, place.clock())
        waiting = jobs.request_job(session, JobKind.CLEAN_UP, None, "", {}, place.clock())
    Worker(place, wake=woken.append).take(first.code)
    assert waiting.code in woken


def test_the_operator_reads_that_no_worker_is_there(place: Workplace) -> None:
    """A training waits; two minutes later nobody has taken it."""
    with transaction(place.store) as session:
        jobs.request_job(session, JobKind.TRAIN, id_of(session), "", {}, place.clock())
        later = place.clock() + timedelta(minutes=2)
        assert "`fathom worker`" in why_not_training(project_state(session, place.projects[SLUG], later))
