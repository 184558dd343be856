"""The value of one more answer: how much likelier the leading label would be to be right for having asked."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats


def expected_gain(posterior: Floats, pooled: Floats) -> Floats:
    """Expected growth (...) of the largest probability of `posterior` (..., K) by one answer of the average volunteer.

    Σ_g max_t p(t)·Π[t, g] - max_t p(t), in [0, 1]: the value of information under 0-1 loss (Raiffa and Schlaifer
    1961, section 4.5; for crowds Kamar, Hacker and Horvitz 2012). 0 where no single answer could change the label.
    `pooled` (K, K) [true, given].
    """
    joint = posterior[..., :, None] * pooled  # (..., K, K), P(true, given)
    return np.asarray(joint.max(axis=-2).sum(axis=-1) - posterior.max(axis=-1))
