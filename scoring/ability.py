"""Ability: one number a volunteer, learnt sooner than a whole matrix and shared by all its rows."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats

SPREAD = 0.75  # Standard deviation of ability between volunteers, in log odds.
STEP = 0.5  # Of a Newton step: the posteriors that it is fitted to move as well.


def more_able(ability: Floats, counts: Floats, pooled: Floats) -> Floats:
    """A step of `ability` (V,) towards what explains the counts (V, K, K) [true, given] best.

    Maximises Σ_t C_v[t, t]·log P_v[t, t] + (C_v[t] - C_v[t, t])·log(1 - P_v[t, t]) - α²/(2·SPREAD²) with log odds
    P_v[t, t] = log odds Π[t, t] + α_v: logistic regression with an offset and a normal prior, one parameter each
    (Rasch 1960 with labels for items), by a damped Newton step of at most 1.
    """
    ones = np.ones(len(pooled))  # numpy sums along so short an axis faster as a product.
    n = counts @ ones  # (V, K)
    recall = _recall(ability, pooled)  # (V, K)
    slope = (np.diagonal(counts, axis1=1, axis2=2) - n * recall) @ ones - ability / SPREAD**2
    curvature = (n * recall * (1 - recall)) @ ones + 1 / SPREAD**2
    return np.asarray(ability + np.clip(STEP * slope / curvature, -1.0, 1.0))


def raised(pooled: Floats, ability: Floats) -> Floats:
    """The pooled matrix (K, K) as volunteers of this `ability` (V,) would have it: (V, K, K), rows sum to 1.

    The odds of the diagonal grow by e^α; errors keep their proportions.
    """
    recall = _recall(ability, pooled)
    missed = (1 - recall) / (1 - np.diagonal(pooled))  # (V, K)
    matrix = missed[:, :, None] * pooled
    place = np.arange(len(pooled))
    matrix[:, place, place] = recall
    return np.asarray(matrix)


def _recall(ability: Floats, pooled: Floats) -> Floats:
    """(V, K): P(given = t | true = t)."""
    right = np.diagonal(pooled) * np.exp(ability)[:, None]
    return np.asarray(right / (right + 1 - np.diagonal(pooled)))
