"""Dawid and Skene's EM over a whole project: who is reliable and what is true, found together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import TINY, Floats, Ints, Masks, log, softmax
from scoring.confusion import empirical_bayes, pooled


@dataclass(frozen=True)
class Answers:
    """N answers of V volunteers to S subjects; each names one of C choices, which are masks over K labels."""

    subject: Ints  # (N,), 0 … S-1
    volunteer: Ints  # (N,), 0 … V-1
    choice: Ints  # (N,), 0 … C-1
    choices: Masks  # (C, K)


@dataclass(frozen=True)
class Fit:
    """What EM found; `posterior` is the E-step of `confusion` and `prior`: each label can be explained."""

    posterior: Floats  # (S, K), rows sum to 1
    confusion: Floats  # (V, K, K), entry [true, given], rows sum to 1
    prior: Floats  # (K,), sums to 1
    n_iterations: int
    converged: bool


def fit(
    answers: Answers,
    n_subjects: int,
    n_volunteers: int,
    gold: Ints,
    *,
    strength: float = 8.0,
    n_iterations: int = 50,
    tolerance: float = 1e-4,
) -> Fit:
    """Fits posteriors, confusions and prior by EM until no posterior moves by more than `tolerance`.

    Dawid and Skene (1979), eqs. 2.3-2.5, begun with everyone a newcomer. Unlike theirs, the confusions are
    smoothed by empirical Bayes (`strength`, answers per row), the posteriors of gold are clamped to `gold`
    (S,), a true label or -1 for none, and an answer may be a partial label: it is shared over the labels of
    its choice in proportion to what the volunteer is believed to say.
    """
    n_labels = answers.choices.shape[1]
    gold = np.broadcast_to(gold, n_subjects)
    newcomer = pooled(np.zeros((1, n_labels, n_labels)))
    confusion = np.broadcast_to(newcomer, (n_volunteers, n_labels, n_labels))
    prior = np.full(n_labels, 1 / n_labels)
    posterior = _posterior(answers, confusion, prior, gold)
    moved, iteration = np.inf, 0
    while moved > tolerance and iteration < n_iterations:
        counts = _expected_counts(answers, confusion, posterior)
        confusion = empirical_bayes(counts, pooled(counts), strength)
        prior = _prior(answers, posterior)
        before, posterior = posterior, _posterior(answers, confusion, prior, gold)
        moved, iteration = float(np.abs(posterior - before).max(initial=0.0)), iteration + 1
    return Fit(posterior, confusion, prior, iteration, converged=moved <= tolerance)


def _posterior(answers: Answers, confusion: Floats, prior: Floats, gold: Ints) -> Floats:
    """E-step: P(true) (S, K), eq. 2.5; one-hot where `gold` (S,) knows better."""
    said = log(confusion @ answers.choices.T)  # (V, K, C), log P(given choice | true)
    evidence = said[answers.volunteer, :, answers.choice]  # (N, K)
    posterior = softmax(log(prior) + _sum_rows(evidence, answers.subject, len(gold)))
    known = gold >= 0
    posterior[known] = np.eye(len(prior))[gold[known]]
    return posterior


def _expected_counts(answers: Answers, confusion: Floats, posterior: Floats) -> Floats:
    """M-step: numerators of eq. 2.3, (V, K, K) [true, given]: Σ_n q[s_n, t] · P[t, l] / P(choice_n | t)."""
    n_volunteers, n_choices = len(confusion), len(answers.choices)
    cell = answers.volunteer * n_choices + answers.choice
    weight = _sum_rows(posterior[answers.subject], cell, n_volunteers * n_choices)  # (V·C, K)
    weight = weight.reshape(n_volunteers, n_choices, -1).swapaxes(1, 2)  # (V, K, C) [true, choice]
    given = np.maximum(confusion @ answers.choices.T, TINY)  # (V, K, C)
    return np.asarray(confusion * ((weight / given) @ answers.choices))


def _prior(answers: Answers, posterior: Floats) -> Floats:
    """M-step: how common labels are (K,) where anybody answered, eq. 2.4, plus one subject of each label."""
    answered = np.bincount(answers.subject, minlength=len(posterior)) > 0
    common = posterior[answered].sum(axis=0) + 1
    return np.asarray(common / common.sum())


def _sum_rows(rows: Floats, group: Ints, n_groups: int) -> Floats:
    """Sums the rows (N, K) of each group (N,) → (n_groups, K)."""
    return np.stack([np.bincount(group, weights=column, minlength=n_groups) for column in rows.T], axis=1)
