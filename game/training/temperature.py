"""Temperature: one number that makes the model's probabilities come true as often as they say. Guo et al. (2017).

It is fitted on subjects that were learned from, each judged by a head that saw nothing of its image, and never on the
hold-out. Whoever learns in another way hands over his `Learned`, and gets it back cooled.

What it is fitted to is the label that the crowd has come to, weighing as much as its confidence: a posterior says how
far the crowd is, not how hard the picture, and the head has learned its doubts already.
"""

from dataclasses import replace

import numpy as np

from game.training.head import Head, Learned, Lessons, folds
from scoring.arrays import Floats, Ints, log, softmax

COLDEST, HOTTEST = 0.25, 4.0
# Halving that often leaves less than a millionth of the range.
HALVINGS = 24


def cool(learned: Learned, lessons: Lessons, seed: int) -> tuple[Learned, float]:
    """With the temperature in its head and in `unseen`; 1, and all as it was, if that would not help."""
    decided = np.eye(lessons.posterior.shape[1])[lessons.posterior.argmax(axis=1)]
    fold = folds(lessons.image, seed + 1)
    temperature = helpful_temperature(learned.unseen, decided, lessons.confidence, fold)
    if temperature == 1:
        return learned, 1.0
    return replace(
        learned, head=cooled_head(learned.head, temperature), unseen=cooled(learned.unseen, temperature)
    ), temperature


def fit_temperature(p: Floats, posterior: Floats, weight: Floats) -> float:
    """The T in [COLDEST, HOTTEST] with the least Σ_n w_n · cross-entropy(posterior_n, softmax(log p_n / T)).

    `p`, `posterior` (N, K), `weight` (N,). The loss is convex in β = 1/T: its slope is halved down to its only root.
    """
    z = log(p)
    wanted = weight @ (posterior * z).sum(axis=1)
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        beta = (low + high) / 2
        slope = weight @ (softmax(beta * z) * z).sum(axis=1) - wanted
        low, high = (beta, high) if slope < 0 else (low, beta)
    return 2 / (low + high)


def helpful_temperature(p: Floats, posterior: Floats, weight: Floats, fold: Ints) -> float:
    """fit_temperature of all, if temperatures fitted without a fold (N,) make that fold's loss less; else 1."""
    other = np.ones(len(p))
    for out in np.unique(fold):
        kept = fold != out
        if kept.any():
            other[~kept] = fit_temperature(p[kept], posterior[kept], weight[kept])
    before, after = (_loss(each, posterior, weight) for each in (p, cooled(p, other[:, np.newaxis])))
    return fit_temperature(p, posterior, weight) if after < before else 1.0


def cooled(p: Floats, temperature: float | Floats) -> Floats:
    """Probabilities (N, K) at a temperature; cooled again by its inverse they are what they were."""
    return softmax(log(p) / temperature)


def cooled_head(head: Head, temperature: float) -> Head:
    """Says softmax(z / T) where the head said softmax(z): nobody who uses the model needs to know of it."""
    return replace(head, weight=head.weight / temperature, bias=head.bias / temperature)


def _loss(p: Floats, posterior: Floats, weight: Floats) -> float:
    return float(-(weight @ (posterior * log(p)).sum(axis=1)))
