"""The gate: whether a model is better than its rival on the same hold-out subjects, and not by luck. No files, no rows.

A model passes if its macro-F1 is higher than could be luck, and no label is recognised worse than could be luck.

Macro-F1 by a paired bootstrap (Efron and Tibshirani 1993, ch. 13; of two systems: Koehn 2004): whole images are
drawn, both models on the same draws, because the points of an image hang together (Davison and Hinkley 1997, § 3.8).
Few images make a percentile interval too narrow; its tail is widened to Student's (Hesterberg 2015, § 5.2). Each label
by McNemar's exact test (1947) on the subjects that only one of both recognises, all labels together by Holm's (1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, comb, sqrt
from statistics import NormalDist

import numpy as np

from game.science.holdouts import Paired, counts, f1, share
from scoring.arrays import Floats, Ints

# The chance that a model that is only as good becomes public. One in twenty is what most science takes, and a mistake
# costs little: the model is as good, and can be taken back. Every retraining asks again, so that it should not be more.
LEVEL = 0.05
# The chance that all labels together accuse a model that recognises none of them worse.
HARM_LEVEL = 0.05
RESAMPLES = 2_000
# All of so few images can be in a model's favour by luck alone more often than LEVEL: 2^-4 is .06, 2^-5 is .03.
FEWEST_IMAGES = 5
# How surely a hold-out of the size that is asked for would show an improvement that is there; Cohen (1988), § 2.4.
POWER = 0.8
# An improvement of macro-F1 that people would want to have; a hold-out is asked for that could tell as little as this.
WORTHWHILE = 0.02

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Measured:
    """A figure of both, in [0, 1], and their difference with its bounds: it is more than `low`, and less than `high`,
    each with confidence 1 - LEVEL. `error` is the difference's standard error."""

    new: float
    old: float
    low: float
    high: float
    error: float

    @property
    def difference(self) -> float:
        return self.new - self.old

    @property
    def better(self) -> bool:
        return self.low > 0


@dataclass(frozen=True)
class LabelTest:
    """Of the `n` subjects of a label, how many only the old or only the new model recognises; Holm's p value of the
    hypothesis that the new one does no worse."""

    code: str
    n: int
    only_old: int
    only_new: int
    p_value: float

    @property
    def worse(self) -> bool:
        return self.p_value <= HARM_LEVEL


@dataclass(frozen=True)
class Trial:
    """What the gate found. `n_needed` hold-out subjects of this kind could tell; None if these are enough.

    `recall` (the mean over labels) decides beside macro-F1 where the rival is the commonest label, and is None where it
    is a model; `labels` is empty where it is the commonest label, which recognises one label only, but that always.
    """

    n: int
    n_images: int
    macro_f1: Measured
    recall: Measured | None
    labels: tuple[LabelTest, ...]
    n_needed: int | None

    @property
    def worse(self) -> tuple[LabelTest, ...]:
        return tuple(label for label in self.labels if label.worse)

    @property
    def passed(self) -> bool:
        return self.macro_f1.better and (self.recall is None or self.recall.better) and not self.worse


def against_model(paired: Paired, rng: np.random.Generator) -> Trial:
    macro_f1, _ = _measure(paired, rng)
    return Trial(len(paired.true), paired.n_images, macro_f1, None, label_tests(paired), needed(paired, macro_f1))


def against_commonest(paired: Paired, rng: np.random.Generator) -> Trial:
    """Macro-F1 alone would let pure chance pass, which beats the commonest label by it; but chance has a mean recall of
    1/K, as every answer has that is given without looking."""
    macro_f1, recall = _measure(paired, rng)
    decisive = min(macro_f1, recall, key=share_of_error)
    return Trial(len(paired.true), paired.n_images, macro_f1, recall, (), needed(paired, decisive))


def label_tests(paired: Paired) -> tuple[LabelTest, ...]:
    """In the order of the labels. One-sided: P(Bin(b + c, 1/2) >= b), b subjects right by the old model only."""
    new, old = paired.new == paired.true, paired.old == paired.true
    n, only_old, only_new = (
        [int(found[paired.true == label].sum()) for label in range(len(paired.labels))]
        for found in (np.ones(len(new), dtype=np.bool_), old & ~new, new & ~old)
    )
    p_values = holm([sign_test(b, c) for b, c in zip(only_old, only_new, strict=True)])
    rows = zip(paired.labels, n, only_old, only_new, p_values, strict=True)
    return tuple(LabelTest(*row) for row in rows)


