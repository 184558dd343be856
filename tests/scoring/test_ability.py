"""Ability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from scoring.ability import SPREAD, more_able, raised
from scoring.arrays import Floats
from tests.scoring.crowds import distribution, generators, label_numbers, one_coin


def settled(counts: Floats, pooled: Floats) -> Floats:
    ability = np.zeros(len(counts))
    for _ in range(60):
        ability = more_able(ability, counts, pooled)
    return ability


def test_ability_multiplies_the_odds_and_leaves_the_shape_of_errors() -> None:
    pooled = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    matrix = raised(pooled, np.array([np.log(3.0)]))[0]
    # Odds 1 : 1 become 3 : 1; the rest, 0.25, is shared as 3 : 2.
    np.testing.assert_allclose(matrix[0], [0.75, 0.15, 0.10])
    np.testing.assert_allclose(matrix[1], [0.1 / 2.6, 2.4 / 2.6, 0.1 / 2.6])
    np.testing.assert_allclose(raised(pooled, np.zeros(1))[0], pooled)


def test_whoever_answers_like_the_average_has_no_ability_of_their_own() -> None:
    pooled = one_coin(0.7, 3)
    np.testing.assert_allclose(settled(100 * pooled[None], pooled), 0.0, atol=1e-9)


def test_many_answers_prove_ability_and_few_hardly_do() -> None:
    pooled = one_coin(0.5, 2)
    always_right = np.stack([np.diag([500.0, 500.0]), np.diag([1.0, 1.0]), np.zeros((2, 2))])
    sure, hint, nothing = settled(always_right, pooled)
    # Where α/SPREAD² meets Σ n·(1 - recall): 2·(1 - 1/(1 + e^-α)) = α/0.5625 at α = 0.4400.
    assert hint == pytest.approx(0.44, abs=0.01)
    assert sure > 3 * SPREAD
    assert nothing == 0


@given(generators, label_numbers)
def test_raised_matrices_are_matrices_and_volunteers_do_not_touch_each_other(
    rng: np.random.Generator, n_labels: int
) -> None:
    pooled, counts = distribution(rng, n_labels, n_labels), 20 * rng.random((4, n_labels, n_labels))
    ability = settled(counts, pooled)
    matrices = raised(pooled, ability)
    np.testing.assert_allclose(matrices.sum(axis=2), 1)
    assert matrices.min() >= 0
    order = rng.permutation(4)
    np.testing.assert_allclose(settled(counts[order], pooled), ability[order], atol=1e-9)
