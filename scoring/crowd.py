"""The consensus of record: every answer of a project judged at once, and published no surer than it may be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scoring.answers import Answers, Ladder
from scoring.arrays import TINY, Floats, Ints, Masks, log, softmax
from scoring.copies import Copies, find_copies
from scoring.dawid_skene import TEMPER, Fit, fit, log_weights
from scoring.redundancy import assured_redundancy, effective_votes, fit_redundancy, publish, voices

# The redundancy is fitted on gold in as many parts, each of them judged by volunteers measured on the others.
FOLDS = 2
SMALLEST_BITE = 3  # Answers.


@dataclass(frozen=True)
class Asked:
    """Gold judged as if nobody knew its labels, in bites of B: what a stated confidence can be held against."""

    log_weight: Floats  # (B, K)
    voices: Floats  # (B,)
    true: Ints  # (B,)


@dataclass(frozen=True)
class Judgement:
    """`posterior` is what is published: redundancy.publish(log_weight, voices, redundancy), one-hot for gold."""

    posterior: Floats  # (S, K), rows sum to 1
    log_weight: Floats  # (S, K), log prior + Σ_v w·log P_v(given | true)
    confusion: Floats  # (V, K, K), entry [true, given], rows sum to 1
    pooled: Floats  # (K, K), whoever has no matrix of their own
    prior: Floats  # (K,), sums to 1
    voices: Floats  # (S,), Σ_v w·voice_v
    redundancy: float
    assured: float  # The redundancy by which subjects retire.
    asked: Asked

    @property
    def n_effective(self) -> Floats:
        """(S,) effective votes: how many independent answers a subject's answers are worth."""
        return effective_votes(self.voices, self.redundancy)


def judge(
    answers: Answers,
    n_subjects: int,
    n_volunteers: int,
    gold: Ints,
    *,
    ladder: Ladder | None = None,
    weight: Floats | None = None,
    evidence: Floats | None = None,
) -> Judgement:
    """EM, and as much redundancy as gold shows; `gold` (S,) holds true labels, -1 for none.

    `weight` (N,) in [0, 1] is what an answer counts (copies share one vote). `evidence` (S, K) is log evidence beside
    the volunteers', such as a model's (voter.evidence); it is added to theirs after the redundancy took its part.
    """
    gold = np.broadcast_to(gold, n_subjects)
    weight = np.ones(len(answers.subject)) if weight is None else weight
    task = _Task(answers, n_volunteers, ladder, weight)
    found = _fit(task, gold, evidence)
    heard = np.bincount(answers.subject, _voice(task, found), n_subjects).astype(np.float64)
    asked = _ask(task, gold)
    redundancy = fit_redundancy(asked.log_weight, asked.voices, asked.true)
    assured = assured_redundancy(asked.log_weight, asked.voices, asked.true)
    posterior = publish(found.log_weight, heard, redundancy)
    if evidence is not None:
        posterior = softmax(log(posterior) + evidence)
    known = gold >= 0
    posterior[known] = np.eye(posterior.shape[1])[gold[known]]
    given = np.bincount(answers.volunteer, minlength=n_volunteers) + TINY
    pooled = np.average(found.confusion, axis=0, weights=given)
    return Judgement(
        posterior, found.log_weight, found.confusion, pooled, found.prior, heard, redundancy, assured, asked
    )


@dataclass(frozen=True)
class _Task:
    """What stays the same whichever gold is known."""

    answers: Answers
    n_volunteers: int
    ladder: Ladder | None
    weight: Floats


def _fit(task: _Task, gold: Ints, evidence: Floats | None = None) -> Fit:
    """Confusions (V, K, K): between groups by all answers, within them by those that name labels.

    P_v[t, l] = P_v(group of l | group of t) · P_v(l | t, group of l). Were a group answer free to speak for one label
    of its group and against another, EM would make a certainty of noise: nothing that was said contradicts it.
    """
    answers, ladder = task.answers, task.ladder
    if ladder is None or ladder.labels.all():
        return fit(answers, len(gold), task.n_volunteers, gold, weight=task.weight, evidence=evidence)
    by_label = _fit_labels(task, gold, ladder.labels[answers.choice], evidence)
    group = ladder.groups.argmax(axis=0)  # (K,)
    same = (group[:, None] == group).astype(np.float64)  # (K, K)
    in_groups = replace(answers, choices=answers.choices @ ladder.groups.T)
    group_gold = np.where(gold < 0, -1, group[gold])
    beside = None if evidence is None else np.log(np.exp(evidence) @ ladder.groups.T)
    by_group = fit(in_groups, len(gold), task.n_volunteers, group_gold, weight=task.weight, evidence=beside)

    def composed(groups: Floats, labels: Floats) -> Floats:
        return np.asarray(groups[..., group[:, None], group] * labels / (labels @ same))

    confusion = composed(by_group.confusion, by_label.confusion)
    # Both priors are tempered frequencies; so is the prior of the labels.
    by_groups, by_labels = by_group.prior ** (1 / TEMPER), by_label.prior ** (1 / TEMPER)
    tempered = (by_groups[group] * by_labels / (by_labels @ same)) ** TEMPER
    prior = tempered / tempered.sum()
    log_weight = log_weights(answers, len(gold), confusion, prior, task.weight)
    return replace(by_label, log_weight=log_weight, confusion=confusion, prior=prior)


