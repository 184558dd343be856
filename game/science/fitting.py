"""EM over a project's answers: what each volunteer's word is worth, and what follows for a subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import choice_masks
from game.store.science import Said
from scoring import consensus
from scoring.answers import Answers, Ladder
from scoring.arrays import Floats, Ints, Masks
from scoring.confusion import pooled
from scoring.crowd import judge
from scoring.redundancy import USUAL, voices


@dataclass(frozen=True)
class Weights:
    """What an answer is worth: a confusion matrix (K, K) [true, given] a volunteer, prior (K,), redundancy.

    `pooled` (K, K) stands for whoever has none. `n_gold`: volunteer id → labels given to hidden gold. `copies`:
    volunteer id → number of a group that shares one voice wherever its members agree.
    """

    confusions: Mapping[int, Floats]
    pooled: Floats
    prior: Floats
    redundancy: float
    n_gold: Mapping[int, int]
    copies: Mapping[int, int]


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
    judged = judge(answers, len(subjects), len(volunteers), truth, ladder=_ladder(project))
    n_gold = np.bincount(volunteer[truth[subject] >= 0], minlength=len(volunteers))
    return Weights(
        confusions={int(one): matrix for one, matrix in zip(volunteers, judged.confusion, strict=True)},
        pooled=judged.pooled,
        prior=judged.prior,
        redundancy=judged.redundancy,
        n_gold={int(one): int(n) for one, n in zip(volunteers, n_gold, strict=True)},
        copies={},
    )


def posterior(weights: Weights, masks: Mapping[str, Masks], said: Sequence[Said]) -> Floats:
    """(K,), as it is published: consensus.posterior over the answers that are no abstentions."""
    given = [one for one in said if one.choice in masks]
    counted = consensus.shares([weights.copies.get(one.volunteer_id) for one in given], [one.choice for one in given])
    heard = consensus.nothing(weights.prior)
    for one, share in zip(given, counted, strict=True):
        matrix = weights.confusions.get(one.volunteer_id, weights.pooled)
        said_so = consensus.log_likelihood(matrix, masks[str(one.choice)])
        heard = consensus.hear(heard, said_so, float(voices(matrix)), share)
    return consensus.posterior(heard, weights.redundancy)


def _without_answers(n_labels: int) -> Weights:
    newcomer = pooled(np.zeros((0, n_labels, n_labels)))
    return Weights({}, newcomer, np.full(n_labels, 1 / n_labels), USUAL, {}, {})


def _numbered(ids: list[int]) -> tuple[Ints, Ints]:
    """The distinct ids, and for each entry its place 0… among them."""
    distinct, place = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
    return distinct, place.astype(np.int64)


def _ladder(project: Project) -> Ladder:
    """Without groups every label is its own."""
    group = [label.group for label in project.labels]
    groups = [[code == one.code for code in group] for one in project.groups]
    labels = {label.code for label in project.labels}
    return Ladder(
        np.array(groups) if groups else np.eye(len(group), dtype=np.bool_),
        np.array([code in labels for code in choice_masks(project)]),
    )
