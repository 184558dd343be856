"""Reliabilities with intervals: confusion matrices from expected counts, shrunk to the volunteer and then the crowd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from scoring.arrays import TINY, Floats

# In answers: how firmly each label's recall is believed to be near the volunteer's accuracy over all labels.
ROW_STRENGTH = 8.0
# Bounds of the same for a volunteer and the crowd, in answers; a small crowd's spread is mostly luck.
LOOSEST, FIRMEST = 2.0, 200.0
_TAIL = 0.025


@dataclass(frozen=True)
class Reliabilities:
    """`low` and `high` (V,) are bounds of the reliability, the mean of the diagonal, that hold 95 of 100."""

    confusion: Floats  # (V, K, K), entry [true, given], rows sum to 1
    low: Floats
    high: Floats

    @property
    def reliability(self) -> Floats:
        """(V,), in [0, 1]."""
        return np.asarray(np.diagonal(self.confusion, axis1=1, axis2=2).mean(axis=1))


def measure(counts: Floats) -> Reliabilities:
    """From expected counts (V, K, K) [true, given], K ≥ 2.

    A volunteer's accuracy over all labels is Beta(s·π + c, s·(1 - π) + n - c), mean ρ, with the crowd's π and s
    (`spread`). Row t of her matrix is (C[t] + b·R[t]) / (n[t] + b): R[t] has ρ on the diagonal and the crowd's own
    mistakes beside it, b = ROW_STRENGTH. The variance of the reliability is w²·ρ(1 - ρ)/(n + s + 1) + Σ_t r(1 - r) /
    (n[t] + b + 1) / K², r the diagonal and w the mean of b/(n[t] + b); of the Beta with its mean and variance 2.5 %
    are cut off on either side. Hierarchical as in Gelman et al., Bayesian data analysis, 3rd ed. (2013), chapter 5.
    """
    n_rows, n_labels = counts.sum(axis=2), counts.shape[1]
    correct, n = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    share, strength = spread(correct, n)
    accuracy = (correct + strength * share) / (n + strength)
    confusion = (counts + ROW_STRENGTH * _rows(accuracy, counts.sum(axis=0))) / (n_rows + ROW_STRENGTH)[:, :, None]
    recall = np.diagonal(confusion, axis1=1, axis2=2)
    lent = (ROW_STRENGTH / (n_rows + ROW_STRENGTH)).mean(axis=1)
    own = (recall * (1 - recall) / (n_rows + ROW_STRENGTH + 1)).sum(axis=1) / n_labels**2
    variance = np.maximum(lent**2 * accuracy * (1 - accuracy) / (n + strength + 1) + own, TINY)
    mean = recall.mean(axis=1)
    weight = np.maximum(mean * (1 - mean) / variance - 1, TINY)
    low, high = (betaincinv(mean * weight, (1 - mean) * weight, tail) for tail in (_TAIL, 1 - _TAIL))
    return Reliabilities(confusion, np.asarray(low), np.asarray(high))


def spread(correct: Floats, n: Floats) -> tuple[float, float]:
    """The crowd's accuracy π and how alike volunteers are, s in answers: (V,) accuracies c/n are Beta(s·π, s·(1 - π)).

    Moments of the beta-binomial, Kleinman (1973): with shares w = n/Σn and γ = 1/(s + 1), the expectation of
    Σ w(c/n - π)² is π(1 - π)·((1 - γ)·Σ w(1 - w)/n + γ·Σ w(1 - w)).
    """
    correct, n = correct[n > 0], n[n > 0]
    share = float((correct.sum() + 1) / (n.sum() + 2))
    weight = n / max(n.sum(), TINY)
    seen = (weight * (correct / n - share) ** 2).sum() / (share * (1 - share))
    luck, room = (weight * (1 - weight) / n).sum(), (weight * (1 - weight)).sum()
    gamma = (seen - luck) / (room - luck) if room > luck else 0.0
    return share, float(1 / np.clip(gamma, 1 / (FIRMEST + 1), 1 / (LOOSEST + 1)) - 1)


def _rows(accuracy: Floats, total: Floats) -> Floats:
    """(V, K, K) with `accuracy` (V,) on the diagonal; mistakes are shared as in the crowd's counts `total` (K, K)."""
    n_labels = len(total)
    beside = 1 - np.eye(n_labels)
    mistakes = (total + 1 / n_labels) * beside
    mistakes /= mistakes.sum(axis=1, keepdims=True)
    return np.asarray(accuracy[:, None, None] * np.eye(n_labels) + (1 - accuracy)[:, None, None] * mistakes)
