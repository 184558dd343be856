"""PostgreSQL is killed in the middle of a job and comes back: the job goes on, and ends as if nothing had been."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from game.config import read_settings
from game.levels import read_projects
from game.science import jobs
from game.science.jobs import JobView
from game.science.report import PULSE_S, Report
from game.science.work import Workplace, do_job
from game.store import open_store, subjects, transaction
from game.store.migrations import migrate
from game.store.tables.publications import JobKind, JobState
from game.worker import Worker
from tests.faults.parts import PostgreSQL
from tests.worker.conftest import SLUG, id_of

PATIENCE_S = 30


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    started = PostgreSQL()
    yield started
    started.end()


@pytest.fixture
def place(database: PostgreSQL, tmp_path: Path, now: datetime) -> Iterator[Workplace]:
    settings = read_settings({"FATHOM_DATA": str(tmp_path), "FATHOM_DATABASE_URL": database.url})
    store, projects = open_store(database.url), read_projects(settings.levels)
    migrate(store)
    with transaction(store) as session:
        if subjects.project_row(session, SLUG) is None:
            subjects.add_project(session, SLUG, [label.code for label in projects[SLUG].labels], now)
    yield Workplace(settings, store, projects, lambda: now)
    store.engine.dispose()


def begun(place: Workplace) -> JobView:
    with transaction(place.store) as session:
        return jobs.begin_job(session, JobKind.AGGREGATE, id_of(session), "A test.", {}, place.clock())


def test_a_job_outlives_a_database_that_comes_back(place: Workplace, database: PostgreSQL) -> None:
    def lose(share: float, _text: str) -> None:
        if share < 1:
            report.log("Something worth keeping.")
            database.kill(Random())
            time.sleep(1.5 * PULSE_S)
            database.start()

    report = Report(echo=lose)
    ended = do_job(place, begun(place), report)
    assert ended.state is JobState.DONE, ended.text
    assert "Something worth keeping." in ended.log


def test_a_job_that_ends_while_the_database_is_away_waits_for_it(place: Workplace, database: PostgreSQL) -> None:
    lost = threading.Event()

    def lose(share: float, _text: str) -> None:
        if share == 1:
            database.kill(Random())
            lost.set()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(do_job, place, begun(place), Report(echo=lose))
        assert lost.wait(PATIENCE_S)
        time.sleep(1)
        database.start()
        assert working.result().state is JobState.DONE


def test_a_worker_that_finds_no_database_looks_again_later(place: Workplace, database: PostgreSQL) -> None:
    woken: list[str] = []
    worker = Worker(place, wake=woken.append)
    database.kill(Random())
    worker.look()
    assert woken == []
    database.start()
    worker.look()
    assert woken
