"""Two versions of a model label by label, on the hold-out subjects of both: figures, differences, and how sure.

Intervals are the delete-one jackknife's (Efron and Tibshirani 1993, ch. 11), over images because the points of an image
hang together, and over subjects where there is one image only: the same every time, and quick enough for a page.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.errors import Conflict
from game.levels import Project
from game.science.gate import label_tests, student
from game.science.holdouts import Paired, counts, f1, pair, read_hold_out, share
from game.science.publish import ModelView
from scoring.arrays import Floats

# Of a hundred intervals ninety-five hold the true difference.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Shift:
    """A figure of two versions, in [0, 1]; the difference `b - a` lies between `low` and `high`."""

    a: float
    b: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.b - self.a

    @property
    def sure(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class LabelShift:
    """`only_a` and `only_b`: how many of the label's `n` subjects only one of both recognises."""

    code: str
    name: str
    n: int
    recall: Shift
    precision: Shift
    f1: Shift
    only_a: int
    only_b: int


@dataclass(frozen=True)
class Comparison:
    """`labels` in the project's order, those only that a common hold-out subject truly has."""

    a: ModelView
    b: ModelView
    n: int
    n_images: int
    accuracy: Shift
    macro_f1: Shift
    labels: tuple[LabelShift, ...]


def compare(project: Project, models_folder: Path, a: ModelView, b: ModelView) -> Comparison:
    """Raises Conflict if no subject was held out by both, ArtifactError if a version's hold-out is lost."""
    held_out = [read_hold_out(models_folder / model.folder) for model in (b, a)]
    paired = pair(*held_out)
    if paired is None:
        raise Conflict(
            "Versions %(a)s and %(b)s were examined on different pictures, so that they cannot be compared.",
            a=a.version,
            b=b.version,
        )
    k = len(paired.labels)
    unit = paired.image if paired.n_images > 1 else np.arange(len(paired.true))
    of_unit = np.stack([counts(paired.true, given, unit, k) for given in (paired.old, paired.new)], axis=1)
    whole = figures(of_unit.sum(axis=0))  # (2, F)
    error = jackknife_error(of_unit)  # (F,)
    shifts = [_shift(old, new, one, len(of_unit)) for old, new, one in zip(whole[0], whole[1], error, strict=True)]
    labels = _labels(project, paired, shifts[2:])
    return Comparison(a, b, len(paired.true), paired.n_images, shifts[0], shifts[1], labels)


def figures(totals: Floats) -> Floats:
    """Of totals (..., 3, K) as holdouts.counts has them: accuracy, macro-F1, then recall, precision and F1 of each
    label, (..., 2 + 3K)."""
    right, given, true = (totals[..., place, :] for place in range(3))
    accuracy = right.sum(axis=-1, keepdims=True) / true.sum(axis=-1, keepdims=True)
    of_label = f1(totals)
    macro = of_label.mean(axis=-1, keepdims=True)
    return np.concatenate([accuracy, macro, share(right, true), share(right, given), of_label], axis=-1)


def jackknife_error(of_unit: Floats) -> Floats:
    """Of counts (U, 2, 3, K) of two models: the standard errors (F,) of the differences of their figures."""
    without = figures(of_unit.sum(axis=0) - of_unit)
    differences = without[:, 1] - without[:, 0]
    n = len(of_unit)
    return np.asarray(np.sqrt((n - 1) / n * ((differences - differences.mean(axis=0)) ** 2).sum(axis=0)))


def _shift(a: float, b: float, error: float, n_units: int) -> Shift:
    margin = student((1 + CONFIDENCE) / 2, n_units - 1) * float(error)
    return Shift(float(a), float(b), max(float(b - a) - margin, -1.0), min(float(b - a) + margin, 1.0))


def _labels(project: Project, paired: Paired, shifts: list[Shift]) -> tuple[LabelShift, ...]:
    """`shifts`: recall of each label, then precision, then F1."""
    k, names = len(paired.labels), {label.code: label.name for label in project.labels}
    order = {code: place for place, code in enumerate(names)}
    found = [
        LabelShift(
            code=test.code, name=names.get(test.code, test.code), n=test.n, recall=shifts[place],
            precision=shifts[k + place], f1=shifts[2 * k + place], only_a=test.only_old, only_b=test.only_new,
        )
        for place, test in enumerate(label_tests(paired))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda label: order.get(label.code, len(order))))
