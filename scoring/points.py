"""Points: what a round is worth; they follow measured informedness, so not looking earns nothing."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats
from scoring.confusion import informedness

POINTS_PER_LABEL = 10
HABIT_STRENGTH = 0.5  # In answers per choice: Jeffreys' half, spread as the volunteer's habit.
# In standard errors. Guessing at random has luck's chances; with this much caution it earns under 5 % of what
# a reliability of 0.8 earns over 20 rounds, even between two choices, and a perfect first round still earns
# 20 or more.
CAUTION = 1.96


def round_points(n_labels_given: int, choice_counts: Floats) -> int:
    """Points for a completed round in which `n_labels_given` subjects got a label, not an abstention.

    `choice_counts` (C, C) [true, given] are all of the volunteer's hidden gold so far, this round's included.
    """
    return round(POINTS_PER_LABEL * n_labels_given * cautious_informedness(choice_counts))


def cautious_informedness(choice_counts: Floats) -> float:
    """A lower bound of informedness, in [0, 1], from counts (C, C) [true, given]; 0 without gold.

    Every row is shrunk towards the volunteer's habit m, the shares in which they give the choices: R[t, g] =
    (C[t, g] + a·m[g]) / (Σ_g C[t, g] + a). If all rows were the habit the diagonal would sum to 1, which is
    chance: always the same answer, or a choice not met yet, is credited with nothing. From the mean of the
    diagonal CAUTION times its standard error, by Var R = R(1 - R)/(n + a), is subtracted.
    """
    n = choice_counts.sum(axis=1)  # (C,)
    habit = choice_counts.sum(axis=0) / max(n.sum(), 1.0)
    recall = (np.diagonal(choice_counts) + HABIT_STRENGTH * habit) / (n + HABIT_STRENGTH)
    standard_error = np.sqrt((recall * (1 - recall) / (n + HABIT_STRENGTH)).sum()) / len(n)
    return max(0.0, informedness(float(recall.mean() - CAUTION * standard_error), len(n)))
