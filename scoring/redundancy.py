"""Redundancy: what makes one image hard makes it hard for everyone, so ten answers are not worth ten opinions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scoring.arrays import Floats, Ints, log, softmax

# What is believed before gold says otherwise: however many answer, they are worth no more than 1/0.75 voices that have
# nothing in common. Of seven crowds with known truth the best value of each lay between 0.43 and 1.22.
USUAL = 0.75
SPREAD = 0.6  # Standard deviation of log(redundancy) between crowds: how quickly gold may overrule USUAL.
LOWEST, HIGHEST = 0.01, 5.0
CAUTION = 1.0  # In standard deviations of log(redundancy): what subjects retire by.


def voices(confusion: Floats) -> Floats:
    """How much an answer is a voice at all, in [0, 1]: its volunteer's informedness, or 0 if that is negative.

    `confusion` (..., K, K) [true, given] → (...). Guesses are no voices, however many there are.
    """
    n_labels = confusion.shape[-1]
    reliability = np.trace(confusion, axis1=-2, axis2=-1) / n_labels
    return np.asarray(np.clip((n_labels * reliability - 1) / (n_labels - 1), 0.0, 1.0))


def effective_votes(voices: ArrayLike, redundancy: float) -> Floats:
    """How many independent answers the `voices` m on one subject are worth: m / (1 + ρ·m); any shape.

    The mean of m answers whose errors have a share in common, of variance ρ times that of each answer's own, is as
    precise as so many answers without it: the design effect of a cluster sample, Kish (1965), section 5.4.
    """
    voices = np.asarray(voices, dtype=np.float64)
    return np.asarray(voices / (1 + redundancy * voices))


def publish(log_weight: Floats, voices: ArrayLike, redundancy: float) -> Floats:
    """Posterior as it is published: softmax(log_weight / (1 + ρ·m)), (..., K), summing to 1.

    `log_weight` (..., K) is log prior + Σ_v log P_v(given | true), `voices` m (...) the sum of its answers' voices.
    The same label leads as before; only how far it leads is told more modestly.
    """
    effect = 1 + redundancy * np.asarray(voices, dtype=np.float64)
    return softmax(log_weight / effect[..., None])


def fit_redundancy(log_weight: Floats, voices: ArrayLike, true: Ints) -> float:
    """The redundancy in [LOWEST, HIGHEST] under which the published posterior best predicts gold; USUAL for none.

    `log_weight` (G, K), made without knowing the `true` labels (G,), of `voices` (G,). Maximises Σ_g log
    publish(…)[true_g] - log²(ρ/USUAL)/(2·SPREAD²) over a grid of steps of 5 %: the mode of a posterior with a
    log-normal prior. The logarithmic score is proper: what predicts best is what is so (Good, 1952).
    """
    if len(true) == 0:
        return USUAL
    log_grid, score = _scored(log_weight, voices, true)
    return float(np.exp(log_grid[np.argmax(score)]))


def assured_redundancy(log_weight: Floats, voices: ArrayLike, true: Ints) -> float:
    """The redundancy by which subjects retire, of the same arguments; USUAL where no gold can keep a promise.

    log ρ plus CAUTION standard deviations σ of its posterior, times the share 1 - (σ/SPREAD)² of what there was to
    learn: whoever stops asking at the first sight of 95 % stops where chance made ρ small, so the promise needs what
    gold could have got wrong. Little gold has hardly spoken, and the usual stands.
    """
    if len(true) == 0:
        return USUAL
    log_grid, score = _scored(log_weight, voices, true)
    p = softmax(score)
    deviation = float(np.sqrt(p @ (log_grid - p @ log_grid) ** 2))
    learnt = max(0.0, 1 - (deviation / SPREAD) ** 2)
    return float(np.exp(log_grid[np.argmax(score)] + CAUTION * deviation * learnt))


def _scored(log_weight: Floats, voices: ArrayLike, true: Ints) -> tuple[Floats, Floats]:
    """A grid of log ρ, and the log of the posterior at each of them up to a constant."""
    log_grid = np.arange(np.log(LOWEST), np.log(HIGHEST), 0.05)
    rows = np.arange(len(true))
    score = np.array([log(publish(log_weight, voices, one)[rows, true]).sum() for one in np.exp(log_grid)])
    return log_grid, score - ((log_grid - np.log(USUAL)) / SPREAD) ** 2 / 2
