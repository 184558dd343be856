"""How good the model is on subjects that experts labelled, in images that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.training.dataset import Label
from scoring.arrays import Floats, Ints
from scoring.calibration import expected_calibration_error


@dataclass(frozen=True)
class LabelFigures:
    """`n` hold-out subjects have this label. A share of nothing counts as 0."""

    code: str
    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class GroupFigures:
    accuracy: float
    majority_accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """`confusion` (K, K) counts, entry [true, given]; `macro_f1` is the mean over labels that occur in the hold-out."""

    accuracy: float
    macro_f1: float
    n: int
    majority_accuracy: float
    groups: GroupFigures | None
    per_label: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float


def evaluate(p: Floats, true: Ints, labels: Sequence[Label]) -> Evaluation:
    """`p` (G, K) for the hold-out's `true` labels (G,); the label given is the likeliest."""
    confusion = confusion_counts(p.argmax(axis=1), true, len(labels))
    figures = tuple(_figures(label.code, confusion, place) for place, label in enumerate(labels))
    return Evaluation(
        accuracy=float(np.trace(confusion) / len(true)),
        macro_f1=float(np.mean([label.f1 for label in figures if label.n])),
        n=len(true),
        majority_accuracy=_majority(true),
        groups=_groups(p, true, labels),
        per_label=figures,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        ece=expected_calibration_error(p, true),
    )


def confusion_counts(given: Ints, true: Ints, n_labels: int) -> Ints:
    """(K, K), entry [true, given]."""
    return np.bincount(true * n_labels + given, minlength=n_labels**2).reshape(n_labels, n_labels)


def _figures(code: str, confusion: Ints, place: int) -> LabelFigures:
    right, n_given, n_true = confusion[place, place], confusion[:, place].sum(), confusion[place].sum()
    precision, recall, f1 = (
        float(share) for share in (_share(right, n_given), _share(right, n_true), _share(2 * right, n_given + n_true))
    )
    return LabelFigures(code, precision, recall, f1, int(n_true))


def _groups(p: Floats, true: Ints, labels: Sequence[Label]) -> GroupFigures | None:
    """A group is as likely as its labels together; a label of no group stands for itself. None if no label has one."""
    if not any(label.group for label in labels):
        return None
    names = [label.group or label.code for label in labels]
    order = list(dict.fromkeys(names))
    group = np.array([order.index(name) for name in names])
    p_group = np.stack([p[:, group == place].sum(axis=1) for place in range(len(order))], axis=1)
    return GroupFigures(float((p_group.argmax(axis=1) == group[true]).mean()), _majority(group[true]))


def _majority(true: Ints) -> float:
    """The accuracy of giving the commonest label every time."""
    return float(np.bincount(true).max() / len(true))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
