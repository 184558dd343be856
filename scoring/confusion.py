"""Confusion matrices: counting them on gold, smoothing them, and boiling them down to one honest number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scoring.arrays import TINY, Floats, Ints, Masks

NEWCOMER_RELIABILITY = 0.7  # What is believed of a project's volunteers before any of them has met gold.
POOLING_STRENGTH = 10.0  # That belief is worth this many answers, in every row.
# Where gold does not speak, a label that is hardly ever recognised must not become the bin for whatever looks odd: so
# much of a row's own weight again holds it to its own label.
ANCHOR = 0.4


def pooled(counts: Floats) -> Floats:
    """What the average volunteer says: counts (V, K, K) → (K, K), entry [true, given]; rows sum to 1.

    Each row is smoothed towards a matrix whose whole diagonal is the project's accuracy, so that a label that
    gold has not shown yet is taken to be as hard as the others. Without counts the diagonal is
    NEWCOMER_RELIABILITY.
    """
    return anchored(counts.sum(axis=0), anchor=0.0)


def anchored(total: Floats, anchor: float = ANCHOR) -> Floats:
    """What the average volunteer says, by expected counts (K, K) [true, given]; rows sum to 1.

    Each row is smoothed towards a matrix whose whole diagonal is the accuracy over all rows, with the weight of
    POOLING_STRENGTH answers and of the share `anchor` of the row's own answers.
    """
    right = np.trace(total) + POOLING_STRENGTH * NEWCOMER_RELIABILITY
    accuracy = float(right / (total.sum() + POOLING_STRENGTH))
    strength = POOLING_STRENGTH + anchor * total.sum(axis=1, keepdims=True)
    return empirical_bayes(total, _one_coin(accuracy, len(total)), strength)


def empirical_bayes(counts: Floats, pooled: Floats, strength: float | Floats = 8.0) -> Floats:
    """Smoothed confusion matrices: counts (..., K, K) → (..., K, K), entry [true, given]; rows sum to 1.

    P_v[t, g] = (C_v[t, g] + a·Π[t, g]) / (Σ_g C_v[t, g] + a): the posterior mean of a row whose prior is
    Dirichlet(a·Π[t]), with Π, (K, K), measured on all volunteers (parametric empirical Bayes, Morris 1983).
    `strength` a > 0 is in answers per row.
    """
    smoothed = counts + strength * pooled
    smoothed /= (counts @ np.ones((counts.shape[-1], 1))) + strength
    return np.asarray(smoothed)


def gold_counts(true: Ints, choice: Ints, choices: Masks, confusion: Floats) -> Floats:
    """Expected counts (K, K), entry [true, given], of one volunteer's answers to gold.

    `true` labels (G,), `choice` (G,) rows of `choices` (C, K). An answer that names a group counts once,
    shared over the group's labels in proportion to confusion[true, label].
    """
    likely = choices[choice] * np.maximum(confusion[true], TINY)  # (G, K)
    counts = np.zeros_like(confusion)
    np.add.at(counts, true, likely / likely.sum(axis=1, keepdims=True))
    return counts


def choice_counts(true: Ints, given: Ints, choices: Masks) -> Floats:
    """Counts (C, C), entry [true choice, given choice], of one volunteer's answers to gold.

    `true` labels (G,), `given` (G,) rows of `choices` (C, K). The true choice is the one that holds the true
    label; gold whose label no choice of the level holds is left out.
    """
    holds = choices[:, true].T  # (G, C)
    correct = holds[np.arange(len(given)), given]
    true_choice = np.where(correct, given, holds.argmax(axis=1))
    answerable = holds.any(axis=1)
    counts = np.zeros((len(choices), len(choices)))
    np.add.at(counts, (true_choice[answerable], given[answerable]), 1.0)
    return counts


def reliability(confusion: Floats) -> float:
    """Mean of the diagonal of (K, K), in [0, 1]: the accuracy on subjects whose labels are equally common."""
    return float(np.diagonal(confusion).mean())


def informedness(reliability: float, n_choices: int) -> float:
    """Reliability corrected for chance, (K·r - 1) / (K - 1), in [-1/(K - 1), 1]; K ≥ 2 choices.

    0 for every way of answering that ignores the subject, 1 for no mistake. Powers (2003), Recall and
    precision versus the bookmaker; for K = 2 it is Youden's (1950) J.
    """
    return (n_choices * reliability - 1) / (n_choices - 1)


def wilson(correct: ArrayLike, n: ArrayLike, z: float = 1.96) -> tuple[Floats, Floats]:
    """Score interval (low, high), within [0, 1], of a share `correct`/`n`, any shape; (0, 1) where n = 0.

    Wilson (1927). `z` is in standard errors: 1.96 leaves 2.5 % out on either side.
    """
    k, n = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    share = k / np.maximum(n, TINY)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(n * share * (1 - share) + z**2 / 4) / (n + z**2)
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def recall_bounds(choice_counts: Floats, z: float = 1.96) -> tuple[Floats, Floats]:
    """Wilson's interval, low (C,) and high (C,), of each choice's recall; counts (C, C) [true, given]."""
    return wilson(np.diagonal(choice_counts), choice_counts.sum(axis=1), z)


def _one_coin(diagonal: float, n_labels: int) -> Floats:
    """(K, K) with one number on the diagonal; the rest of each row is shared equally. K ≥ 2."""
    off = (1 - diagonal) / (n_labels - 1)
    return np.full((n_labels, n_labels), off) + (diagonal - off) * np.eye(n_labels)
