"""A light head on features: learns from answers what labels look like, and votes where it was not taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from scoring import voter
from scoring.arrays import TINY, Floats, Ints, Masks, softmax

# Takes log evidence (S, K) that is no volunteer's; returns what the answers say when it is believed: log prior +
# Σ_v log P_v(given | true), (S, K), up to a constant of the subject, the evidence itself left out.
Consensus: TypeAlias = Callable[[Floats], Floats]

N_LANDMARKS = 300  # A subject is described by its likeness to so many others: more cost cubes, and add little.
N_FOLDS = 10
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)  # In subjects: how many say "no label looks like anything" to the head.
ALIKE = 2.0  # In subjects: how many of its own a label needs before it stops looking like the average label.
SHRINKAGE = 0.02  # Share of the labels' common spread that is taken to be the same in all directions.
N_ROUNDS = 15


@dataclass(frozen=True)
class Head:
    """S subjects by their looks; M ≤ N_LANDMARKS. All that does not depend on the answers is worked out once."""

    likeness: Floats  # (S, M), rows of norm ≈ 1, zero where features are missing
    fold: Ints  # (S,), 0 … N_FOLDS-1; -1 where features are missing
    weight: Floats  # (S,), what a subject counts as an example: 0 where nobody answered
    size: Floats  # (N_FOLDS, M), eigenvalues of Σ_s w_s x_s x_sᵀ over the other folds
    axes: Floats  # (N_FOLDS, M, M), eigenvectors in columns


@dataclass(frozen=True)
class Lesson:
    """What features and answers say together."""

    predictions: Floats  # (S, K), cross-fitted P(true | features), as sharp as the answers bear out; NaN for no vote
    posterior: Floats  # (S, K), with answers and features; gold is for the caller to clamp


def prepare(features: Floats, weight: Floats, rng: np.random.Generator) -> Head:
    """Makes a head for `features` (S, D), any units; a row with NaN has none. `weight` (S,) in [0, 1].

    Looks are coordinates of a Gaussian kernel on normal scores (van der Waerden 1952), which make units, skew and
    outliers irrelevant: k(x, y) = exp(-|x - y|²/(2·median)), from landmarks drawn by `rng`, who draws the
    folds too: Williams and Seeger (2001), Using the Nyström method to speed up kernel machines.
    """
    seen = np.asarray(np.isfinite(features).all(axis=1))
    likeness = np.zeros((len(features), min(N_LANDMARKS, int(seen.sum()))))
    if seen.any():
        looks = _looks(_normal_scores(features[seen]), rng)
        likeness = np.zeros((len(features), looks.shape[1]))
        likeness[seen] = looks
    fold = np.where(seen, rng.permutation(len(features)) % N_FOLDS, -1)
    moments = np.stack([_moment(likeness, weight, fold == k) for k in range(N_FOLDS)])  # (N_FOLDS, M, M)
    others = moments.sum(axis=0) - moments
    size, axes = np.linalg.eigh(others)
    return Head(likeness, fold, np.where(seen, weight, 0.0), size, axes)


def learn(head: Head, consensus: Consensus, n_labels: int) -> Lesson:
    """Lets head and consensus take turns: each round the head learns the posterior and votes in the next consensus.

    Raykar et al. (2010), Learning from crowds, section 2.4, with a head that votes on no subject whose answers
    taught it. Features from which the bare consensus cannot be foretold get no vote, so they change nothing.
    """
    said = consensus(np.zeros((len(head.fold), n_labels)))
    predictions = fit_head(head, softmax(said))
    if not voter.worth_hearing(predictions, softmax(said)):
        return Lesson(np.full(said.shape, np.nan), softmax(said))
    for _ in range(N_ROUNDS):
        evidence = voter.likelihood(predictions, voter.frequencies(softmax(said)))
        said = consensus(evidence)
        predictions = fit_head(head, softmax(said + evidence))
    believed, posterior = voter.reconcile(predictions, softmax(said))
    return Lesson(believed, posterior)


def fit_head(head: Head, posterior: Floats) -> Floats:
    """Cross-fitted P(true | features) (S, K), rows sum to 1, taught by `posterior` (S, K); NaN without features.

    Kernel ridge regression on the posteriors gives scores (S, K); in their space each label is a Gaussian and all
    share one covariance: penalised discriminant analysis, Hastie, Buja and Tibshirani (1995), with
    probabilities in place of labels. What a subject's fold was answered teaches neither its scores nor the
    Gaussians that they are held against.
    """
    target = posterior - 1 / posterior.shape[1]
    candidates = [_scores(head, target, ridge) for ridge in RIDGES]
    losses = [head.weight @ ((target - scores) ** 2).sum(axis=1) for scores in candidates]
    density = _log_density(head, candidates[int(np.argmin(losses))], posterior)
    predictions = softmax(np.log(voter.frequencies(posterior)) + density)
    return np.where(head.fold[:, None] >= 0, predictions, np.nan)


def _scores(head: Head, target: Floats, ridge: float) -> Floats:
    """Ridge regression (S, K) of `target` (S, K) on the likeness of the other folds."""
    weighted = head.weight[:, None] * target
    product = head.likeness.T @ weighted
    scores = np.zeros_like(target)
    for fold, (size, axes) in enumerate(zip(head.size, head.axes, strict=True)):
        own = head.fold == fold
        taught = axes.T @ (product - head.likeness[own].T @ weighted[own])
        scores[own] = head.likeness[own] @ (axes @ (taught / (size + ridge)[:, None]))
    return scores


def _log_density(head: Head, scores: Floats, posterior: Floats) -> Floats:
    """log N(scores; μ_t, Σ) (S, K), up to a constant of the subject, with μ and Σ of the other folds."""
    density = np.zeros_like(scores)
    for fold in range(N_FOLDS):
        own, others = head.fold == fold, (head.fold != fold) & (head.weight > 0)
        if own.any() and others.any():
            mean, spread = _gaussians(scores[others], posterior[others] * head.weight[others, None])
            direction = np.linalg.solve(spread, mean.T)  # (K, K), Σ⁻¹ μ_t in columns
            density[own] = scores[own] @ direction - 0.5 * (mean.T * direction).sum(axis=0)
    return density


def _gaussians(scores: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Means (K, K) of the scores (S, K) of each label and their one covariance (K, K); `share` (S, K) of a subject."""
    count, weight, total = share.sum(axis=0)[:, None], share.sum(axis=1), share.sum()
    summed = share.T @ scores
    mean = (summed + ALIKE * (weight @ scores) / total) / (count + ALIKE)
    spread = (scores.T * weight) @ scores - summed.T @ mean - mean.T @ summed + mean.T @ (count * mean)
    spread /= total
    # Scores sum to 0, so that one direction never varies.
    return mean, spread + (SHRINKAGE * np.trace(spread) / len(mean) + TINY) * np.eye(len(mean))


