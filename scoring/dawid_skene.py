"""Dawid and Skene's EM over a whole project: who is reliable and what is true, found together.

Dawid and Skene (1979), eqs. 2.3-2.5, begun with everyone a newcomer. Unlike theirs, the confusions are smoothed by
empirical Bayes towards an anchored pooled matrix, raised or lowered to each volunteer's ability; the prior is what most
people say, and does not move; gold is clamped; an answer may be a partial label: shared over the labels of its choice
in proportion to what the volunteer is believed to say. Where EM creeps it takes longer strides, towards the same end.
The rounds are done in single precision, half the memory and time; the last E-step, which is returned, in double.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from scoring.ability import more_able, raised
from scoring.answers import Answers
from scoring.arrays import TINY, Floats, Ints, log, softmax
from scoring.confusion import anchored, empirical_bayes
from scoring.strides import Strides

# Answers per row that a volunteer's own matrix is shrunk with.
STRENGTH = 8.0
# Of how common labels seem: those that few people recognise are commoner than they seem.
TEMPER = 0.75
# Of so many subjects one may still move: among very many somebody always does, long after it matters.
STRAGGLERS = 10_000


@dataclass(frozen=True)
class Fit:
    """What EM found; `log_weight` is the E-step of `confusion` and `prior`: each label can be explained."""

    log_weight: Floats  # (S, K), log prior + Σ_v log P_v(given | true), as if nobody knew any gold
    posterior: Floats  # (S, K), rows sum to 1; one-hot for gold; too sure of itself: see redundancy
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
    weight: Floats | None = None,
    evidence: Floats | None = None,
    strength: float = STRENGTH,
    n_iterations: int = 100,
    tolerance: float = 1e-4,
) -> Fit:
    """Fits posteriors, confusions and prior by EM until hardly any posterior moves by more than `tolerance`.

    `gold` (S,) holds true labels, -1 for none; `weight` (N,) in [0, 1] is what an answer counts, 1 by default;
    `evidence` (S, K) is log evidence that is no volunteer's; `strength` is in answers per row.
    """
    n_labels = answers.choices.shape[1]
    gold = np.broadcast_to(gold, n_subjects)
    said = _said(answers, n_subjects, n_volunteers, weight)
    no_counts = np.broadcast_to(np.zeros((n_labels, n_labels)), (n_volunteers, n_labels, n_labels))
    ability, confusion = _measured(no_counts, np.zeros(n_volunteers), strength)
    prior = _prior(said, answers, gold)
    posterior = _posterior(_log_weight(said, answers, confusion, prior), evidence, gold)
    converged, iteration, strides = False, 0, Strides()
    while not converged and iteration < n_iterations:
        counts, ability = strides.further(_expected_counts(said, answers, confusion, posterior), ability)
        ability, confusion = _measured(counts, ability, strength)
        before, posterior = posterior, _posterior(_log_weight(said, answers, confusion, prior), evidence, gold)
        before -= posterior
        n_moved = np.count_nonzero((np.abs(before) > tolerance) @ np.ones(before.shape[1], np.float32))
        converged, iteration = bool(n_moved <= n_subjects // STRAGGLERS), iteration + 1
    log_weight = _log_weight(said.astype(np.float64), answers, confusion, prior)
    posterior = _posterior(log_weight, evidence, gold)
    return Fit(log_weight, posterior, confusion, prior, iteration, converged)


def log_weights(answers: Answers, n_subjects: int, confusion: Floats, prior: Floats, weight: Floats) -> Floats:
    """log prior(t) + Σ_n w_n · log P_v(choice_n | t), (S, K), by confusions (V, K, K) that are known."""
    said = _said(answers, n_subjects, len(confusion), weight).astype(np.float64)
    return _log_weight(said, answers, confusion, prior)


def _said(answers: Answers, n_subjects: int, n_volunteers: int, weight: Floats | None) -> csr_array:
    """(S, V·C): what each answer counts, at its subject and at its volunteer and choice; both steps are products."""
    n_choices = len(answers.choices)
    size = np.int32 if n_volunteers * n_choices < np.iinfo(np.int32).max else np.int64  # Half the memory.
    cell = (answers.volunteer * n_choices + answers.choice).astype(size)
    counted = np.ones(len(cell), np.float32) if weight is None else weight.astype(np.float32)
    return csr_array((counted, (answers.subject.astype(size), cell)), shape=(n_subjects, n_volunteers * n_choices))


def _log_weight(said: csr_array, answers: Answers, confusion: Floats, prior: Floats) -> Floats:
    """E-step, logarithms of eq. 2.5: log prior(t) + Σ_n log P_v(choice_n | t), (S, K)."""
    rows = confusion.astype(said.dtype).reshape(-1, len(prior)) @ answers.choices.T.astype(said.dtype)  # (V·K, C)
    given = log(rows).reshape(confusion.shape[:2] + rows.shape[1:]).swapaxes(1, 2)  # (V, C, K)
    found = said @ given.reshape(-1, len(prior))
    found += log(prior).astype(said.dtype)
    return np.asarray(found)


def _posterior(log_weight: Floats, evidence: Floats | None, gold: Ints) -> Floats:
    """P(true) (S, K), with `evidence` (S, K) that is no volunteer's; one-hot where `gold` (S,) knows better."""
    posterior = softmax(log_weight if evidence is None else log_weight + evidence.astype(log_weight.dtype))
    known = gold >= 0
    posterior[known] = np.eye(posterior.shape[1], dtype=posterior.dtype)[gold[known]]
    return posterior


