"""The whole examination, as metrics.json has it: the hold-out's figures, cover, temperature, what more answers bring.

Every number is rounded, so that nobody can find out from a mean which subjects of the project are gold.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from game.training.answers import Answers
from game.training.cover import Judged, cover
from game.training.curves import calibration_error, reliability_bins
from game.training.dataset import POINT, Dataset
from game.training.evaluate import Evaluation, evaluate, grouped, groups_of
from game.training.intervals import draws
from game.training.learning import Refit, learning_curve
from game.training.sites import elsewhere
from game.training.temperature import cooled
from scoring.arrays import Floats, Ints

# To be raised whenever a figure changes its meaning or its place; README.md lists them.
SCHEMA = 2
DECIMALS = 4


@dataclass(frozen=True)
class Exam:
    """A model's answers to the hold-out: `p` (G, K) at its `temperature`.

    `refit` teaches a head like its own by less, None where nothing was learned. Where layers were taught, too, that
    would take as long again: then it is of frozen layers, and `frozen` (G, K) what they say of the hold-out.
    """

    dataset: Dataset
    answers: Answers
    p: Floats
    temperature: float
    refit: Refit | None
    seed: int
    frozen: Floats | None = None

    @property
    def image(self) -> Ints:
        """(G,) the whole image of each hold-out subject."""
        names = [self.dataset.subjects[place].whole for place in self.dataset.gold.subject]
        return np.unique(names, return_inverse=True)[1]


def judge(exam: Exam) -> Evaluation:
    return evaluate(exam.p, exam.dataset.gold.true, exam.dataset.labels, exam.image, exam.seed)


def figures(exam: Exam, evaluation: Evaluation) -> dict[str, Any]:
    """JSON: what the evaluation found and all the rest."""
    dataset, gold = exam.dataset, exam.dataset.gold
    by_itself = exam.frozen is None
    final = exam.p if exam.frozen is None else exam.frozen
    curve = learning_curve(exam.refit, exam.answers.n[dataset.consensus.subject], gold.true, final, exam.seed)
    other_sites = elsewhere(dataset, exam.p, exam.refit if by_itself else None, draws(exam.image, exam.seed))
    told = {
        "schema": SCHEMA,
        **asdict(evaluation),
        "temperature": exam.temperature,
        "uncalibrated": _uncalibrated(exam),
        "cover": _cover(exam),
        "learning_curve": [asdict(point) for point in curve],
        "learning_curve_of": "model" if by_itself else "frozen",
        "elsewhere": None if other_sites is None else asdict(other_sites),
        "n_answers": int(exam.answers.n[dataset.consensus.subject].sum()),
    }
    return {name: rounded(each) for name, each in told.items()}


def rounded(told: Any) -> Any:
    """The same with every float at DECIMALS; tuples are lists, as in JSON."""
    if isinstance(told, float):
        return round(told, DECIMALS)
    if isinstance(told, dict):
        return {name: rounded(each) for name, each in told.items()}
    return [rounded(each) for each in told] if isinstance(told, list | tuple) else told


def _uncalibrated(exam: Exam) -> dict[str, Any]:
    """How sure it would have been without its temperature."""
    p, true = cooled(exam.p, 1 / exam.temperature), exam.dataset.gold.true
    ece, apart = calibration_error(p, true, draws(exam.image, exam.seed))
    return {
        "ece": ece,
        "interval": {"ece": None if apart is None else asdict(apart)},
        "reliability": [asdict(one) for one in reliability_bins(p, true)],
    }


def _cover(exam: Exam) -> dict[str, Any] | None:
    """By label and, as `groups`, by group where there are any. None for whole images: nobody counts points in them."""
    dataset, gold, crowd = exam.dataset, exam.dataset.gold, exam.answers
    if dataset.kind != POINT:
        return None
    judged = Judged(exam.image, gold.true, exam.p.argmax(axis=1), crowd.label[gold.subject], crowd.n[gold.subject])
    found = cover(judged, [label.code for label in dataset.labels], exam.seed)
    codes, group = groups_of(dataset.labels)
    likeliest = grouped(exam.p, group).argmax(axis=1)
    asked = judged.crowd >= 0
    by_group = replace(
        judged, experts=group[judged.experts], machine=likeliest, crowd=np.where(asked, group[judged.crowd], -1)
    )
    among = cover(by_group, codes, exam.seed) if any(label.group for label in dataset.labels) else None
    return None if found is None else asdict(found) | {"groups": None if among is None else asdict(among)}
