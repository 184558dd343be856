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
# A sum of weights between this and its inverse is one that single precision holds well.
SMALL = 1e-20


def log(probability: Floats) -> Floats:
    """Natural logarithm, finite even at 0; any shape."""
    return np.log(np.maximum(probability, TINY))


def softmax(log_weight: Floats) -> Floats:
    """Probabilities (..., K) proportional to exp(log_weight); the last axis sums to 1."""
    ones = np.ones(log_weight.shape[-1], log_weight.dtype)
    if log_weight.ndim == 1:
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / (weight @ ones))
    # numpy is slow along so short an axis: sums are products, and peaks are looked for only where floats would end.
    with np.errstate(over="ignore"):
        weight = np.exp(log_weight)
        total = weight @ ones
    far = ~((total > SMALL) & (total < 1 / SMALL))
    if far.any():
        weight[far] = np.exp(log_weight[far] - log_weight[far].max(axis=-1, keepdims=True))
        total[far] = weight[far] @ ones
    weight /= total[..., None]
    return np.asarray(weight)
