"""Accuracy of the consensus on every set, without any truth, and what it gains or loses against the majority."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats
from tests.bench.crowd import metrics, ours
from tests.bench.crowd.data import VISIBLE, CrowdSet
from tests.bench.crowd.runs import posteriors
from tests.bench.crowd.tables import Goal, Part, Table

GOAL, ALLOWED_LOSS = 0.860, 0.003


def part(crowds: list[CrowdSet]) -> Part:
    found = posteriors(crowds)
    scores = {name: np.array([_score(by_set[crowd.name], crowd) for crowd in crowds]) for name, by_set in found.items()}
    visible = np.array([crowd.name in VISIBLE for crowd in crowds])
    means = {name: float(score[visible].mean()) for name, score in scores.items()}
    order = [ours.NAME, *sorted((name for name in scores if name != ours.NAME), key=lambda name: -_high(means[name]))]
    head = ["method", f"mean of {visible.sum()}", *(crowd.name for crowd in crowds)]
    rows = [[name, _points(means[name]), *map(_points, scores[name])] for name in order]
    against = [
        [name, _signed(means[name] - means["majority"]), *map(_signed, scores[name] - scores["majority"])]
        for name in order
        if name != "majority"
    ]
    tables = [
        Table("Accuracy, no truth used", head, rows, _NOTE),
        Table("Accuracy, points gained against the majority", head, against),
    ]
    return Part("Accuracy", tables, _goals(scores, means, order, crowds))


_NOTE = (
    "A tie of m labels counts 1/m. The mean is over the visible sets; sets named zoo_… have no expert truth but "
    "their volunteers' own unanimity, which flatters the majority. –: not made for it, or out of memory."
)


def _score(posterior: Floats | None, crowd: CrowdSet) -> float:
    return float("nan") if posterior is None else metrics.accuracy(posterior, crowd.true, crowd.known)


def _goals(scores: dict[str, Floats], means: dict[str, float], order: list[str], crowds: list[CrowdSet]) -> list[Goal]:
    best = order[1]
    loss = scores["majority"] - scores[ours.NAME]
    worst = int(np.argmax(loss))
    least = min((name for name in order[1:] if name != "majority"), key=lambda name: _last(_loss(scores, name)))
    return [
        Goal(
            "mean accuracy, visible sets",
            f"{best} {means[best]:.4f}",
            f"≥ {GOAL:.3f}",
            f"{means[ours.NAME]:.4f}",
            means[ours.NAME] - GOAL,
        ),
        Goal(
            "points under the majority, worst set",
            f"{least} {100 * _loss(scores, least):.1f}",
            f"≤ {100 * ALLOWED_LOSS:.1f}",
            f"{100 * loss[worst]:.2f} ({crowds[worst].name})",
            ALLOWED_LOSS - float(loss[worst]),
        ),
    ]


def _loss(scores: dict[str, Floats], name: str) -> float:
    return float(np.max(scores["majority"] - scores[name]))


def _high(number: float) -> float:
    return -np.inf if np.isnan(number) else number


def _last(number: float) -> float:
    return np.inf if np.isnan(number) else number


def _points(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.4f}"


def _signed(difference: float) -> str:
    return "–" if np.isnan(difference) else f"{100 * difference:+.2f}"
