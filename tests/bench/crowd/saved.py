"""Answers saved: what adaptive stopping needs to be as accurate as a majority of ten, or five, and whole curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import Floats, Ints, Masks
from tests.bench.crowd import metrics, ours, plots, running
from tests.bench.crowd.data import VISIBLE, CrowdSet, draw_gold, judged, no_gold
from tests.bench.crowd.replay import Policy, State, face_down, largest_gain, pool, round_robin
from tests.bench.crowd.runs import on_all_cores, say
from tests.bench.crowd.stop import Make
from tests.bench.crowd.tables import Figure, Goal, Part, Table

N_PERMUTATIONS, GOLD_SHARE, LEAST_REDUNDANCY = 10, 0.05, 8.9
FIXED = {10: 2.8, 5: 2.0}  # answers a subject of the majority to be matched, and the goal
THRESHOLDS = (0.6, 0.75, 0.87, 0.93, 0.97, 0.99)
LEADS = tuple(1 - 0.5**ahead for ahead in (1, 2, 3, 4, 5, 6))
METHODS: dict[str, tuple[Make, tuple[float, ...]]] = {
    ours.NAME: (ours.Unaided, (np.nan,)),
    f"{ours.NAME}, by threshold": (ours.Running, THRESHOLDS),
    "online DS + gold": (running.PlainEM, THRESHOLDS),
    "leader k ahead": (running.Lead, LEADS),
}
MAJORITY = "majority of n"


@dataclass(frozen=True)
class Curve:
    """Accuracy (P,) against answers spent a subject (P,), gold's answers counted; `spread` over permutations."""

    spent: Floats
    accuracy: Floats
    spread: Floats


def part(crowds: list[CrowdSet]) -> Part:
    chosen = [crowd for crowd in crowds if crowd.n_answers >= LEAST_REDUNDANCY * np.sum(_answered(crowd))]
    curves = measure(chosen)
    tables, goals = [], []
    visible = [crowd for crowd in chosen if crowd.name in VISIBLE]
    for fixed, wanted in FIXED.items():
        ratios = {name: {crowd.name: _ratio(curves, name, crowd, fixed) for crowd in chosen} for name in METHODS}
        means = {name: float(np.mean([ratios[name][crowd.name] for crowd in visible])) for name in METHODS}
        rows = [
            [name, f"{means[name]:.2f}×", *(f"{ratios[name][crowd.name]:.2f}×" for crowd in chosen)] for name in METHODS
        ]
        target = [f"{_target(curves, crowd, fixed):.4f}" for crowd in chosen]
        head = ["method", f"mean of {len(visible)}", *(crowd.name for crowd in chosen)]
        rows.append([f"(accuracy of the majority of {fixed})", "", *target])
        tables.append(Table(f"Answers saved at the accuracy of a majority of {fixed}", head, rows, _NOTE))
        best = max((name for name in METHODS if not name.startswith(ours.NAME)), key=lambda name: means[name])
        reached = means[ours.NAME]
        goals.append(
            Goal(f"answers saved at fixed-{fixed} accuracy", f"{best} {means[best]:.2f}×",
                 f"≥ {wanted:.1f}×", f"{reached:.2f}×", reached - wanted)
        )  # fmt: skip
    panels = {crowd.name: {name: _line(curves[name, crowd.name]) for name in (MAJORITY, *METHODS)} for crowd in chosen}
    caption = (
        f"Accuracy against answers spent, mean over {N_PERMUTATIONS} orders; the band is one standard deviation. "
        "Each point of an adaptive method is one threshold, of the majority one n."
    )
    figure = Figure("answers-saved.svg", caption, lambda path: plots.curves(panels, path))
    return Part("Answers saved", tables, goals, [figure])


def _line(curve: Curve) -> tuple[Floats, Floats, Floats]:
    return curve.spent, curve.accuracy, curve.spread


_NOTE = (
    f"{ours.NAME} asks for the answer that is worth most and needs no gold for it; the others stop at a threshold. "
    f"Sets with at least nine answers a subject; {N_PERMUTATIONS} random orders of each subject's answers. "
    f"{100 * GOLD_SHARE:.0f} % of the subjects are gold: their answers count as spent, their labels are not measured. "
    "Ratio: answers of the fixed majority on the measured subjects ÷ all answers spent when the method's curve "
    "(mean over the orders, swept over the threshold) first has the majority's accuracy. 0.00× : it never has."
)


