"""Logarithms and softmax that survive zeros."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from scoring.arrays import log, softmax
from tests.scoring.crowds import distribution, generators


def test_the_logarithm_of_nothing_is_finite() -> None:
    assert np.isfinite(log(np.array([0.0, 1.0]))).all()


def test_softmax_of_huge_weights_does_not_overflow() -> None:
    assert softmax(np.array([1000.0, 1000.0])).tolist() == [0.5, 0.5]


def test_softmax_of_rows_beyond_what_floats_hold_is_right() -> None:
    rows = np.array([[500.0, 500.0], [-500.0, -500.0], [-300.0, -301.0], [0.0, -1.0]], np.float32)
    right = 1 / (1 + np.exp(-1))  # For a difference of 1.
    np.testing.assert_allclose(softmax(rows)[:, 0], [0.5, 0.5, right, right], rtol=1e-6)


@given(generators)
def test_softmax_undoes_the_logarithm(rng: np.random.Generator) -> None:
    probability = distribution(rng, 3, 4)
    np.testing.assert_allclose(softmax(log(probability)), probability)
