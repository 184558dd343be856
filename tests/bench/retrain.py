"""From 500 new answers to the next public model, by the game's own jobs and as their own logs tell it.

    python -m tests.bench.retrain

The Moorea quadrats, a quarter of them gold. Beginners, who hardly tell the two commonest labels apart, give 300 points
an answer each: of these the first model is made, with every picture still to be looked at. Then skilled divers answer
500 times: these points, 130 others and 70 gold; and the worker does what is due: aggregate, release, train, publish.
What they teach is worth a new version, as the gate is to find by itself; three times, each time other answers on top of
the same first version. There are 430 points to learn from then, which is less than the half as much again at which a
network from scratch is taught for comparison. Goal: 20 s on 2 cores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
from game.store.tables.publications import JobKind, ModelState
from game.worker import Worker
from scoring.arrays import Floats
from tests.bench.crowd.data import folder
from tests.science.answers import add_round, drawn, one_coin, subject_ids

SLUG = "moorea"
N_BEGINNERS, N_SKILLED = 20, 20
BEGINNERS, SKILLED = (0.75, 0.85), (0.85, 0.95)
# Of the two commonest labels beginners take one for the other so often.
COMMONEST, CONFUSED = (0, 2), 0.45
# Before: so many subjects with a beginner's answer each, and skilled divers on some gold. Then their answers.
N_ANSWERED, GOLD_EACH = 300, 20
N_AGAIN, N_FRESH, N_GOLD = 300, 130, 70
N_NEW = N_AGAIN + N_FRESH + N_GOLD
IN_A_ROUND = 10
N_TIMES = 3
GOAL_S = 20.0


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        first = Path(data) / "first"
        crowd = Crowd.of(_imported(first, folder().parent / "moorea_quadrats"))
        crowd.answer(list(crowd.open)[:N_ANSWERED], crowd.beginners)
        crowd.answer(crowd.rng.choice(list(crowd.gold), N_SKILLED * GOLD_EACH), crowd.skilled)
        _tell("The first model, with every picture still to be looked at", crowd.place)
        crowd.place.store.engine.dispose()
        found = [_again(crowd, shutil.copytree(first, Path(data) / str(n)), n) for n in range(1, N_TIMES + 1)]
        sys.stdout.write(f"\n{N_NEW} answers later, by the jobs' own logs; the goal is {GOAL_S:.0f} s:\n\n")
        for n, (seconds, state) in enumerate(found, start=1):
            sys.stdout.write(f"- {n}: {seconds:.1f} s from the trigger until the model is {state}\n")


@dataclass(frozen=True)
class Crowd:
    """`open` and `gold`: subject id → true label; `beginners` and `skilled`: volunteer id → confusion (K, K)."""

    place: Workplace
    open: dict[int, int]
    gold: dict[int, int]
    beginners: dict[int, Floats]
    skilled: dict[int, Floats]
    rng: np.random.Generator

    @classmethod
    def of(cls, place: Workplace) -> Crowd:
        rng, project = np.random.default_rng(0), place.projects[SLUG]
        skills = [*rng.uniform(*BEGINNERS, N_BEGINNERS), *rng.uniform(*SKILLED, N_SKILLED)]
        matrices = [one_coin(float(skill), len(project.labels)) for skill in skills]
        with transaction(place.store) as session:
            ids = [people.add_volunteer(session, f"Diver {n}", _now()).id for n in range(len(skills))]
        beginners = {
            one: matrix @ _confused(len(matrix)) for one, matrix in zip(ids, matrices[:N_BEGINNERS], strict=False)
        }
        skilled = dict(zip(ids[N_BEGINNERS:], matrices[N_BEGINNERS:], strict=True))
        unknown, hidden = (subject_ids(place.store, use, project) for use in (GoldUse.REFERENCE, GoldUse.HIDDEN))
        order = rng.permutation(list(unknown)).tolist()
        return cls(place, {one: unknown[one] for one in order}, hidden, beginners, skilled, rng)

    def answer(self, subjects: Iterable[int], volunteers: Mapping[int, Floats]) -> None:
        """In rounds of one volunteer each, who sees no subject twice in a round."""
        project, true = self.place.projects[SLUG], self.open | self.gold
        codes = [label.code for label in project.labels]
        waiting = [int(one) for one in subjects]
        with transaction(self.place.store) as session:
            for place in range(0, len(waiting), IN_A_ROUND):
                who = int(self.rng.choice(list(volunteers)))
                shown = list(dict.fromkeys(waiting[place : place + IN_A_ROUND]))
                said = [(one, drawn(volunteers[who], true[one], codes, self.rng)) for one in shown]
                add_round(session, who, said, project, _now())


def _confused(n_labels: int) -> Floats:
    """(K, K): what becomes of an answer."""
    matrix = np.eye(n_labels)
    matrix[np.ix_(COMMONEST, COMMONEST)] = [[1 - CONFUSED, CONFUSED], [CONFUSED, 1 - CONFUSED]]
    return matrix


def _again(first: Crowd, data: Path, seed: int) -> tuple[float, ModelState]:
    """Another 500 answers on top of the first version: seconds from the trigger to what became of the second."""
    crowd = replace(first, place=_place(data), rng=np.random.default_rng(seed))
    seen, fresh = list(crowd.open)[:N_ANSWERED], list(crowd.open)[N_ANSWERED:]
    parts = ((seen, N_AGAIN), (fresh, N_FRESH), (list(crowd.gold), N_GOLD))
    asked = np.concatenate([crowd.rng.choice(part, n, replace=False) for part, n in parts])
    crowd.answer(crowd.rng.permutation(asked), crowd.skilled)
    seconds, verdict = _tell(f"{N_NEW} answers later, with features kept: {seed} of {N_TIMES}", crowd.place)
    crowd.place.store.engine.dispose()
    return seconds, verdict


def _imported(data: Path, quadrats: Path) -> Workplace:
    place = _place(data)
    migrate(place.store)
    to = Destination(place.store, place.settings.images, place.projects[SLUG], _now(), np.random.default_rng(0))
    import_points(to, quadrats, quadrats / "annotations.csv", GoldShare(), lambda _done, _all, _text: None)
    return place


def _place(data: Path) -> Workplace:
    data.mkdir(exist_ok=True)
    settings = read_settings({"FATHOM_DATA": str(data)})
    return Workplace(settings, open_store(settings.database_url), {SLUG: read_project(settings.levels / SLUG)}, _now)


def _tell(title: str, place: Workplace) -> tuple[float, ModelState]:
    """Does all that is due, one job after another as the worker does, and prints their logs. Returns the seconds from
    the trigger to the last line, which has the gate's verdict, and the verdict."""
    at_work = time.process_time()
    trigger, done = _now(), _work_off(place)
    sys.stdout.write(f"\n{title} (of the worker itself {time.process_time() - at_work:.1f} s of processor time)\n\n")
    sys.stdout.write("| after | job | what its log says |\n|---|---|---|\n")
    after = 0.0
    for job in done:
        assert job.started_at is not None
        begun = (job.started_at - trigger).total_seconds()
        for line in job.log.splitlines():
            seconds, _, said = line.partition(" s: ")
            after = begun + float(seconds)
            sys.stdout.write(f"| {after:.1f} s | {job.kind} | {said} |\n")
    sys.stdout.flush()
    assert done[-1].kind is JobKind.PUBLISH
    return after, ModelState((done[-1].result or {})["state"])


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
