"""The array types that scoring speaks, and the smallest number whose logarithm it takes."""

from __future__ import annotations

from functools import reduce
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
    # For many at once label by label, and summed by a product: numpy is slow along so short an axis.
    many = log_weight.ndim > 1
    peak = reduce(np.maximum, np.moveaxis(log_weight, -1, 0)) if many else log_weight.max()
    weight = log_weight - peak[..., None]
    np.exp(weight, out=weight)
    weight /= (weight @ np.ones(weight.shape[-1], weight.dtype))[..., None]
    return np.asarray(weight)
