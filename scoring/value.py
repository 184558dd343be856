"""The value of one more answer: how much likelier the leading choice would be to be right for having asked."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np

from scoring.arrays import Floats, Ints, Masks

# How many answers are looked ahead: what one alone can't turn, often two can.
AHEAD = 2


def expected_gain(posterior: Floats, pooled: Floats, choices: Masks, ahead: int = AHEAD) -> Floats:
    """Expected growth, in [0, 1], of the largest probability of a choice, for each answer of the average volunteer.

    max_m (Σ_g max_c Σ_{t∈c} p(t)·P(g | t) - max_c Σ_{t∈c} p(t)) / m, where g are m ≤ `ahead` choices given: the value
    of information under 0-1 loss (Raiffa and Schlaifer 1961, section 4.5; for crowds Kamar, Hacker and Horvitz 2012),
    of as many answers as make each worth most (Frazier and Powell 2010, section 4). 0 where even so many could not
    change the lead. `posterior` (..., K), `pooled` (K, K) [true, given], `choices` (C, K) on offer; gains (...).
    """
    given = pooled @ choices.T  # (K, C), P(given choice | true label)
    among = posterior[..., None, :] * choices  # (..., C, K)
    lead = among.sum(axis=-1).max(axis=-1)
    most: Floats = np.zeros_like(lead)
    for m in range(1, ahead + 1):
        which, ways = _outcomes(len(choices), m)
        joint = among @ (ways * given[:, which].prod(axis=2))  # (..., C, O), P(true choice, what m answers give)
        most = np.maximum(most, (joint.max(axis=-2).sum(axis=-1) - lead) / m)
    return most


def share_of_most(posterior: Floats, pooled: Floats, choices: Masks) -> Floats:
    """The same in [0, 1] of what an answer gains where nothing is known, (...): 1 for what could be anything."""
    most = _most(pooled.tobytes(), choices.tobytes(), posterior.shape[-1])
    gain: Floats = expected_gain(posterior, pooled, choices)
    return np.minimum(gain / most, 1.0) if most > 0 else 0 * gain


@lru_cache(maxsize=256)
def _most(pooled: bytes, choices: bytes, n_labels: int) -> float:
    """What an answer gains where nothing is known: of all subjects the same, until the next aggregation."""
    matrix = np.frombuffer(pooled, dtype=np.float64).reshape(n_labels, n_labels)
    offered = np.frombuffer(choices, dtype=np.bool_).reshape(-1, n_labels)
    return float(expected_gain(np.full(n_labels, 1 / n_labels), matrix, offered))


@lru_cache
def _outcomes(n_choices: int, m: int) -> tuple[Ints, Ints]:
    """What `m` answers can give, in any order: the choices (O, m), and in how many orders each comes (O,)."""
    found = list(combinations_with_replacement(range(n_choices), m))
    ways = [factorial(m) // prod(factorial(one.count(choice)) for choice in set(one)) for one in found]
    return np.array(found), np.array(ways)
