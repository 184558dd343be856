"""Unlocking: whether gold shows that a volunteer knows every choice of a level well enough for the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import Floats, Masks
from scoring.confusion import recall_bounds

# 90 % sure of every choice, one-sided: 4 right of 4, or 9 of 10, prove a recall of 0.7.
Z = 1.28


@dataclass(frozen=True)
class UnlockRule:
    """`recall` in [0, 1] must be proved for every choice, on `n_gold` gold of all choices together."""

    recall: float = 0.7
    n_gold: int = 10
    z: float = Z


def unlocked(choice_counts: Floats, rule: UnlockRule, judged: Masks | None = None) -> bool:
    """Whether every judged choice's recall is `rule.recall` or more by Wilson's (1927) lower bound.

    `choice_counts` (C, C) [true, given]; `judged` (C,) leaves out choices that the project has no gold for, which
    nobody could prove; None judges all.
    """
    low, _ = recall_bounds(choice_counts, rule.z)
    proved = low[_all(low) if judged is None else judged].min(initial=1.0) >= rule.recall
    return bool(proved and choice_counts.sum() >= rule.n_gold)


def holding_back(choice_counts: Floats, rule: UnlockRule, judged: Masks | None = None) -> int | None:
    """The judged choice with the lowest lower bound, the first where several tie; None once `unlocked`."""
    if unlocked(choice_counts, rule, judged):
        return None
    low, _ = recall_bounds(choice_counts, rule.z)
    return int(np.where(_all(low) if judged is None else judged, low, np.inf).argmin())


def _all(low: Floats) -> Masks:
    return np.ones(len(low), dtype=np.bool_)
