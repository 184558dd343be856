"""The promise of the stop rule: of the subjects that stopped at 95 %, are 95 % right?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scoring.arrays import Floats, Ints
from tests.bench.crowd import ours, plots, running
from tests.bench.crowd.data import VISIBLE, CrowdSet, draw_gold
from tests.bench.crowd.replay import promise, stream
from tests.bench.crowd.runs import on_all_cores, say
from tests.bench.crowd.tables import Figure, Goal, Part, Table

AT, N_GOLD, N_PERMUTATIONS, N_OTHERS = 0.95, 50, 10, 3
MEAN_GOAL, WORST_GOAL = 0.02, 0.05
LEAD = 3  # ahead by 3: the usual rule of thumb; it states no confidence, so it is held to AT

Make = Callable[[CrowdSet, Ints], running.Running]
METHODS: dict[str, tuple[Make, float]] = {
    ours.NAME: (ours.Retiring, AT),
    "online DS + gold": (running.PlainEM, AT),
    "majority share": (running.Shares, AT),
    f"leader {LEAD} ahead": (running.Lead, 1 - 0.5**LEAD),
}


def part(crowds: list[CrowdSet]) -> Part:
    pieces = [(name, crowd, seed) for crowd in crowds for name in METHODS for seed in _seeds(crowd)]
    found = dict(zip([(n, c.name, s) for n, c, s in pieces], on_all_cores(_replay, pieces), strict=True))
    visible = [crowd for crowd in crowds if crowd.name in VISIBLE]
    measured = {name: {crowd.name: _mean(found, name, crowd) for crowd in crowds} for name in METHODS}
    gaps = {name: {crowd.name: float(measured[name][crowd.name][0]) for crowd in visible} for name in METHODS}
    caption = (
        f"Subjects stopped at {AT} with {N_GOLD} gold: how much surer the claim was than the truth, "
        f"mean over {N_PERMUTATIONS} orders, visible sets."
    )
    figure = Figure("stop.svg", caption, lambda path: plots.gaps(gaps, path))
    return Part("Stop promise", _tables(found, measured, crowds), _goals(measured, visible), [figure])


def _tables(
    found: dict[tuple[str, str, int], Floats], measured: dict[str, dict[str, Floats]], crowds: list[CrowdSet]
) -> list[Table]:
    is_visible = np.array([crowd.name in VISIBLE for crowd in crowds])
    head = ["method", f"mean of {is_visible.sum()}", "largest", *(crowd.name for crowd in crowds)]
    tables = []
    for title, column in (("claimed − true", 0), (f"{AT} − true", 1), ("share stopped", 2), ("answers per subject", 3)):
        each = {name: np.array([measured[name][crowd.name][column] for crowd in crowds]) for name in METHODS}
        rows = [
            [name, *(_show(value, column) for value in (v[is_visible].mean(), v[is_visible].max(), *v))]
            for name, v in each.items()
        ]
        tables.append(Table(f"Stop at {AT} with {N_GOLD} gold: {title}", head, rows, _NOTE if column == 3 else ""))
    in_order = [crowd for crowd in crowds if crowd.ordered]
    rows = [[name, *(_show(found[name, crowd.name, -1][0], 0) for crowd in in_order)] for name in METHODS]
    title = "The same in the file's own order: claimed − true"
    return [*tables, Table(title, ["method", *(crowd.name for crowd in in_order)], rows)]


_NOTE = (
    f"{N_PERMUTATIONS} random orders of all answers and draws of gold ({N_OTHERS} on other sets), fixed seeds. "
    "A subject stops when the published "
    "confidence reaches the threshold with at least the rule's minimum of answers; later answers are not taken. "
    "Claimed: mean confidence at the stop; true: how many of these labels are right. In points; gold is not counted "
    "among the stopped, its answers are counted among the spent. The rule of the lead claims nothing: held to .95."
)


def _seeds(crowd: CrowdSet) -> list[int]:
    """-1 is the file's own order; sets beside the table get fewer permutations."""
    return [*range(_n_permutations(crowd)), *([-1] if crowd.ordered else [])]


def _n_permutations(crowd: CrowdSet) -> int:
    return N_PERMUTATIONS if crowd.name in VISIBLE else N_OTHERS


def _replay(piece: tuple[str, CrowdSet, int]) -> Floats:
    """claimed - true, .95 - true, share stopped, answers per subject; NaN where nothing stopped."""
    name, crowd, seed = piece
    make, at = METHODS[name]
    rng = np.random.default_rng(seed + 1)
    gold = draw_gold(crowd, N_GOLD, rng)
    order = np.arange(crowd.n_answers) if seed < 0 else rng.permutation(crowd.n_answers)
    stops = stream(crowd, order, gold, make(crowd, gold), at)
    if seed == _n_permutations(crowd) - 1:
        say(f"{crowd.name}: {name}")
    return promise(crowd, gold, stops, AT, states=make is not running.Lead)


def _mean(found: dict[tuple[str, str, int], Floats], name: str, crowd: CrowdSet) -> Floats:
    return np.asarray(np.mean([found[name, crowd.name, seed] for seed in range(_n_permutations(crowd))], axis=0))


def _show(value: float, column: int) -> str:
    return f"{100 * value:+.1f}" if column < 2 else f"{value:.2f}"


def _goals(measured: dict[str, dict[str, Floats]], visible: list[CrowdSet]) -> list[Goal]:
    gaps = {name: np.array([by_set[crowd.name][0] for crowd in visible]) for name, by_set in measured.items()}
    rival = min((name for name in gaps if name != ours.NAME), key=lambda name: abs(gaps[name].mean()))
    mean, worst = float(gaps[ours.NAME].mean()), float(gaps[ours.NAME].max())
    which = visible[int(gaps[ours.NAME].argmax())].name
    return [
        Goal(f"stop at {AT}: claimed − true, mean, points", f"{rival} {100 * gaps[rival].mean():.1f}",
             f"≤ {100 * MEAN_GOAL:.0f}", f"{100 * mean:+.1f}", MEAN_GOAL - mean),
        Goal(f"stop at {AT}: claimed − true, worst set, points", f"{rival} {100 * gaps[rival].max():.1f}",
             f"≤ {100 * WORST_GOAL:.0f}", f"{100 * worst:+.1f} ({which})", WORST_GOAL - worst),
    ]  # fmt: skip