def measure(crowds: list[CrowdSet]) -> dict[tuple[str, str], Curve]:
    """(method, set) → curve."""
    pieces = [
        (name, crowd, seed) for crowd in crowds for name in (MAJORITY, *METHODS) for seed in range(N_PERMUTATIONS)
    ]
    found = on_all_cores(_replay, pieces)
    curves: dict[tuple[str, str], Curve] = {}
    for place in range(0, len(pieces), N_PERMUTATIONS):
        name, crowd, _ = pieces[place]
        curves[name, crowd.name] = _average(found[place : place + N_PERMUTATIONS])
    return curves


def _average(walks: list[Floats]) -> Curve:
    """Walks are (P, 2) with the same P steps: spent, accuracy. Longer ones are cut to the shortest."""
    n_steps = min(len(walk) for walk in walks)
    steps = np.stack([walk[:n_steps] for walk in walks])
    mean = steps.mean(axis=0)
    order = np.argsort(mean[:, 0], kind="stable")
    return Curve(mean[order, 0], mean[order, 1], steps[:, order, 1].std(axis=0))


def _replay(piece: tuple[str, CrowdSet, int]) -> Floats:
    name, crowd, seed = piece
    rng = np.random.default_rng(seed + 1)
    gold = draw_gold(crowd, round(GOLD_SHARE * len(crowd.known)), rng)
    queues = face_down(crowd, rng)
    if seed == N_PERMUTATIONS - 1:
        say(f"{crowd.name}: {name}")
    if name == MAJORITY:
        return _fixed(crowd, queues, gold)
    make, thresholds = METHODS[name]
    if np.isnan(thresholds[0]):
        return _way(crowd, queues, no_gold(crowd), make, largest_gain())
    ends = [pool(crowd, queues, gold, round_robin(at), make(crowd, gold)) for at in thresholds]
    return np.array([_point(state) for state in ends])


def _way(crowd: CrowdSet, queues: list[list[int]], gold: Ints, make: Make, policy: Policy) -> Floats:
    """Every tenth of an answer a subject, one point: from one replay."""
    points: list[tuple[float, float]] = []

    def watch(state: State) -> None:
        if len(state.revealed) >= 0.1 * (len(points) + 5) * crowd.n_subjects:
            points.append(_point(state))

    pool(crowd, queues, gold, policy, make(crowd, gold), watch)
    return np.array(points)


def _point(state: State) -> tuple[float, float]:
    """Answers spent per measured subject, accuracy of the measured."""
    where = judged(state.crowd, state.gold)
    spent = len(state.revealed) - int(state.n[_unmeasured(state)].sum())
    return spent / len(where), metrics.accuracy(state.posterior, state.crowd.true, where)


def _unmeasured(state: State) -> Ints:
    """Subjects that are neither gold nor known: whatever a method asks of them is not held against it."""
    return np.flatnonzero((state.crowd.true < 0) & ~state.told)


def _fixed(crowd: CrowdSet, queues: list[list[int]], gold: Ints) -> Floats:
    """The majority of everybody's first n answers, n = 1 … 10."""
    where, points = judged(crowd, gold), []
    for n in range(1, max(FIXED) + 1):
        rows = np.array([row for subject in where for row in queues[subject][::-1][:n]])
        shares = crowd.only(rows).votes
        points.append((len(rows) / len(where), metrics.accuracy(shares, crowd.true, where)))
    return np.array(points)


def _answered(crowd: CrowdSet) -> Masks:
    return np.asarray(np.bincount(crowd.subject, minlength=crowd.n_subjects) > 0)


def _target(curves: dict[tuple[str, str], Curve], crowd: CrowdSet, fixed: int) -> float:
    return float(curves[MAJORITY, crowd.name].accuracy[fixed - 1])


def _ratio(curves: dict[tuple[str, str], Curve], name: str, crowd: CrowdSet, fixed: int) -> float:
    curve = curves[name, crowd.name]
    cost = metrics.cost_of(_target(curves, crowd, fixed), curve.spent, curve.accuracy)
    return 0.0 if np.isnan(cost) else float(curves[MAJORITY, crowd.name].spent[fixed - 1]) / cost
