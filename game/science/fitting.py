"""EM over a project's answers: what each volunteer's word is worth, and what follows for a subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import choice_masks
from game.store.science import Said
from scoring import calibration, consensus, dawid_skene
from scoring.arrays import Floats, Ints, Masks
from scoring.confusion import pooled
from scoring.dawid_skene import Answers

# The temperature is fitted on gold in as many parts, each of them judged by volunteers measured on the others.
FOLDS = 4


@dataclass(frozen=True)
class _Ladder:
    """The labels of each group (G, K), and which of the choices (C,) were offered as labels, not as groups.

    A group of one label is still an answer of another kind: whoever gave it was offered groups only.
    """

    groups: Masks
    labels: Masks


@dataclass(frozen=True)
class Weights:
    """What an answer is worth: a confusion matrix (K, K) [true, given] a volunteer, prior (K,), temperature.

    `pooled` (K, K) stands for whoever has none. `n_gold`: volunteer id → labels given to hidden gold.
    """

    confusions: Mapping[int, Floats]
    pooled: Floats
    prior: Floats
    temperature: float
    n_gold: Mapping[int, int]


def fit_weights(project: Project, said: Sequence[Said], gold: Mapping[int, tuple[int, GoldUse]]) -> Weights:
    """`gold`: subject id → (label, use). Hidden gold is clamped; answers to teaching gold count for nothing."""
    masks = choice_masks(project)
    teaching = {subject_id for subject_id, (_, use) in gold.items() if use is GoldUse.TEACHING}
    counted = [one for one in said if one.choice in masks and one.subject_id not in teaching]
    if not counted:
        return _without_answers(len(project.labels))
    volunteers, volunteer = _numbered([one.volunteer_id for one in counted])
    subjects, subject = _numbered([one.subject_id for one in counted])
    truth = np.array([gold[int(one)][0] if int(one) in gold else -1 for one in subjects], dtype=np.int64)
    number = {code: place for place, code in enumerate(masks)}
    choice = np.array([number[str(one.choice)] for one in counted], dtype=np.int64)
    answers = Answers(subject, volunteer, choice, np.array(list(masks.values())))
    confusion, prior = _confusions(answers, truth, len(volunteers), _ladder(project))
    n_gold = np.bincount(volunteer[truth[subject] >= 0], minlength=len(volunteers))
    return Weights(
        confusions={int(one): matrix for one, matrix in zip(volunteers, confusion, strict=True)},
        # Each matrix is smoothed already, so that rare labels need no more of it.
        pooled=np.average(confusion, axis=0, weights=np.bincount(volunteer)),
        prior=prior,
        temperature=_temperature(project, answers, truth, len(volunteers)),
        n_gold={int(one): int(n) for one, n in zip(volunteers, n_gold, strict=True)},
    )


def posterior(weights: Weights, masks: Mapping[str, Masks], said: Sequence[Said]) -> Floats:
    """(K,), calibrated: p(t) ∝ (prior(t) · Π_v P_v(given | t))^(1/T), over the answers that are no abstentions."""
    given = [one for one in said if one.choice in masks]
    n_labels = len(weights.prior)
    confusions = np.array([weights.confusions.get(one.volunteer_id, weights.pooled) for one in given])
    choices = np.array([masks[str(one.choice)] for one in given], dtype=np.bool_)
    believed = consensus.posterior(
        weights.prior, confusions.reshape(-1, n_labels, n_labels), choices.reshape(-1, n_labels)
    )
    return calibration.calibrate(believed, weights.temperature)


def _without_answers(n_labels: int) -> Weights:
    newcomer = pooled(np.zeros((0, n_labels, n_labels)))
    return Weights({}, newcomer, np.full(n_labels, 1 / n_labels), 1.0, {})


def _numbered(ids: list[int]) -> tuple[Ints, Ints]:
    """The distinct ids, and for each entry its place 0… among them."""
    distinct, place = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
    return distinct, place.astype(np.int64)


def _ladder(project: Project) -> _Ladder:
    """Without groups every label is its own."""
    group = [label.group for label in project.labels]
    groups = [[code == one.code for code in group] for one in project.groups]
    labels = {label.code for label in project.labels}
    return _Ladder(
        np.array(groups) if groups else np.eye(len(group), dtype=np.bool_),
        np.array([code in labels for code in choice_masks(project)]),
    )


def _confusions(answers: Answers, truth: Ints, n_volunteers: int, ladder: _Ladder) -> tuple[Floats, Floats]:
    """Confusions (V, K, K) [true, given] and prior (K,): between groups by all answers, within them by labels alone.

    P_v[t, l] = P_v(group of l | group of t) · P_v(l | t, group of l). Were a group answer free to speak for one label
    of its group and against another, EM would make a certainty of noise: nothing that was said contradicts it.
    """
    by_label, prior = _fit(answers, truth, n_volunteers, ladder.labels)
    if ladder.labels.all():
        return by_label, prior
    group = ladder.groups.argmax(axis=0)  # (K,)
    coarse = answers.choices @ ladder.groups.T  # (C, G)
    every = np.ones(len(coarse), dtype=np.bool_)
    in_groups = replace(answers, choices=coarse)
    by_group, group_prior = _fit(in_groups, np.where(truth < 0, -1, group[truth]), n_volunteers, every)
    same = (group[:, None] == group).astype(np.float64)  # (K, K)
    confusion = by_group[:, group[:, None], group] * by_label / (by_label @ same)
    return confusion, group_prior[group] * prior / (prior @ same)


def _fit(answers: Answers, truth: Ints, n_volunteers: int, counted: Masks) -> tuple[Floats, Floats]:
    """EM over the answers whose choice is `counted` (C,)."""
    kept = counted[answers.choice]
    fitted = dawid_skene.fit(
        Answers(answers.subject[kept], answers.volunteer[kept], answers.choice[kept], answers.choices),
        len(truth),
        n_volunteers,
        truth,
    )
    return fitted.confusion, fitted.prior


def _temperature(project: Project, answers: Answers, truth: Ints, n_volunteers: int) -> float:
    """Fitted on gold as if nobody knew its labels; gold is asked in bites as large as an ordinary subject's answers.

    Gold is answered without end: its whole posteriors are far surer than any that have to be calibrated.
    """
    n_given = np.bincount(answers.subject, minlength=len(truth))[truth < 0]
    bite = max(project.retirement.minimum, round(float(np.median(n_given))) if len(n_given) else 0)
    known = np.flatnonzero(truth >= 0)
    believed, true = [np.zeros((0, answers.choices.shape[1]))], [known[:0]]
    for fold in range(min(FOLDS, len(known))):
        asked = np.isin(answers.subject, known[fold::FOLDS])
        whole, bites = _bites(answers.subject[asked], bite)
        subject = answers.subject.copy()
        subject[asked] = len(truth) + bites
        gold = np.concatenate([truth, np.full(len(whole), -1)])
        confusion, prior = _confusions(replace(answers, subject=subject), gold, n_volunteers, _ladder(project))
        given = (confusion[answers.volunteer[asked]], answers.choices[answers.choice[asked]])
        parts = [bites == bite for bite in range(len(whole))]
        believed.append(np.array([consensus.posterior(prior, given[0][part], given[1][part]) for part in parts]))
        true.append(truth[whole])
    return calibration.temperature(np.concatenate(believed), np.concatenate(true))


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
