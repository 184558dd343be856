"""Does the published confidence mean what it says: log-loss and ECE, without truth and with some gold."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints, Masks
from tests.bench.crowd import metrics, ours, plots
from tests.bench.crowd.data import VISIBLE, CrowdSet, draw_gold, judged, no_gold
from tests.bench.crowd.rivals import WITH_GOLD
from tests.bench.crowd.runs import Posteriors, on_all_cores, posteriors, say
from tests.bench.crowd.tables import Figure, Goal, Part, Table

N_GOLD, N_DRAWS = 50, 10
WITHOUT, WITH = (0.50, 0.05), (0.45, 0.03)  # log-loss, ECE
# These take seconds a fit; their sets of gold are fewer.
SLOW, N_SLOW_DRAWS = ("crowd-kit DawidSkene", "EBCC (own writing)"), 3

Scores = dict[str, Floats]  # method → (sets, 2), log-loss and ECE


def part(crowds: list[CrowdSet]) -> Part:
    found = posteriors(crowds)
    without = {
        name: np.array([_without(by_set[crowd.name], crowd) for crowd in crowds]) for name, by_set in found.items()
    }
    with_gold = _with_gold(crowds)
    visible = np.array([crowd.name in VISIBLE for crowd in crowds])
    tables = [
        _table("Log-loss / ECE, no truth used", without, visible, crowds),
        _table(f"Log-loss / ECE with {N_GOLD} gold subjects", with_gold, visible, crowds, _NOTE),
    ]
    goals = [
        *_goals("no truth used", without, visible, WITHOUT),
        *_goals(f"{N_GOLD} gold", with_gold, visible, WITH),
    ]
    caption = "Stated confidence against accuracy, all visible sets together (each counts the same); gold: first draw."
    figure = Figure("reliability.svg", caption, lambda path: plots.reliability(_panels(found, crowds), path))
    return Part("Calibration", tables, goals, [figure])


def _panels(found: Posteriors, crowds: list[CrowdSet]) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Per method: mean confidence, accuracy and weight of every bin."""
    visible = [crowd for crowd in crowds if crowd.name in VISIBLE]
    gold = {crowd.name: draw_gold(crowd, N_GOLD, np.random.default_rng(0)) for crowd in visible}
    rival = "crowd-kit DawidSkene"
    chosen: dict[str, list[tuple[CrowdSet, Floats | None, Ints]]] = {
        "majority": [(crowd, found["majority"][crowd.name], crowd.known) for crowd in visible],
        rival: [(crowd, found[rival][crowd.name], crowd.known) for crowd in visible],
        f"{ours.NAME}, EM alone": [(c, ours.uncalibrated(c, no_gold(c)), c.known) for c in visible],
        ours.NAME: [(crowd, found[ours.NAME][crowd.name], crowd.known) for crowd in visible],
        f"{ours.NAME}, {N_GOLD} gold": [(c, ours.consensus(c, gold[c.name]), judged(c, gold[c.name])) for c in visible],
    }
    return {name: _pooled(triples) for name, triples in chosen.items()}


def _pooled(triples: list[tuple[CrowdSet, Floats | None, Ints]]) -> tuple[Floats, Floats, Floats]:
    sums = np.zeros((3, 10))
    for crowd, posterior, where in triples:
        assert posterior is not None
        confidence, right, n = metrics.reliability_curve(posterior, crowd.true, where)
        place = np.minimum((confidence * 10 + 1e-9).astype(int), 9)
        for total, values in zip(sums, (confidence * n, right * n, n), strict=True):
            np.add.at(total, place, values / len(where))
    full = sums[2] > 0
    return sums[0, full] / sums[2, full], sums[1, full] / sums[2, full], sums[2, full]


_NOTE = (
    f"Gold is drawn by seed, {N_DRAWS} times ({N_SLOW_DRAWS} for crowd-kit's and EBCC), at most half of the known "
    "subjects; measured on the others. ECE: ten bins of equal width, the top label; no p below 1e-6 in the log-loss."
)


def _without(posterior: Floats | None, crowd: CrowdSet) -> Floats:
    return np.full(2, np.nan) if posterior is None else _measure(posterior, crowd, crowd.known)


def _measure(posterior: Floats, crowd: CrowdSet, where: Ints) -> Floats:
    loss = metrics.log_loss(posterior, crowd.true, where)
    return np.array([loss, metrics.calibration_error(posterior, crowd.true, where)])


def _with_gold(crowds: list[CrowdSet]) -> Scores:
    methods = {ours.NAME: ours.consensus, **WITH_GOLD}
    pieces = [(name, crowd) for crowd in crowds for name in methods]
    found = on_all_cores(_draws, pieces)
    scores = {name: np.zeros((len(crowds), 2)) for name in methods}
    for (name, crowd), score in zip(pieces, found, strict=True):
        scores[name][crowds.index(crowd)] = score
    return scores


def _draws(piece: tuple[str, CrowdSet]) -> Floats:
    """Mean (log-loss, ECE) over draws of gold."""
    name, crowd = piece
    method = {ours.NAME: ours.consensus, **WITH_GOLD}[name]
    found = []
    for seed in range(N_SLOW_DRAWS if name in SLOW else N_DRAWS):
        gold = draw_gold(crowd, N_GOLD, np.random.default_rng(seed))
        found.append(_measure(method(crowd, gold), crowd, judged(crowd, gold)))
    say(f"{crowd.name}: {name} with gold")
    return np.asarray(np.mean(found, axis=0))


def _table(title: str, scores: Scores, visible: Masks, crowds: list[CrowdSet], note: str = "") -> Table:
    head = ["method", f"mean of {visible.sum()}", *(crowd.name for crowd in crowds)]
    rows = [[name, _pair(score[visible].mean(axis=0)), *map(_pair, score)] for name, score in scores.items()]
    return Table(title, head, rows, note)


def _pair(score: Floats) -> str:
    return "–" if np.isnan(score).any() else f"{score[0]:.3f} / {score[1]:.3f}"


def _goals(what: str, scores: Scores, visible: Masks, wanted: tuple[float, float]) -> list[Goal]:
    means = {name: score[visible].mean(axis=0) for name, score in scores.items()}
    goals = []
    for place, measure in enumerate(("log-loss", "ECE")):
        others = {name: mean[place] for name, mean in means.items() if name != ours.NAME and not np.isnan(mean[place])}
        best = min(others, key=lambda name: others[name])
        reached = float(means[ours.NAME][place])
        goals.append(
            Goal(
                f"{measure}, {what}",
                f"{best} {others[best]:.3f}",
                f"≤ {wanted[place]:.2f}",
                f"{reached:.3f}",
                wanted[place] - reached,
            )
        )
    return goals