def sign_test(n_for: int, n_against: int) -> float:
    """How likely at least `n_for` of all would be if both were as likely."""
    n = n_for + n_against
    return float(sum(comb(n, k) for k in range(n_for, n + 1)) / 2**n)


def holm(p_values: list[float]) -> list[float]:
    """Adjusted so that each may be compared with the level of all together; Holm (1979)."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        highest = max(highest, min((len(p_values) - rank) * p_values[place], 1.0))
        adjusted[place] = highest
    return adjusted


def needed(paired: Paired, measured: Measured) -> int | None:
    """How many subjects could tell an improvement as large as it seems, and WORTHWHILE at least; None if these could.

    The standard error falls with the square root of the number of images, and so of subjects.
    """
    to_see = max(measured.difference, WORTHWHILE)
    times = ((_NORMAL.inv_cdf(1 - LEVEL) + _NORMAL.inv_cdf(POWER)) * measured.error / to_see) ** 2
    return None if times <= 1 else ceil(times * len(paired.true))


def share_of_error(measured: Measured) -> float:
    """The difference in standard errors: the smaller, the more it may be luck."""
    return measured.difference / measured.error if measured.error else float("inf") * measured.difference


def student_tail(n: int) -> float:
    """The tail probability at which a percentile interval of `n` drawn units has the tail LEVEL.

    Φ(-t √(n / (n - 1))), t of Student's distribution with n - 1 degrees of freedom: Hesterberg (2015), § 5.2.
    """
    return _NORMAL.cdf(-student(1 - LEVEL, n - 1) * sqrt(n / (n - 1))) if n > 1 else 0.0


def student(probability: float, degrees: int) -> float:
    """The quantile of Student's distribution: Abramowitz and Stegun (1964), 26.7.5. At one degree of freedom it is too
    small by a quarter at most, at two by a thirtieth, then right."""
    z, v = _NORMAL.inv_cdf(probability), degrees
    t = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
    return t + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)


def _measure(paired: Paired, rng: np.random.Generator) -> tuple[Measured, Measured]:
    """Macro-F1 and mean recall. Where the images are too few to tell alone, their subjects must show it as well: of the
    two intervals the wider counts."""
    found = [] if paired.n_images < 2 else [_by(paired, paired.image, rng)]
    if paired.n_images < FEWEST_IMAGES:
        found.append(_by(paired, np.arange(len(paired.true)), rng))
    macro_f1, recall = (_widest([pair[place] for pair in found]) for place in range(2))
    return macro_f1, recall


def _widest(found: list[Measured]) -> Measured:
    low, high = min(one.low for one in found), max(one.high for one in found)
    return Measured(found[0].new, found[0].old, low, high, max(one.error for one in found))


def _by(paired: Paired, unit: Ints, rng: np.random.Generator) -> tuple[Measured, Measured]:
    k = len(paired.labels)
    of_unit = np.stack([counts(paired.true, given, unit, k) for given in (paired.new, paired.old)], axis=1)  # (U,2,3,K)
    whole, drawn = of_unit.sum(axis=0), _drawn(of_unit, rng)
    tail = student_tail(len(of_unit))
    return _measured(_macro_f1(whole), _macro_f1(drawn), tail), _measured(_recall(whole), _recall(drawn), tail)


def _drawn(of_unit: Floats, rng: np.random.Generator) -> Floats:
    """Totals (B, 2, 3, K) of B draws of as many units as there are, with replacement.

    Many units are alike, so that kinds of unit are drawn, each as often as its units would be.
    """
    kinds, n_alike = np.unique(of_unit.reshape(len(of_unit), -1), axis=0, return_counts=True)
    times = rng.multinomial(len(of_unit), n_alike / len(of_unit), RESAMPLES)
    return np.asarray((times @ kinds).reshape(RESAMPLES, *of_unit.shape[1:]))


def _measured(whole: Floats, drawn: Floats, tail: float) -> Measured:
    """`whole` (2,) and `drawn` (B, 2): a figure of the new and the old one."""
    differences = drawn[:, 0] - drawn[:, 1]
    low, high = np.quantile(differences, (tail, 1 - tail))
    return Measured(float(whole[0]), float(whole[1]), float(low), float(high), float(differences.std()))


def _macro_f1(totals: Floats) -> Floats:
    return np.asarray(f1(totals).mean(axis=-1))


def _recall(totals: Floats) -> Floats:
    return np.asarray(share(totals[..., 0, :], totals[..., 2, :]).mean(axis=-1))
