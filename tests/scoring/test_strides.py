"""Strides: by hand, on a sequence whose end is known, and beside EM's own steps."""

from __future__ import annotations

import numpy as np

from scoring.dawid_skene import Fit, fit
from scoring.strides import LONGEST, PLAIN, Strides
from tests.scoring.crowds import NO_GOLD, draw_crowd


def after_plain_steps() -> Strides:
    strides = Strides()
    for _ in range(PLAIN):
        strides.further(np.ones((1, 1, 1)), np.ones(1))
    return strides


def test_the_first_steps_are_ems_own() -> None:
    strides = Strides()
    for n in range(PLAIN + 2):
        counts, ability = np.full((1, 1, 1), 2.0**n), np.full(1, 3.0 * n)
        further = strides.further(counts, ability)
        assert further[0] is counts
        assert further[1] is ability


def test_what_halves_its_distance_with_each_step_is_at_its_end() -> None:
    strides = after_plain_steps()
    # Counts 10 + 8, 10 + 4, 10 + 2: r = -4, v = 2, α = 2, and 18 + 2·2·(-4) + 4·2 = 10. Abilities 5 - 8, 5 - 4, 5 - 2.
    for distance in (8.0, 4.0):
        strides.further(np.full((1, 1, 1), 10 + distance), np.full(1, 5 - distance))
    counts, ability = strides.further(np.full((1, 1, 1), 12.0), np.full(1, 3.0))
    assert counts.item() == 10
    assert ability.item() == 5
    # The next three begin anew.
    assert strides.further(np.full((1, 1, 1), 7.0), np.zeros(1))[0].item() == 7


def test_a_stride_has_an_end_and_counts_are_never_negative() -> None:
    strides = after_plain_steps()
    # They fall by 1 and by 1 again: no end can be seen, and 16 steps are gone; counts end at 0.
    for n in (9.0, 8.0):
        strides.further(np.array([[[n, 90 + n]]]), np.full(1, n))
    counts, ability = strides.further(np.array([[[7.0, 97.0]]]), np.full(1, 7.0))
    assert counts.ravel().tolist() == [0, 99 - 2 * LONGEST]
    assert ability.item() == 9 - 2 * LONGEST


def test_strides_arrive_where_ems_own_steps_would() -> None:
    crowd = draw_crowd(np.random.default_rng(1), 6, 0.0)
    gold = np.full(len(crowd.true), NO_GOLD)

    def fitted(n_iterations: int, tolerance: float) -> Fit:
        found = (crowd.answers, len(gold), crowd.n_volunteers, gold)
        return fit(*found, n_iterations=n_iterations, tolerance=tolerance)

    found, end = fitted(100, 1e-4), fitted(1000, 0.0)
    assert found.converged
    assert PLAIN + 3 < found.n_iterations < 60
    np.testing.assert_allclose(found.posterior, end.posterior, atol=2e-3)
    np.testing.assert_allclose(found.confusion, end.confusion, atol=2e-3)
