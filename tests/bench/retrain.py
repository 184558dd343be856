"""From 500 new answers to the gate's verdict, by the game's own jobs and as their own logs tell it.

    python -m tests.bench.retrain

The Moorea quadrats, a quarter of them gold; a crowd answers, the first model is made with every picture still to be
looked at; then 500 answers come in, and the worker does what is due: aggregate, release, train, publish. Goal: 20 s on
2 cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from game.config import read_settings
from game.levels import GoldUse, read_project
from game.science.due import ask_for_what_is_due
from game.science.gold import GoldShare
from game.science.jobs import JobView, find_job
from game.science.subjects import Destination, import_points
from game.science.work import Workplace
from game.store import open_store, people, reading, transaction
from game.store.migrations import migrate
from game.store.tables.publications import JobKind
from game.worker import Worker
from tests.bench.crowd.data import folder
from tests.science.answers import add_round, drawn, one_coin, subject_ids

N_VOLUNTEERS, RELIABILITY = 40, (0.55, 0.95)
# Before: so many subjects with three answers each, and every volunteer on some gold. Then the new answers.
N_ANSWERED, ANSWERS_EACH, GOLD_EACH, N_NEW = 1000, 3, 20, 500
IN_A_ROUND = 10
GOAL_S = 20.0


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        crowd = Crowd.of(_place(Path(data), folder().parent / "moorea_quadrats"))
        open_subjects = list(crowd.open)
        crowd.answer(open_subjects[:N_ANSWERED] * ANSWERS_EACH)
        crowd.answer(crowd.rng.choice(list(crowd.gold), N_VOLUNTEERS * GOLD_EACH))
        _tell("The first model, with every picture still to be looked at", crowd.place)
        crowd.answer(open_subjects[N_ANSWERED : N_ANSWERED + N_NEW])
        took = _tell(f"{N_NEW} answers later, with features kept", crowd.place)
        sys.stdout.write(f"\nFrom the trigger to the verdict {took:.1f} s; the goal is {GOAL_S:.0f} s.\n")


@dataclass(frozen=True)
class Crowd:
    """`open` and `gold`: subject id → true label."""

    place: Workplace
    open: dict[int, int]
    gold: dict[int, int]
    volunteers: list[int]
    skills: list[float]
    rng: np.random.Generator

    @classmethod
    def of(cls, place: Workplace) -> Crowd:
        rng = np.random.default_rng(0)
        with transaction(place.store) as session:
            known = [people.add_volunteer(session, f"Diver {n}", _now()).id for n in range(N_VOLUNTEERS)]
        skills = rng.uniform(*RELIABILITY, N_VOLUNTEERS).tolist()
        project = place.projects["moorea"]
        unknown, hidden = (subject_ids(place.store, use, project) for use in (GoldUse.REFERENCE, GoldUse.HIDDEN))
        order = rng.permutation(list(unknown)).tolist()
        return cls(place, {one: unknown[one] for one in order}, hidden, known, skills, rng)

    def answer(self, subjects: Iterable[int]) -> None:
        """In rounds of one volunteer each, who sees no subject twice in a round."""
        project, true = self.place.projects["moorea"], self.open | self.gold
        codes = [label.code for label in project.labels]
        waiting = [int(one) for one in subjects]
        with transaction(self.place.store) as session:
            for place in range(0, len(waiting), IN_A_ROUND):
                who = int(self.rng.integers(N_VOLUNTEERS))
                matrix = one_coin(self.skills[who], len(codes))
                shown = list(dict.fromkeys(waiting[place : place + IN_A_ROUND]))
                said = [(one, drawn(matrix, true[one], codes, self.rng)) for one in shown]
                add_round(session, self.volunteers[who], said, project, _now())


def _place(data: Path, quadrats: Path) -> Workplace:
    settings = read_settings({"FATHOM_DATA": str(data)})
    store, project = open_store(settings.database_url), read_project(settings.levels / "moorea")
    migrate(store)
    to = Destination(store, settings.images, project, _now(), np.random.default_rng(0))
    import_points(to, quadrats, quadrats / "annotations.csv", GoldShare(), lambda _done, _all, _text: None)
    return Workplace(settings, store, {project.slug: project}, _now)


def _tell(title: str, place: Workplace) -> float:
    """Does all that is due, one job after another as the worker does, and prints their logs; returns the seconds."""
    begun, at_work = time.perf_counter(), time.process_time()
    trigger, done = _now(), _work_off(place)
    took, worked = time.perf_counter() - begun, time.process_time() - at_work
    sys.stdout.write(f"\n{title}: {took:.1f} s, of which the worker itself {worked:.1f} s of processor time\n\n")
    sys.stdout.write("| after | job | what its log says |\n|---|---|---|\n")
    for job in done:
        assert job.started_at is not None
        after = (job.started_at - trigger).total_seconds()
        for line in job.log.splitlines():
            seconds, _, said = line.partition(" s: ")
            sys.stdout.write(f"| {after + float(seconds):.1f} s | {job.kind} | {said} |\n")
    return took


def _work_off(place: Workplace) -> list[JobView]:
    worker, done = Worker(place), []
    while codes := ask_for_what_is_due(place.store, place.projects, place.clock()):
        worker.take(codes[0])
        with reading(place.store) as session:
            done.append(find_job(session, codes[0]))
    return [job for job in done if job.kind is not JobKind.CLEAN_UP]


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
