"""What is measured: accuracy, log-loss, calibration error, how well a number finds cheats, what a curve costs."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints

# What a true label is taken to have had at least, so that one impossible truth is not the whole of a mean.
FLOOR = 1e-6


def accuracy(posterior: Floats, true: Ints, where: Ints) -> float:
    """Share of the subjects `where` whose top label is true; a tie of m labels that holds the truth counts 1/m."""
    chosen = posterior[where]
    top = chosen >= chosen.max(axis=1, keepdims=True) - 1e-9
    right = top[np.arange(len(where)), true[where]] / top.sum(axis=1)
    return float(right.mean())


def log_loss(posterior: Floats, true: Ints, where: Ints) -> float:
    """Mean -ln p(true), natural logarithm, no p below FLOOR."""
    return float(-np.log(np.maximum(posterior[where, true[where]], FLOOR)).mean())


def calibration_error(posterior: Floats, true: Ints, where: Ints, n_bins: int = 10) -> float:
    """ECE of the top label over bins of equal width: Guo et al. (2017), eq. 3. A tie is right in part."""
    _, n, gap = _bins(posterior, true, where, n_bins)
    return float(np.abs(gap).sum() / n.sum())


def reliability_curve(posterior: Floats, true: Ints, where: Ints, n_bins: int = 10) -> tuple[Floats, Floats, Floats]:
    """Mean confidence, accuracy and number of subjects of every bin that is not empty."""
    confidence, n, gap = _bins(posterior, true, where, n_bins)
    full = n > 0
    mean = confidence[full] / n[full]
    return mean, mean + gap[full] / n[full], n[full]


def _bins(posterior: Floats, true: Ints, where: Ints, n_bins: int) -> tuple[Floats, Floats, Floats]:
    """Per bin: sum of confidences, number of subjects, sum of (right - confidence); each (n_bins,)."""
    chosen = posterior[where]
    confidence = chosen.max(axis=1)
    top = chosen >= confidence[:, None] - 1e-9
    right = top[np.arange(len(where)), true[where]] / top.sum(axis=1)
    place = np.minimum((confidence * n_bins + 1e-9).astype(int), n_bins - 1)
    weights = np.stack([confidence, np.ones(len(where)), right - confidence])
    total, n, gap = (np.bincount(place, row, n_bins).astype(np.float64) for row in weights)
    return total, n, gap


def auc(suspicion: Floats, guilty: Floats) -> float:
    """Chance that a guilty one looks more suspicious than an innocent one, ties half: Mann and Whitney (1947)."""
    bad, good = suspicion[guilty > 0], suspicion[guilty <= 0]
    return float((np.sign(bad[:, None] - good[None, :]) / 2 + 0.5).mean())


def cost_of(target: float, spent: Floats, reached: Floats) -> float:
    """The fewest answers at which a curve (P,), sorted by `spent`, has `target` accuracy; NaN if it never has.

    Between two points the curve is a straight line. What an accidental dip costs later is not held against it.
    """
    best = np.maximum.accumulate(reached)
    above = np.flatnonzero(best >= target)
    if len(above) == 0:
        return float("nan")
    first = above[0]
    if first == 0:
        return float(spent[0])
    share = (target - best[first - 1]) / (best[first] - best[first - 1])
    return float(spent[first - 1] + share * (spent[first] - spent[first - 1]))
