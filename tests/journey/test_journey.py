"""The whole loop on real coral, through the installed program: what the issue promises, in figures that are printed."""

import json
import sys
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from game.cli.learning import simulated_tokens
from game.config import ROOT, read_settings
from game.levels import read_project
from game.science import trials
from game.science.jobs import JobView, find_job
from game.science.queue import enqueuer, open_queue
from game.science.simulation import Crowd, Server, SimulationReport, simulate
from game.store import Store, open_store, reading, rounds, subjects, transaction
from game.store.tables import Classification, Opening, Prediction, RoundSubject
from tests.journey.figures import Released, rows, truth_of
from tests.program import DEADLINE_S, program, pull_the_plug, served
from tests.servers import free_port
from tests.setups import SETUPS, Home, home_of

LONGEST_COMMAND_S = 600
MOOREA = read_project(ROOT / "levels" / "moorea")

pytestmark = pytest.mark.slow


@pytest.fixture(params=SETUPS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return home_of(request, tmp_path)


def fathom(home: Home, *arguments: str | Path) -> str:
    """What a command prints, and how long it took, for whoever reads the test's output."""
    begun = time.monotonic()
    with program(home, *arguments) as process:
        said, complaint = process.communicate(timeout=LONGEST_COMMAND_S)
    assert process.returncode == 0, complaint
    tell(f"$ fathom {' '.join(map(str, arguments))}  [{time.monotonic() - begun:.0f} s]\n{said[-1500:].rstrip()}")
    return said


def set_up(home: Home, shared_data: Path) -> Store:
    quadrats = shared_data / "moorea_quadrats"
    table = quadrats / "annotations.csv"
    fathom(home, "setup")
    imported = ("--images", quadrats, "--annotations", table, "--gold", "0.25", "--gold-by", "image")
    assert "moorea: 2,776 subjects taken" in fathom(home, "subjects", "import", "moorea", *imported)
    return open_store(read_settings(home.environment).database_url)


def test_the_loop_turns_once_on_real_quadrats(home: Home, shared_data: Path) -> None:
    store = set_up(home, shared_data)
    with served(home) as (_, url):
        crowd = ("--volunteers", "40", "--answers", "4000", "--seed", "1")
        assert "4,000 answers of 40 simulated" in fathom(home, "simulate", "moorea", *crowd, "--url", url)
        fathom(home, "aggregate", "moorea")
        fathom(home, "release", "moorea", "--include-simulated")
        check_consensus(home.folder / "releases" / "moorea" / "1" / "complete", shared_data)
        before = ranking(store)
        fathom(home, "train", "moorea", "--include-simulated")
        check_model(url)
        check_steering(store, before, ranking(store))
        check_trial(home, store, shared_data)
        fathom(home, "status")
    store.engine.dispose()


def check_consensus(release: Path, shared_data: Path) -> None:
    """From equally many answers a subject, consensus makes more than majority.

    Over all answers the two come close, because a subject is asked about until its consensus is sure: it is those on
    whom collecting has not chosen to stop that tell them apart.
    """
    released = Released(MOOREA, release)
    truth = truth_of(MOOREA, release / "subjects.csv", shared_data / "moorea_quadrats" / "annotations.csv")
    reliabilities = sorted(float(row["reliability"]) for row in rows(release / "volunteers.csv"))
    tell(f"measured reliabilities {reliabilities[0]:.2f} to {reliabilities[-1]:.2f}")
    for n_first in (2, 3, 4, None):
        found = released.compare(truth, n_first)
        which = "all answers" if n_first is None else f"the first {n_first} answers"
        tell(
            f"{which} of {found.n_subjects} subjects, none of them gold: majority {found.majority:.3f}, "
            f"consensus {found.consensus:.3f}, {found.gain:+.1f} points"
        )
    assert released.compare(truth, n_first=3).gain >= 3
    assert released.compare(truth).gain > -1


def check_model(url: str) -> None:
    with urllib.request.urlopen(f"{url}/api/v1/projects/moorea/models", timeout=30) as response:
        (model,) = json.load(response)["models"]
    groups = model["metrics"]["groups"]
    tell(f"three groups on held-out quadrats: {groups['accuracy']:.3f}, majority {groups['majority_accuracy']:.3f}")
    assert model["state"] == "published", model["reason"]
    assert groups["accuracy"] >= 0.75
    assert groups["majority_accuracy"] == pytest.approx(0.53, abs=0.08)


def ranking(store: Store) -> list[int]:
    """Open subjects that nobody has judged yet, most wanted first."""
    with reading(store) as session:
        row = subjects.project_row(session, "moorea")
        assert row
        judged = set(session.scalars(select(Classification.subject_id)))
        ranked = rounds.open_subjects(session, row.id, "groups", None, 10_000)
    return [subject_id for subject_id, _ in ranked if subject_id not in judged]


def check_steering(store: Store, before: list[int], after: list[int]) -> None:
    """Of the subjects that nobody has judged, those that the model doubts most come first now."""
    with reading(store) as session:
        predicted = dict(session.execute(select(Prediction.subject_id, Prediction.p)).all())
        n_open = session.scalar(select(func.count()).select_from(Opening).where(Opening.retired_at.is_(None)))
    groups = np.array([[label.group == group.code for label in MOOREA.labels] for group in MOOREA.groups])
    doubt = np.array([1 - (groups @ np.array(predicted[subject_id])).max() for subject_id in after])
    first, last = doubt[:100].mean(), doubt[-100:].mean()
    tell(
        f"{len(predicted)} predictions, {n_open} openings: the model's doubt is {first:.2f} among the 100 wanted most "
        f"and {last:.2f} among the 100 wanted least"
    )
    assert len(predicted) == 2776
    assert set(after) == set(before)
    assert after != before
    assert first > last + 0.2


def check_trial(home: Home, store: Store, shared_data: Path) -> None:
    """A visitor's picture goes to the worker, which asks the model; the picture is gone afterwards."""
    settings = read_settings(home.environment)
    picture = next((shared_data / "moorea_quadrats").glob("*.jpg")).read_bytes()
    upload = trials.keep_upload(settings.uploads, picture, None)
    begun = time.monotonic()
    with transaction(store) as session:
        asked = trials.request_trial(session, MOOREA, upload, None, datetime.now(UTC))
    enqueuer(open_queue(settings))(asked.code)
    while not (job := _job(store, asked.code)).finished_at:
        assert time.monotonic() - begun < DEADLINE_S, job.text
        time.sleep(0.2)
    tell(f"“try it” took {time.monotonic() - begun:.1f} s: {job.text}")
    labels = trials.guesses(job)
    assert {label.code for label in labels} == {label.code for label in MOOREA.labels}
    assert sum(label.p for label in labels) == pytest.approx(1, abs=1e-3)
    assert list(settings.uploads.iterdir()) == []


def _job(store: Store, code: str) -> JobView:
    with reading(store) as session:
        return find_job(session, code)


def test_no_acknowledged_answer_is_lost_when_the_plug_is_pulled(home: Home, shared_data: Path) -> None:
    """Web and worker are killed, twice, while volunteers play, who send again whatever was not acknowledged."""
    store = set_up(home, shared_data)
    crowd, port = Crowd(n_volunteers=16, n_answers=800, seed=2), free_port()
    server = Server(f"http://127.0.0.1:{port}", store, MOOREA)
    progress = Pulse()
    reports: list[SimulationReport] = []
    tokens = simulated_tokens(store, crowd)
    playing = threading.Thread(target=lambda: reports.append(simulate(server, crowd, tokens, progress)))
    for n_before in (200, 500, None):
        with served(home, port) as (process, _):
            if not playing.is_alive() and n_before == 200:
                playing.start()
            progress.wait_for(n_before or crowd.n_answers)
            if n_before is None:
                playing.join()
            pull_the_plug(process)
    (report,) = reports
    with reading(store) as session:
        kept = Counter(session.scalars(select(Classification.key)))
        twice = select(Classification.round_subject_id).group_by(Classification.round_subject_id)
        doubled = session.scalars(twice.having(func.count() > 1)).all()
        n_answered = session.scalar(select(func.count()).where(RoundSubject.answered_at.is_not(None)))
    tell(f"{len(report.acknowledged)} acknowledged; the line broke {report.n_lost} times; {len(kept)} kept")
    assert report.n_lost > 0, "the plug was pulled while nobody played"
    assert set(report.acknowledged) - kept.keys() == set(), "missing"
    assert kept == Counter(report.acknowledged), "doubled, or kept without ever being acknowledged"
    assert doubled == []
    assert n_answered == len(report.acknowledged)
    store.engine.dispose()


def tell(text: str) -> None:
    """Figures are for people: `pytest -s`, or CI's log."""
    sys.stdout.write(f"\n{text}\n")


class Pulse:
    """Waits until so many answers have been acknowledged."""

    def __init__(self) -> None:
        self._n = 0
        self._more = threading.Condition()

    def __call__(self, done: int, _total: int, _text: str) -> None:
        with self._more:
            self._n = max(self._n, done)
            self._more.notify_all()

    def wait_for(self, n: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self._n >= n, timeout=LONGEST_COMMAND_S), f"{self._n} of {n} answers"
