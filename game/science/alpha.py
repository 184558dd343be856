"""Krippendorff's alpha: how much more alike answers are than chance would make them, and how surely that is known."""

from __future__ import annotations

from dataclasses import dataclass

import krippendorff
import numpy as np

from scoring.arrays import Floats, Ints

# More subjects are not looked at: of so many drawn at random the interval is a hundredth wide or less.
MOST_SUBJECTS = 10_000
FEWEST_SUBJECTS = 5
RESAMPLES = 400
TAIL = 0.025


@dataclass(frozen=True)
class Alpha:
    """`value` is at most 1, and 0 where answers are as alike as chance makes them; 95 of 100 intervals `low` … `high`
    hold the true one. Of the `n_answers` to the `n_subjects` that were answered twice or more."""

    value: float
    low: float
    high: float
    n_subjects: int
    n_answers: int


def alpha(counts: Ints, rng: np.random.Generator) -> Alpha | None:
    """Nominal alpha, Krippendorff (2004), ch. 11, of counts (S, C): how often each choice was given of each subject.

    The interval is the bootstrap's percentile interval, Efron and Tibshirani (1993), ch. 13; whole subjects are drawn,
    since answers to one subject hang together. None if fewer than FEWEST_SUBJECTS have two answers, or all answers are
    the same.
    """
    paired = counts[counts.sum(axis=1) >= 2]
    if len(paired) < FEWEST_SUBJECTS or np.count_nonzero(paired.sum(axis=0)) < 2:
        return None
    drawn = paired if len(paired) <= MOST_SUBJECTS else paired[rng.choice(len(paired), MOST_SUBJECTS, replace=False)]
    value = float(krippendorff.alpha(value_counts=drawn, level_of_measurement="nominal"))
    # Many subjects were answered alike, so that kinds of subject are drawn, each as often as its subjects would be.
    kinds, n_alike = np.unique(drawn, axis=0, return_counts=True)
    again = of_kinds(kinds, rng.multinomial(len(drawn), n_alike / len(drawn), RESAMPLES))
    low, high = np.quantile(again, (TAIL, 1 - TAIL))
    return Alpha(value, min(float(low), value), max(float(high), value), len(paired), int(paired.sum()))


def of_kinds(kinds: Ints, times: Ints) -> Floats:
    """Alpha (B,) of B crowds of subjects: the u-th row of counts `kinds` (U, C) stands `times[b, u]` times in the b-th.

    1 - D_o/D_e with D_o = Σ_u (m² - Σ_c n_uc²)/(m - 1) and D_e = (n² - Σ_c n_c²)/(n - 1), m = Σ_c n_uc, n = Σ m. A
    crowd all of whose answers are the same leaves no room for chance: 1.
    """
    size = kinds.sum(axis=1)
    apart = (size**2 - (kinds**2).sum(axis=1)) / (size - 1)  # (U,)
    of_choice = times @ kinds  # (B, C)
    n = of_choice.sum(axis=1)
    by_chance = (n**2 - (of_choice**2).sum(axis=1)) / (n - 1)
    return np.asarray(1 - np.divide(times @ apart, by_chance, out=np.zeros(len(times)), where=by_chance > 0))