def _fit_labels(task: _Task, gold: Ints, kept: Masks, evidence: Floats | None) -> Fit:
    """EM over the answers (N,) that named a label."""
    all_ = task.answers
    some = Answers(all_.subject[kept], all_.volunteer[kept], all_.choice[kept], all_.choices)
    return fit(some, len(gold), task.n_volunteers, gold, weight=task.weight[kept], evidence=evidence)


def _voice(task: _Task, found: Fit) -> Floats:
    """(N,): how much each answer is a voice."""
    return np.asarray(task.weight * voices(found.confusion)[task.answers.volunteer])


def _ask(task: _Task, gold: Ints) -> Asked:
    """Gold is asked in bites as large as an ordinary subject's answers.

    It is answered without end: its whole posteriors are far surer than any that have to be calibrated.
    """
    answers, n_labels = task.answers, task.answers.choices.shape[1]
    n_given = np.bincount(answers.subject, minlength=len(gold))
    known = np.flatnonzero((gold >= 0) & (n_given > 0))
    ordinary = n_given[(gold < 0) & (n_given > 0)]
    size = max(SMALLEST_BITE, round(float(np.median(ordinary))) if len(ordinary) else 0)
    found = [Asked(np.zeros((0, n_labels)), np.zeros(0), gold[:0])]
    found += [_ask_some(task, gold, known[fold::FOLDS], size) for fold in range(min(FOLDS, len(known)))]
    return Asked(*(np.concatenate([getattr(one, name) for one in found]) for name in ("log_weight", "voices", "true")))


def _ask_some(task: _Task, gold: Ints, asked_subjects: Ints, size: int) -> Asked:
    answers = task.answers
    asked = np.isin(answers.subject, asked_subjects)
    whole, bites = _bites(answers.subject[asked], size)
    subject = answers.subject.copy()
    subject[asked] = len(gold) + bites
    unknown = np.concatenate([gold, np.full(len(whole), -1)])
    found = _fit(replace(task, answers=replace(answers, subject=subject)), unknown)
    heard = np.bincount(bites, _voice(task, found)[asked], len(whole)).astype(np.float64)
    return Asked(found.log_weight[len(gold) :], heard, gold[whole])


def find_alike(
    answers: Answers, n_subjects: int, n_volunteers: int, gold: Ints, ladder: Ladder | None = None
) -> Copies:
    """Volunteers whose answers are too much alike, by the consensus's own EM; judge takes the `weight` it returns."""
    gold = np.broadcast_to(gold, n_subjects)

    def believed(some: Answers, weight: Floats) -> Floats:
        # Groups stand for their members, and at first one volunteer for all: most numbers have no answer.
        voters, voter = np.unique(some.volunteer, return_inverse=True)
        task = _Task(replace(some, volunteer=voter), len(voters), ladder, weight)
        posterior = softmax(_fit(task, gold).log_weight)
        posterior[gold >= 0] = np.eye(posterior.shape[1])[gold[gold >= 0]]
        return posterior

    return find_copies(answers, n_subjects, n_volunteers, gold, believed)


def _bites(subject: Ints, size: int) -> tuple[Ints, Ints]:
    """Cuts each subject's answers (N,), in order, into bites: (subject of each bite, bite of each answer (N,))."""
    order = np.argsort(subject, kind="stable")
    ordered = subject[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(starts, append=len(ordered)))
    begins = (rank % size == 0).astype(np.int64)
    bites = np.empty_like(subject)
    bites[order] = begins.cumsum() - 1
    return ordered[begins == 1], bites
