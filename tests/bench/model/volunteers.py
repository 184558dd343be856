"""Learning from simulated volunteers: how much of what experts' labels teach a crowd's consensus teaches."""

from __future__ import annotations

from functools import partial
from time import process_time

import numpy as np

from game.training.dataset import Consensus
from game.training.head import Lessons
from scoring.answers import Answers
from scoring.arrays import Floats, Ints, Masks
from scoring.crowd import judge
from tests.bench.crowd.tables import Figure, Table
from tests.bench.model import seen
from tests.bench.model.data import Pictures
from tests.bench.model.measures import accuracy, shown
from tests.bench.model.plots import curves
from tests.bench.model.report import Part
from tests.bench.model.seen import SEEDS, Seen

RELIABILITIES = (0.55, 0.65, 0.75, 0.85)
# Each volunteer's own reliability lies so far about the crowd's mean, at most.
APART = 0.1
N_ANSWERS = (1, 2, 4, 8)
N_VOLUNTEERS = 40
TRUTH = "truth"
MAJORITY, GOLDLESS, GOLD = "labels by majority", "consensus without gold", "the game: consensus with gold"
TEACHERS = (MAJORITY, GOLDLESS, GOLD)


def part() -> Part:
    sets = [seen.ours(pictures) for pictures in seen.reefs()]
    tables, panels = [], {}
    for one in sets:
        start = process_time()
        found = _measure(one)
        seconds = (process_time() - start) / len(SEEDS)
        tables.append(_table(one.pictures.name, found, seconds))
        for teacher in (MAJORITY, GOLD):
            panels[f"{one.pictures.name}: {teacher.split(': ')[-1]}"] = _lines(found, teacher)
    drawn = Figure("volunteers.svg", _CAPTION, partial(curves, panels, list(N_ANSWERS), "answers a subject"))
    return Part(tables, [drawn])


Found = dict[tuple[str, float, int], list[float]]  # Teacher, reliability, answers → accuracy by label of each seed.


def _measure(one: Seen) -> Found:
    pictures, found = one.pictures, {}
    for seed in SEEDS:
        held = seen.held_out(pictures, seed)
        truth = np.eye(pictures.n_labels)[pictures.true]
        found.setdefault((TRUTH, 1.0, 1), []).append(_taught(one, truth, held, seed))
        for reliability in RELIABILITIES:
            for n_answers in N_ANSWERS:
                given = answers(pictures, reliability, n_answers, seed)
                gold = np.where(held, pictures.true, -1)
                said = majority(given), consensus(given, np.full_like(gold, -1)), consensus(given, gold)
                for teacher, posterior in zip(TEACHERS, said, strict=True):
                    key = (teacher, reliability, n_answers)
                    found.setdefault(key, []).append(_taught(one, posterior, held, seed))
    return found


def answers(pictures: Pictures, reliability: float, n_answers: int, seed: int) -> Answers:
    """So many answers a subject of volunteers whose reliabilities differ; whoever errs takes any other label."""
    rng = np.random.default_rng([seed, n_answers, round(100 * reliability)])
    n_subjects, n_labels = len(pictures.true), pictures.n_labels
    own = reliability + rng.uniform(-APART, APART, N_VOLUNTEERS)
    subject = np.repeat(np.arange(n_subjects), n_answers)
    volunteer = np.concatenate([rng.permutation(N_VOLUNTEERS)[:n_answers] for _ in range(n_subjects)])
    right = rng.random(len(subject)) < own[volunteer]
    mistaken = (pictures.true[subject] + rng.integers(1, n_labels, len(subject))) % n_labels
    given = np.where(right, pictures.true[subject], mistaken)
    return Answers(subject, volunteer, given, np.eye(n_labels, dtype=np.bool_))


def majority(given: Answers) -> Floats:
    """(S, K): 1 for the label that was named most often, shared where several were."""
    n_labels = given.choices.shape[1]
    cell = given.subject * n_labels + given.choice
    votes = np.bincount(cell, minlength=(given.subject.max() + 1) * n_labels).reshape(-1, n_labels)
    most = votes == votes.max(axis=1, keepdims=True)
    return np.asarray(most / most.sum(axis=1, keepdims=True))


def consensus(given: Answers, gold: Ints) -> Floats:
    """(S, K): as the game judges it; `gold` (S,) has the true label of what is held out, -1 elsewhere."""
    return judge(given, len(gold), N_VOLUNTEERS, gold).posterior


def _taught(one: Seen, posterior: Floats, held: Masks, seed: int) -> float:
    kept = np.flatnonzero(~held)
    said = Consensus(kept, posterior[kept], posterior[kept].max(axis=1))
    lessons = Lessons(one.x[kept], said.target, said.confidence, one.pictures.photograph[kept])
    return accuracy(seen.ridge_head(lessons, one.widths, seed)(one.x), one.pictures.true, held)


def _table(name: str, found: Found, seconds: float) -> Table:
    truth = np.array(found[TRUTH, 1.0, 1])
    head = ["mean reliability", "taught by", *(f"{n} answer{'s' if n > 1 else ''} a subject" for n in N_ANSWERS)]
    rows = [
        [f"{reliability:.2f}", teacher, *(_cell(np.array(found[teacher, reliability, n]), truth) for n in N_ANSWERS)]
        for reliability in RELIABILITIES
        for teacher in TEACHERS
    ]
    note = (
        f"Accuracy by label on held-out photographs (and how much of what the truth teaches is reached, in %). "
        f"Taught by the truth: {shown(list(truth))}. {seconds:.0f} s a seed."
    )
    return Table(name, head, rows, note)


def _cell(reached: Floats, truth: Floats) -> str:
    return f"{shown(list(reached))} ({100 * np.mean(reached / truth):.0f})"


def _lines(found: Found, teacher: str) -> dict[str, tuple[Floats, Floats]]:
    truth = np.array(found[TRUTH, 1.0, 1])
    lines = {
        f"reliability {reliability:.2f}": (
            np.array([np.mean(found[teacher, reliability, n]) for n in N_ANSWERS]),
            np.array([np.std(found[teacher, reliability, n], ddof=1) for n in N_ANSWERS]),
        )
        for reliability in RELIABILITIES
    }
    return lines | {"the truth": (np.full(len(N_ANSWERS), truth.mean()), np.zeros(len(N_ANSWERS)))}


_CAPTION = "Accuracy by label on held-out photographs against answers a subject; the band is one standard deviation."
