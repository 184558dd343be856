"""Calibration: one temperature, fitted on gold, that makes a stated confidence come true."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints, log, softmax

COLDEST, HOTTEST = 0.5, 10.0
# How firmly posteriors are believed as they are: about as firmly as a dozen gold subjects could say
# otherwise. Without it, five correct ones would make every posterior as sharp as the bound allows, and retire
# subjects early.
CAUTION = 5.0


def temperature(posterior: Floats, true: Ints) -> float:
    """T in [COLDEST, HOTTEST] that best predicts the `true` labels (G,) of gold; 1 for no gold.

    The posteriors (G, K) must have been made without knowing these labels. Maximises, over β = 1/T, Σ log
    softmax(β·log p)[true] - CAUTION/2·(β - 1)²: temperature scaling, Guo, Pleiss, Sun and Weinberger (2017),
    section 4.2, with a ridge. It is concave in β, so bisecting its slope finds the only maximum.
    """
    log_p = log(posterior)
    seen = log_p[np.arange(len(true)), true].sum()
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(50):
        beta = (low + high) / 2
        slope = seen - (softmax(beta * log_p) * log_p).sum() - CAUTION * (beta - 1)
        low, high = (beta, high) if slope > 0 else (low, beta)
    return 2 / (low + high)


def calibrate(posterior: Floats, temperature: float) -> Floats:
    """p^(1/T), (..., K), the last axis normalised to sum to 1: softer for T > 1, sharper for T < 1."""
    return softmax(log(posterior) / temperature)


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