def _expected_counts(said: csr_array, answers: Answers, confusion: Floats, posterior: Floats) -> Floats:
    """M-step: numerators of eq. 2.3, (V, K, K) [true, given]: Σ_n q[s_n, t] · P[t, l] / P(choice_n | t)."""
    n_choices, n_labels = answers.choices.shape
    counts = (said.T @ posterior).astype(np.float64).reshape(-1, n_choices, n_labels).swapaxes(1, 2)  # (V, K, C)
    if n_choices == n_labels and (answers.choices == np.eye(n_labels, dtype=np.bool_)).all():
        return np.asarray(counts)
    given = np.maximum(confusion @ answers.choices.T, TINY)  # (V, K, C)
    return np.asarray(confusion * ((counts / given) @ answers.choices))


def _measured(counts: Floats, ability: Floats, strength: float) -> tuple[Floats, Floats]:
    """M-step: ability (V,) and confusion (V, K, K) of every volunteer from expected counts, eq. 2.3 smoothed."""
    average = anchored(counts.sum(axis=0))
    ability = more_able(ability, counts, average)
    return ability, empirical_bayes(counts, raised(average, ability), strength)


def _prior(said: csr_array, answers: Answers, gold: Ints) -> Floats:
    """(K,): how common it is that most answers name a label, plus one subject of each, to the power of TEMPER.

    In the place of eq. 2.4, which feeds on itself: what is found less often seems rarer and is found less often still;
    tempered, a rare label grows instead until it holds whatever looks odd.
    """
    share = answers.choices / answers.choices.sum(axis=1, keepdims=True)  # (C, K)
    votes = said @ np.tile(share, (said.shape[1] // len(share), 1)).astype(said.dtype)  # (S, K)
    answered = votes @ np.ones(votes.shape[1], votes.dtype) > 0
    known = answered & (gold >= 0)
    votes[known] = np.eye(votes.shape[1], dtype=votes.dtype)[gold[known]]
    most = votes[answered] >= votes[answered].max(axis=1, keepdims=True) - 1e-6
    common = (1 / most.sum(axis=1)) @ most  # (K,), a tie shared.
    tempered = (common + 1) ** TEMPER
    return np.asarray(tempered / tempered.sum())
