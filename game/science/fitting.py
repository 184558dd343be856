"""EM over a project's answers: what each volunteer's word is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import choice_masks
from game.store.said import AllSaid
from scoring.answers import Answers, Ladder
from scoring.arrays import Floats
from scoring.confusion import pooled
from scoring.crowd import Judgement, find_alike, judge
from scoring.flags import Flag, find_flags
from scoring.redundancy import USUAL, publish


@dataclass(frozen=True)
class Weights:
    """What an answer is worth: a confusion matrix (K, K) [true, given] a volunteer, prior (K,), redundancies.

    `pooled` (K, K) stands for whoever has none. `n_gold`: volunteer id → labels given to hidden gold. `copies`:
    volunteer id → number of a group that shares one voice wherever its members agree; `flags`: volunteer id → what is
    odd, as numbers. `asked`: (confidence, whether it was right) of gold that was judged as if nobody knew its label.
    """

    confusions: Mapping[int, Floats]
    pooled: Floats
    prior: Floats
    redundancy: float
    assured: float
    n_gold: Mapping[int, int]
    copies: Mapping[int, int]
    flags: Mapping[int, Sequence[Mapping[str, Any]]]
    asked: Sequence[tuple[float, bool]]


def fit_weights(project: Project, said: AllSaid, gold: Mapping[int, tuple[int, GoldUse]]) -> Weights:
    """`gold`: subject id → (label, use). Hidden gold is clamped; answers to teaching gold count for nothing."""
    masks = choice_masks(project)
    teaching = [subject_id for subject_id, (_, use) in gold.items() if use is GoldUse.TEACHING]
    choice = said.choices(masks)
    counted = (choice >= 0) & ~np.isin(said.subject_id, teaching)
    if not counted.any():
        return _without_answers(len(project.labels))
    volunteers, volunteer = np.unique(said.volunteer_id[counted], return_inverse=True)
    subjects, subject = np.unique(said.subject_id[counted], return_inverse=True)
    truth = np.array([gold[one][0] if one in gold else -1 for one in subjects.tolist()], dtype=np.int64)
    answers = Answers(subject, volunteer, choice[counted], np.array(list(masks.values())))
    ladder, n_volunteers = _ladder(project), len(volunteers)
    copies = find_alike(answers, len(subjects), n_volunteers, truth, ladder)
    judged = judge(answers, len(subjects), n_volunteers, truth, ladder=ladder, weight=copies.weight)
    flags = find_flags(
        answers, judged.log_weight, judged.confusion, truth,
        weight=copies.weight, time_s=said.shown_s[counted], copies=copies,
    )  # fmt: skip
    n_gold = np.bincount(volunteer[truth[subject] >= 0], minlength=n_volunteers)
    ids = [int(one) for one in volunteers]
    return Weights(
        confusions=dict(zip(ids, judged.confusion, strict=True)),
        pooled=judged.pooled,
        prior=judged.prior,
        redundancy=judged.redundancy,
        assured=judged.assured,
        n_gold=dict(zip(ids, n_gold.tolist(), strict=True)),
        copies={one: int(group) for one, group in zip(ids, copies.group, strict=True) if group >= 0},
        flags=_told(ids, flags),
        asked=_asked(judged, ladder),
    )


def _told(ids: Sequence[int], flags: Sequence[Flag]) -> dict[int, list[dict[str, Any]]]:
    told: dict[int, list[dict[str, Any]]] = {}
    for flag in flags:
        numbers = {"n": flag.n, "found": flag.found, "expected": flag.expected, "p_value": flag.p_value}
        finite = {name: float(number) for name, number in numbers.items() if np.isfinite(number)}
        told.setdefault(ids[flag.volunteer], []).append({"kind": str(flag.kind)} | finite)
    return told


def _asked(judged: Judgement, ladder: Ladder) -> list[tuple[float, bool]]:
    """By groups, where there are any: what most answers name."""
    asked = judged.asked
    believed = publish(asked.log_weight, asked.voices, judged.redundancy) @ ladder.groups.T
    best = believed.argmax(axis=1)
    right = ladder.groups[best, asked.true]
    return list(zip(believed.max(axis=1).tolist(), right.tolist(), strict=True))


def _without_answers(n_labels: int) -> Weights:
    newcomer = pooled(np.zeros((0, n_labels, n_labels)))
    return Weights({}, newcomer, np.full(n_labels, 1 / n_labels), USUAL, USUAL, {}, {}, {}, [])


def _ladder(project: Project) -> Ladder:
    """Without groups every label is its own."""
    group = [label.group for label in project.labels]
    groups = [[code == one.code for code in group] for one in project.groups]
    labels = {label.code for label in project.labels}
    return Ladder(
        np.array(groups) if groups else np.eye(len(group), dtype=np.bool_),
        np.array([code in labels for code in choice_masks(project)]),
    )
