"""The array types that scoring speaks, and the smallest number whose logarithm it takes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Masks: TypeAlias = NDArray[np.bool_]

# One impossible answer must not turn a posterior into 0/0: no probability counts as smaller than this.
TINY = 1e-12


def log(probability: Floats) -> Floats:
    """Natural logarithm, finite even at 0; any shape."""
    return np.log(np.maximum(probability, TINY))


def softmax(log_weight: Floats) -> Floats:
    """Probabilities (..., K) proportional to exp(log_weight); the last axis sums to 1."""
    weight = log_weight - log_weight.max(axis=-1, keepdims=True)
    np.exp(weight, out=weight)
    weight /= (weight @ np.ones(weight.shape[-1]))[..., None]  # Faster than a sum over so short an axis.
    return np.asarray(weight)
