"""How good the model is on subjects that experts labelled, in images that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.training.curves import CoveragePoint, ReliabilityBin, calibration_error, coverage_curve, reliability_bins
from game.training.dataset import Label
from game.training.intervals import Draws, Interval, draws, interval
from scoring.arrays import Floats, Ints, Masks
from scoring.confusion import wilson


@dataclass(frozen=True)
class LabelIntervals:
    """Wilson's for shares, taking subjects one by one; for F1 by drawing images. None where there is no telling."""

    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


@dataclass(frozen=True)
class LabelFigures:
    """`n` hold-out subjects have this label, the model gives it to `n_given`. A share of nothing counts as 0."""

    code: str
    precision: float
    recall: float
    f1: float
    n: int
    n_given: int
    interval: LabelIntervals


@dataclass(frozen=True)
class Intervals:
    """By drawing images; None if all subjects lie in one."""

    accuracy: Interval | None
    macro_f1: Interval | None
    ece: Interval | None


@dataclass(frozen=True)
class Figures:
    """`confusion` (K, K) counts, entry [true, given]; `macro_f1` is the mean over labels that occur in the hold-out."""

    accuracy: float
    macro_f1: float
    majority_accuracy: float
    per_label: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    interval: Intervals
    reliability: tuple[ReliabilityBin, ...]
    coverage: tuple[CoveragePoint, ...]


@dataclass(frozen=True)
class Evaluation(Figures):
    """`groups`: the same of groups of labels, None if no label has one."""

    n: int
    groups: Figures | None

    @property
    def never_given(self) -> tuple[int, ...]:
        """Labels that no hold-out subject was given, by their places."""
        return tuple(np.flatnonzero(np.array(self.confusion).sum(axis=0) == 0).tolist())


def evaluate(p: Floats, true: Ints, labels: Sequence[Label], image: Ints | None = None, seed: int = 0) -> Evaluation:
    """`p` (G, K) for the hold-out's `true` labels (G,) in `image`s (G,), without which each subject is its own.

    The label given is the likeliest.
    """
    drawn = draws(np.arange(len(true)) if image is None else image, seed)
    order, group = groups_of(labels)
    return Evaluation(
        **vars(figures(p, true, [label.code for label in labels], drawn)),
        n=len(true),
        groups=figures(grouped(p, group), group[true], order, drawn) if any(one.group for one in labels) else None,
    )


def groups_of(labels: Sequence[Label]) -> tuple[list[str], Ints]:
    """Codes, and the place of each label's group (K,); a label of no group stands for itself."""
    names = [label.group or label.code for label in labels]
    order = list(dict.fromkeys(names))
    return order, np.array([order.index(name) for name in names])


def grouped(p: Floats, group: Ints) -> Floats:
    """(G, K) → (G, C): a group is as likely as its labels together."""
    return np.stack([p[:, group == place].sum(axis=1) for place in range(group.max() + 1)], axis=1)


def figures(p: Floats, true: Ints, codes: Sequence[str], drawn: Draws | None) -> Figures:
    given = p.argmax(axis=1)
    confusion = confusion_counts(given, true, len(codes))
    f1 = None if drawn is None else _drawn_f1(given, true, len(codes), drawn)
    lines = tuple(_line(code, confusion, place, f1) for place, code in enumerate(codes))
    ece, ece_interval = calibration_error(p, true, drawn)
    return Figures(
        accuracy=float(np.trace(confusion) / len(true)),
        macro_f1=float(np.mean([line.f1 for line in lines if line.n])),
        majority_accuracy=float(np.bincount(true).max() / len(true)),
        per_label=lines,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        ece=ece,
        interval=Intervals(
            None if drawn is None else interval(_drawn_accuracy(given == true, drawn)),
            None if f1 is None else interval(np.nanmean(f1, axis=1)),
            ece_interval,
        ),
        reliability=reliability_bins(p, true),
        coverage=coverage_curve(p, true),
    )


def confusion_counts(given: Ints, true: Ints, n_labels: int) -> Ints:
    """(K, K), entry [true, given]."""
    return np.bincount(true * n_labels + given, minlength=n_labels**2).reshape(n_labels, n_labels)


def _line(code: str, confusion: Ints, place: int, f1: Floats | None) -> LabelFigures:
    right, n_given, n_true = (
        int(n) for n in (confusion[place, place], confusion[:, place].sum(), confusion[place].sum())
    )
    known = f1 is not None and n_true > 0
    intervals = LabelIntervals(
        _wilson(right, n_given), _wilson(right, n_true), interval(f1[:, place]) if f1 is not None and known else None
    )
    shares = _share(right, n_given), _share(right, n_true), _share(2 * right, n_given + n_true)
    return LabelFigures(code, *shares, n_true, n_given, intervals)


def _drawn_f1(given: Ints, true: Ints, n_labels: int, drawn: Draws) -> Floats:
    """(B, K): F1 of each label in each draw, NaN where the draw has no subject of that label."""
    one = np.eye(n_labels)
    right, n_given, n_true = np.split(drawn.sums(np.hstack([one[true] * one[given], one[given], one[true]])), 3, axis=1)
    return np.where(n_true > 0, 2 * right / np.maximum(n_given + n_true, 1), np.nan)


def _drawn_accuracy(right: Masks, drawn: Draws) -> Floats:
    sums = drawn.sums(np.stack([right, np.ones(len(right))], axis=1))
    return np.asarray(sums[:, 0] / sums[:, 1])


def _wilson(part: int, whole: int) -> Interval | None:
    low, high = wilson(part, whole)
    return Interval(float(low), float(high)) if whole else None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