def _looks(scores: Floats, rng: np.random.Generator) -> Floats:
    """Coordinates (S, M) whose inner products are the centred kernel of the scores (S, D); mean square norm 1."""
    landmarks = scores[np.sort(rng.permutation(len(scores))[:N_LANDMARKS])]
    between = _squared_distance(landmarks, landmarks)
    scale = 2 * float(np.median(between)) + TINY
    size, direction = np.linalg.eigh(np.exp(-between / scale))
    kept = size > 1e-8 * len(size)
    looks = np.exp(-_squared_distance(scores, landmarks) / scale) @ (direction[:, kept] / np.sqrt(size[kept]))
    looks -= looks.mean(axis=0)
    return np.asarray(looks / np.sqrt((looks**2).sum(axis=1).mean() + TINY))


def _normal_scores(features: Floats) -> Floats:
    """Each column (S, D) by rank, spread like a standard normal: in its middle for ties, so 0 for a constant."""
    return np.asarray(ndtri((rankdata(features, axis=0) - 0.5) / len(features)))


def _squared_distance(a: Floats, b: Floats) -> Floats:
    """(A, B) between the rows of a (A, D) and of b (B, D)."""
    return np.asarray(np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T, 0.0))


def _moment(likeness: Floats, weight: Floats, where: Masks) -> Floats:
    """Σ_s w_s x_s x_sᵀ (M, M) over the subjects `where`."""
    return np.asarray((likeness[where] * weight[where, None]).T @ likeness[where])
