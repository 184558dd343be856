"""Calibration: does a stated confidence come true?"""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints


def expected_calibration_error(posterior: Floats, true: Ints, n_bins: int = 10) -> float:
    """Mean gap between confidence and accuracy, in [0, 1]; `posterior` (G, K), `true` (G,); 0 for no gold.

    Σ_b |B_b|/G · |accuracy(B_b) - confidence(B_b)| over bins of equal width: Naeini, Cooper and Hauskrecht
    (2015); Guo et al. (2017), eq. 3.
    """
    if len(true) == 0:
        return 0.0
    confidence = posterior.max(axis=1)
    surplus = (posterior.argmax(axis=1) == true) - confidence
    bins = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    return float(np.abs(np.bincount(bins, weights=surplus)).sum() / len(true))
