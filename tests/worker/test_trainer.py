"""The trainer is a child process: its sentence is the job's, and it ends with whoever started it."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from game.errors import TrainingError
from game.science import jobs
from game.science.due import ask_for_what_is_due
from game.science.report import Report, StoppedError
from game.science.schedule import REST
from game.science.trainer import Training, fit, predict
from game.science.work import Workplace
from game.store import reading, transaction
from game.store.tables.publications import JobKind, JobState
from game.worker import Worker
from tests.worker.conftest import id_of

SOON_S = 5


def training(folder: Path) -> Training:
    return Training(folder / "release", folder / "images", folder / "models" / "a", folder / "cache")


def test_bad_input_is_the_trainers_own_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as refused:
        fit(training(tmp_path), Report())
    assert "release" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert not (tmp_path / "models" / "a").exists()


def test_wishes_reach_the_trainer(tmp_path: Path) -> None:
    """It says itself what it cannot grant."""
    with pytest.raises(TrainingError, match="There is no method “magic”"):
        fit(replace(training(tmp_path), wishes={"method": "magic"}), Report())


def test_a_picture_without_a_model_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"manifest\.json"):
        predict(tmp_path, tmp_path / "picture", (1, 2), Report())


def test_a_stopped_training_ends_its_child_at_once(tmp_path: Path) -> None:
    report = Report()
    with waiting_for_a_child(report.stop), pytest.raises(StoppedError):
        fit(training(tmp_path), report)
    assert trainers() == []


def test_a_worker_that_stops_ends_the_trainer_and_puts_the_job_back(place: Workplace) -> None:
    with transaction(place.store) as session:
        job = jobs.request_job(session, JobKind.TRAIN, id_of(session), "", {"release": 1}, place.clock())
    worker = Worker(place)
    with waiting_for_a_child(worker.stop):
        worker.take(job.code)
    with reading(place.store) as session:
        assert jobs.find_job(session, job.code).state is JobState.QUEUED
    assert trainers() == []


def test_a_killed_trainer_is_started_again_by_itself(place: Workplace) -> None:
    with transaction(place.store) as session:
        job = jobs.request_job(session, JobKind.TRAIN, id_of(session), "", {"release": 1}, place.clock())
    with waiting_for_a_child(lambda: os.kill(trainers()[0], signal.SIGKILL)):
        Worker(place).take(job.code)
    with reading(place.store) as session:
        ended = jobs.find_job(session, job.code)
    assert (ended.state, ended.text) == (JobState.FAILED, "The trainer broke off (exit code -9): it said nothing")
    assert JobKind.TRAIN not in waiting(place)
    assert JobKind.TRAIN in waiting(place, REST)


def waiting(place: Workplace, later: timedelta = timedelta(0)) -> list[str]:
    codes = ask_for_what_is_due(place.store, place.projects, place.clock() + later)
    with reading(place.store) as session:
        return [jobs.find_job(session, code).kind for code in codes]


@contextmanager
def waiting_for_a_child(then: Callable[[], None]) -> Iterator[None]:
    """Calls `then`, in another thread, as soon as a trainer runs; the block must end soon after."""

    def wait() -> None:
        while not trainers():
            time.sleep(0.02)
        then()

    waiting = threading.Thread(target=wait)
    waiting.start()
    begun = time.monotonic()
    yield
    waiting.join()
    assert time.monotonic() - begun < SOON_S


def trainers() -> list[int]:
    """Trainers that this process has started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "game.training" in line]
