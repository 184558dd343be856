"""Unlocking: whether gold shows that a volunteer knows every choice of a level well enough for the next."""

from __future__ import annotations

from scoring.arrays import Floats
from scoring.confusion import recall_bounds

# 90 % sure of every choice, one-sided: 4 right of 4, or 9 of 10, prove a recall of 0.7.
Z = 1.28


def unlocked(choice_counts: Floats, *, recall: float = 0.7, n_gold: int = 10, z: float = Z) -> bool:
    """Whether every choice's recall is `recall` or more by Wilson's (1927) lower bound, on `n_gold` gold.

    `choice_counts` (C, C) [true, given]; `n_gold` counts all choices together, the bound sees to each of
    them.
    """
    low, _ = recall_bounds(choice_counts, z)
    return bool(choice_counts.sum() >= n_gold and low.min() >= recall)


def holding_back(choice_counts: Floats, *, recall: float = 0.7, n_gold: int = 10, z: float = Z) -> int | None:
    """The choice with the lowest lower bound, the first where several tie; None once `unlocked`."""
    if unlocked(choice_counts, recall=recall, n_gold=n_gold, z=z):
        return None
    low, _ = recall_bounds(choice_counts, z)
    return int(low.argmin())
