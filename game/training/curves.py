"""How sure the model is, and what that is worth: does it come true, and what if it only spoke when it is sure?"""

from dataclasses import dataclass

import numpy as np

from game.training.intervals import Draws, Interval, unbiased_interval
from scoring.arrays import Floats, Ints
from scoring.calibration import expected_calibration_error
from scoring.confusion import wilson

# Whoever runs the model over all pictures must not find out by a bin's mean which of them are gold.
FEWEST = 5
IN_A_BIN = 20
MOST_BINS = 10
SHARES = tuple(tenth / 10 for tenth in range(1, 11))


@dataclass(frozen=True)
class ReliabilityBin:
    """`n` subjects: their mean confidence, and the share of them that was right, with Wilson's interval."""

    confidence: float
    right: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class CoveragePoint:
    """The `n` surest subjects are this `share` of all; `confidence` is what they have at least."""

    share: float
    confidence: float
    accuracy: float
    low: float
    high: float
    n: int


def reliability_bins(p: Floats, true: Ints) -> tuple[ReliabilityBin, ...]:
    """Least sure first, about as many subjects in each; empty for fewer than FEWEST. `p` (G, K), `true` (G,)."""
    if len(true) < FEWEST:
        return ()
    confidence, right = _sure(p, true)
    n_bins = min(max(len(true) // IN_A_BIN, 1), MOST_BINS)
    return tuple(_bin(confidence[part], right[part]) for part in np.array_split(np.argsort(confidence), n_bins))


def coverage_curve(p: Floats, true: Ints) -> tuple[CoveragePoint, ...]:
    """El-Yaniv and Wiener (2010): accuracy on the surest 10 %, 20 %, … 100 %, as far as these are FEWEST or more."""
    confidence, right = _sure(p, true)
    surest_first = np.argsort(-confidence, kind="stable")
    points = []
    for share in SHARES:
        chosen = surest_first[: round(share * len(true))]
        if len(chosen) >= FEWEST:
            low, high = wilson(right[chosen].sum(), len(chosen))
            # Two digits tell a threshold to whoever wants one, and nobody's own confidence.
            least = round(float(confidence[chosen[-1]]), 2)
            accuracy = float(right[chosen].mean())
            points.append(CoveragePoint(share, least, accuracy, float(low), float(high), len(chosen)))
    return tuple(points)


def calibration_error(p: Floats, true: Ints, drawn: Draws | None, n_bins: int = 10) -> tuple[float, Interval | None]:
    """ECE with its interval; None without draws."""
    found = expected_calibration_error(p, true, n_bins)
    if drawn is None:
        return found, None
    confidence, right = _sure(p, true)
    gaps = np.zeros((len(true), n_bins + 1))
    gaps[np.arange(len(true)), np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)] = right - confidence
    gaps[:, n_bins] = 1
    sums = drawn.sums(gaps)
    return found, unbiased_interval(np.abs(sums[:, :n_bins]).sum(axis=1) / sums[:, n_bins], found)


def _sure(p: Floats, true: Ints) -> tuple[Floats, Floats]:
    """Confidence (G,), and 1 where it was right."""
    return p.max(axis=1), (p.argmax(axis=1) == true).astype(np.float64)


def _bin(confidence: Floats, right: Floats) -> ReliabilityBin:
    low, high = wilson(right.sum(), len(right))
    return ReliabilityBin(float(confidence.mean()), float(right.mean()), float(low), float(high), len(right))
