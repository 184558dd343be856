"""The value of one more answer: how much likelier the leading choice would be to be right for having asked."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scoring.arrays import Floats, Masks


def expected_gain(posterior: Floats, pooled: Floats, choices: Masks) -> float:
    """Expected growth, in [0, 1], of the largest probability of a choice by one answer of the average volunteer.

    Σ_g max_c Σ_{t∈c} p(t)·P(g | t) - max_c Σ_{t∈c} p(t): the value of information under 0-1 loss (Raiffa and
    Schlaifer 1961, section 4.5; for crowds Kamar, Hacker and Horvitz 2012). 0 where no single answer could change the
    lead. `posterior` (K,), `pooled` (K, K) [true, given], `choices` (C, K) on offer.
    """
    given = pooled @ choices.T  # (K, C), P(given choice | true label)
    joint = choices @ (posterior[:, None] * given)  # (C, C), P(true choice, given choice)
    return max(0.0, float(joint.max(axis=0).sum() - (choices @ posterior).max()))


def share_of_most(posterior: Floats, pooled: Floats, choices: Masks) -> float:
    """The same in [0, 1] of what an answer gains where nothing is known: 1 for a subject that could be anything."""
    most = _most(pooled.tobytes(), choices.tobytes(), len(posterior))
    return min(1.0, expected_gain(posterior, pooled, choices) / most) if most > 0 else 0.0


@lru_cache(maxsize=256)
def _most(pooled: bytes, choices: bytes, n_labels: int) -> float:
    """What an answer gains where nothing is known: of all subjects the same, until the next aggregation."""
    matrix = np.frombuffer(pooled, dtype=np.float64).reshape(n_labels, n_labels)
    offered = np.frombuffer(choices, dtype=np.bool_).reshape(-1, n_labels)
    return expected_gain(np.full(n_labels, 1 / n_labels), matrix, offered)
