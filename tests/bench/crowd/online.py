"""One answer more: microseconds at a million stored answers, and how far online labels drift from a full refit."""

from __future__ import annotations

import time

import numpy as np

from scoring.arrays import Floats, Ints
from tests.bench.crowd import ours, running
from tests.bench.crowd.data import VISIBLE, CrowdSet, no_gold
from tests.bench.crowd.runs import on_all_cores, say
from tests.bench.crowd.speed import N_ANSWERS, drawn
from tests.bench.crowd.stop import Make
from tests.bench.crowd.tables import Goal, Part, Table

MAX_US, MAX_DISAGREEMENT = 30.0, 0.002
N_MORE, N_ROUNDS = 10_000, 5  # a hundredth of what is stored comes in between two refits
N_PERMUTATIONS, N_REFITS = 2, 50
METHODS: dict[str, Make] = {ours.NAME: ours.Running, "online DS + gold": running.PlainEM}


def part(crowds: list[CrowdSet]) -> Part:
    grown = drawn(N_ANSWERS + N_MORE)
    big = {name: _grow(make, grown) for name, make in METHODS.items()}
    say("online: a million stored")
    pieces = [(name, crowd) for crowd in crowds for name in METHODS]
    found = dict(zip([(name, crowd.name) for name, crowd in pieces], on_all_cores(_drift, pieces), strict=True))
    shown = [[name, f"{big[name][0]:.1f}", f"{100 * big[name][1]:.3f} %"] for name in METHODS]
    drift = [[name, *(f"{100 * found[name, crowd.name]:.2f} %" for crowd in crowds)] for name in METHODS]
    tables = [
        Table(
            "One answer more at a million stored", ["method", "µs / answer", "labels unlike a refit's"], shown, _NOTE
        ),
        Table(
            "Labels unlike a full refit's, just before the refit", ["method", *(c.name for c in crowds)], drift, _DRIFT
        ),
    ]
    name = "online DS + gold"
    mine = big[ours.NAME]
    real = float(np.mean([found[ours.NAME, crowd.name] for crowd in crowds if crowd.name in VISIBLE]))
    theirs = float(np.mean([found[name, crowd.name] for crowd in crowds if crowd.name in VISIBLE]))
    goals = [
        Goal("online update, µs an answer", f"{name} {big[name][0]:.1f}", f"≤ {MAX_US:.0f}", f"{mine[0]:.1f}",
             MAX_US - mine[0]),
        Goal("online labels unlike a refit's, 1 M answers", f"{name} {100 * big[name][1]:.2f} %",
             f"≤ {100 * MAX_DISAGREEMENT:.1f} %", f"{100 * mine[1]:.3f} %", MAX_DISAGREEMENT - mine[1]),
        Goal("online labels unlike a refit's, visible sets", f"{name} {100 * theirs:.2f} %",
             f"≤ {100 * MAX_DISAGREEMENT:.1f} %", f"{100 * real:.2f} %", MAX_DISAGREEMENT - real),
    ]  # fmt: skip
    return Part("Online", tables, goals)


_NOTE = (
    f"{N_ANSWERS:,} drawn answers are stored and fitted; {N_MORE:,} more come in one by one, one thread: median over "
    f"{N_ROUNDS} stretches. Then everything is fitted anew, and the labels of all subjects are compared."
)
_DRIFT = (
    f"Mean over {N_REFITS - 1} refits, a fiftieth of all answers apart, and {N_PERMUTATIONS} random orders: labels of "
    "subjects with answers, the moment before and after a refit. Small sets: a fiftieth is about a hundred answers."
)


def _grow(make: Make, crowd: CrowdSet) -> tuple[float, float]:
    """µs an answer, share of labels that a refit changes."""
    consensus = make(crowd, no_gold(crowd))
    consensus.refit(np.arange(N_ANSWERS))
    taken = []
    for stretch in np.array_split(np.arange(N_ANSWERS, N_ANSWERS + N_MORE), N_ROUNDS):
        rows = stretch.tolist()
        start = time.process_time()
        for row in rows:
            consensus.add(row)
        taken.append((time.process_time() - start) / len(rows))
    online = consensus.posterior.argmax(axis=1)
    consensus.refit(np.arange(N_ANSWERS + N_MORE))
    return 1e6 * float(np.median(taken)), _unlike(online, consensus.posterior, np.arange(crowd.n_subjects))


def _drift(piece: tuple[str, CrowdSet]) -> float:
    name, crowd = piece
    return float(np.mean([_drifts(METHODS[name], crowd, seed) for seed in range(N_PERMUTATIONS)]))


def _drifts(make: Make, crowd: CrowdSet, seed: int) -> float:
    consensus = make(crowd, no_gold(crowd))
    order = np.random.default_rng(seed).permutation(crowd.n_answers)
    found, seen = [], 0
    for stretch in np.array_split(order, N_REFITS):
        for row in stretch.tolist():
            consensus.add(row)
        seen += len(stretch)
        online = consensus.posterior.argmax(axis=1)
        consensus.refit(order[:seen])
        found.append(_unlike(online, consensus.posterior, np.unique(crowd.subject[order[:seen]])))
    return float(np.mean(found[1:]))


def _unlike(online: Ints, refitted: Floats, where: Ints) -> float:
    return float((online != refitted.argmax(axis=1))[where].mean())
