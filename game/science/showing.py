"""What a project's page draws of its consensus: numbers of the crowd as a whole.

Nothing in them tells which subject is gold or what a single volunteer said: there are no names and no ids, what stands
on fewer than FEWEST answers or volunteers is merged with its neighbours or left out, and the numbers stay as they are
until FEWEST_NEW answers have come, so that nobody can watch what her own next answer changes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from game.levels import Choice, ChoiceSet, GoldUse, Project
from game.levels.openings import choice_masks
from game.science.alpha import alpha
from game.science.fitting import Weights
from game.store.said import AllSaid, ById
from scoring import consensus
from scoring.arrays import Floats, Ints, Masks
from scoring.confusion import reliability, wilson

FEWEST = 5
FEWEST_NEW = 50
RELIABILITIES = np.linspace(0, 1, 11)
# Published confidences crowd near 1, which is where they matter.
CONFIDENCES = np.array([0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1])
DIGITS = 4


@dataclass(frozen=True)
class Crowd:
    """What an aggregation knows in the end. `gold`: subject id → (label, use); `believed`: subject id → posterior (K,)
    of every other subject that was answered; `settled`: ids of subjects that left play; `n_subjects`: all there are.

    `asked`: (confidence, whether it was right) of gold that was judged as if nobody knew its label.
    """

    said: AllSaid
    gold: Mapping[int, tuple[int, GoldUse]]
    weights: Weights
    believed: ById
    settled: Collection[int]
    n_subjects: int
    asked: Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class _Given:
    """The N answers that are no abstentions, as numbers of subjects, volunteers, and choices among `masks`.

    `label`: the experts', or that of the consensus; `ordinary`: not gold, `settled`: not in play any more.
    """

    subject: Ints  # (N,), 0 … S-1
    volunteer: Ints  # (N,), ids
    choice: Ints  # (N,), 0 … C-1
    masks: Masks  # (C, K)
    label: Ints  # (S,)
    ordinary: Masks  # (S,)
    settled: Masks  # (S,)

    def counts(self, choices: Masks) -> Ints:
        """(S, C'): how often each of the `choices` (C', K) was given. A label is given for its group; never the other
        way round."""
        within = np.all(self.masks[:, None] <= choices, axis=2)  # (C, C')
        place = np.where(within.any(axis=1), within.argmax(axis=1), -1)[self.choice]
        told = place >= 0
        cell = self.subject[told] * len(choices) + place[told]
        return np.bincount(cell, minlength=len(self.label) * len(choices)).reshape(-1, len(choices))


def figures(
    project: Project, crowd: Crowd, rng: np.random.Generator, before: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """JSON; `before` is what the last aggregation drew. None until FEWEST_NEW answers are there.

    `answers`: how many these figures know; `tribar`: subjects by how far they are; `reliability`: volunteers in bins;
    `calibration`: bins of confidence and the share that was right in them, with Wilson's interval; `choice_sets`: of
    each, coarsest first, confusion [true, given] of the average volunteer and Krippendorff's alpha.
    """
    if abs(len(crowd.said) - (before or {}).get("answers", 0)) < FEWEST_NEW:
        return None if before is None else dict(before)
    given = _given(project, crowd)
    return {
        "answers": len(crowd.said),
        "tribar": tribar(crowd, given.counts(_masks(project, project.choice_sets[0])), given),
        "reliability": reliabilities(crowd.weights.confusions, given.volunteer),
        "calibration": calibration(crowd.asked),
        "choice_sets": [_choice_set(project, one, crowd.weights, given, rng) for one in project.choice_sets],
    }


def tribar(crowd: Crowd, counts: Ints, given: _Given) -> dict[str, int]:
    """How many subjects have no answer, one answer, two or more that are divided or agreed (one of the choices,
    `counts` (S, C), leads alone), are settled, or were named by experts. They sum to all subjects."""
    n, ranked = counts.sum(axis=1), np.sort(counts, axis=1)
    leads = ranked[:, -1] > ranked[:, -2]
    open_ = given.ordinary & ~given.settled
    found = {
        "one": open_ & (n == 1),
        "divided": open_ & (n >= 2) & ~leads,
        "agreed": open_ & (n >= 2) & leads,
    }
    n_settled = len(set(crowd.settled) - crowd.gold.keys())
    counted = {name: int(which.sum()) for name, which in found.items()}
    counted |= {"settled": n_settled, "expert": len(crowd.gold)}
    return {"none": crowd.n_subjects - sum(counted.values()), **counted}


def reliabilities(confusions: Mapping[int, Floats], volunteer: Ints) -> list[dict[str, Any]]:
    """Bins {low, high, n}, lowest first; `volunteer` (N,) of each answer. Whoever gave fewer than FEWEST is left out:
    of her nothing is known but what is believed of everybody."""
    ids, n_given = np.unique(volunteer, return_counts=True)
    matrices = [confusions[one] for one in ids[n_given >= FEWEST].tolist() if one in confusions]
    n, _ = np.histogram([reliability(matrix) for matrix in matrices], RELIABILITIES)
    edges = RELIABILITIES.round(DIGITS).tolist()
    return [
        {"low": edges[start], "high": edges[stop], "n": int(n[start:stop].sum())} for start, stop in merged(n.tolist())
    ]


def calibration(asked: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """Points {confidence, right, low, high, n}: mean confidence of a bin, and how much of it was right."""
    confidence = np.array([one for one, _ in asked], dtype=np.float64)
    right = np.array([one for _, one in asked], dtype=np.float64)
    place = np.clip(np.searchsorted(CONFIDENCES, confidence, side="right") - 1, 0, len(CONFIDENCES) - 2)
    points = []
    for start, stop in merged(np.bincount(place, minlength=len(CONFIDENCES) - 1).tolist()):
        inside = (place >= start) & (place < stop)
        if inside.any():
            low, high = wilson(right[inside].sum(), inside.sum())
            point = {"confidence": confidence[inside].mean(), "right": right[inside].mean(), "low": low, "high": high}
            points.append({name: _told(one) for name, one in point.items()} | {"n": int(inside.sum())})
    return points


def merged(n: Sequence[int]) -> list[tuple[int, int]]:
    """Bins start … stop - 1 in place of bins with `n` each: neighbours are put together until they hold FEWEST.

    An empty bin between such bins stays, those at either end go. Empty if all of them together hold fewer.
    """
    if sum(n) < FEWEST:
        return []
    occupied = np.flatnonzero(n)
    start, held, parts = int(occupied[0]), 0, []
    for stop in range(start + 1, int(occupied[-1]) + 2):
        held += n[stop - 1]
        if not 0 < held < FEWEST:
            parts.append((start, stop))
            start, held = stop, 0
    if held:
        while not any(n[slice(*parts[-1])]):
            parts.pop()
        parts[-1] = (parts[-1][0], int(occupied[-1]) + 1)
    return parts


def confusion(masks: Masks, weights: Weights, n: Ints) -> list[list[float | None]]:
    """The pooled confusion matrix over choices `masks` (C, K), entry [true, given]; None where `n` (C, C) < FEWEST."""
    joint = masks @ (weights.prior[:, None] * weights.pooled) @ masks.T
    share = joint / joint.sum(axis=1, keepdims=True)
    return [
        [_told(one) if enough else None for one, enough in zip(row, known, strict=True)]
        for row, known in zip(share, n >= FEWEST, strict=True)
    ]


def _choice_set(
    project: Project, choice_set: ChoiceSet, weights: Weights, given: _Given, rng: np.random.Generator
) -> dict[str, Any]:
    masks = _masks(project, choice_set)
    counts = given.counts(masks)
    true = masks[:, given.label].T  # (S, C)
    n = true.T.astype(np.int64) @ counts  # (C, C)
    found = alpha(counts[given.ordinary], rng)
    told = None if found is None else {name: _told(one) for name, one in asdict(found).items()}
    return {
        "choice_set": str(choice_set),
        "codes": [choice.code for choice in _choices(project, choice_set)],
        "confusion": confusion(masks, weights, n),
        "n": [one if one >= FEWEST else None for one in n.sum(axis=1).tolist()],
        "alpha": told,
    }


def _given(project: Project, crowd: Crowd) -> _Given:
    known = choice_masks(project)
    choice = crowd.said.choices(known)
    kept = choice >= 0
    subject_id, volunteer_id = crowd.said.subject_id[kept], crowd.said.volunteer_id[kept]
    ids, subject = np.unique(subject_id, return_inverse=True)
    gold = np.isin(ids, list(crowd.gold))
    label = np.empty(len(ids), dtype=np.int64)
    label[gold] = [crowd.gold[one][0] for one in ids[gold].tolist()]
    label[~gold] = consensus.labels(crowd.believed.of(ids[~gold]))
    masks = np.array(list(known.values()), dtype=np.bool_)
    settled = np.isin(ids, list(crowd.settled))
    return _Given(subject.astype(np.int64), volunteer_id, choice[kept], masks, label, ~gold, settled)


def _choices(project: Project, choice_set: ChoiceSet) -> tuple[Choice, ...]:
    return next(level.choices for level in project.levels if level.choice_set is choice_set)


def _masks(project: Project, choice_set: ChoiceSet) -> Masks:
    """(C, K)."""
    return np.array([choice.mask for choice in _choices(project, choice_set)], dtype=np.bool_)


def _told(number: Any) -> float | int:
    return number if isinstance(number, int) else round(float(number), DIGITS)
