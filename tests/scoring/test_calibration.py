"""Calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.arrays import Floats, Ints
from scoring.calibration import COLDEST, HOTTEST, calibrate, expected_calibration_error, temperature
from tests.scoring.crowds import distribution, generators, label_numbers


def gold(n_right: int, n_wrong: int) -> tuple[Floats, Ints]:
    """Posteriors of 0.8 for label 0, which is true in `n_right` cases."""
    return np.tile([0.8, 0.2], (n_right + n_wrong, 1)), np.repeat([0, 1], [n_right, n_wrong])


def test_a_stated_confidence_that_comes_true_is_left_alone() -> None:
    assert temperature(*gold(8, 2)) == pytest.approx(1)  # 8 of 10 right at 0.8


def test_overconfidence_is_cooled_to_what_came_true() -> None:
    # 4 : 1 was stated, 2 : 1 came true, and 4^(1/2) = 2, so T = 2; with 3,000 gold subjects caution hardly shows.
    found = temperature(*gold(2000, 1000))
    assert found == pytest.approx(2, abs=0.02)
    np.testing.assert_allclose(calibrate(np.array([0.8, 0.2]), 2), [2 / 3, 1 / 3])


def test_five_correct_gold_subjects_do_not_prove_much() -> None:
    assert 0.8 < temperature(*gold(5, 0)) < 1


def test_without_gold_nothing_changes() -> None:
    assert temperature(np.zeros((0, 3)), np.zeros(0, dtype=int)) == pytest.approx(1)


def test_a_posterior_of_nought_for_the_truth_is_survived() -> None:
    assert temperature(np.array([[1.0, 0.0]] * 20), np.ones(20, dtype=int)) == pytest.approx(HOTTEST)


def test_calibration_error_is_the_mean_gap_over_bins() -> None:
    posterior = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.65, 0.35]])
    # Bin 0.9-1: one of two right, |0.5 - 0.95| = 0.45. Bin 0.6-0.7: both right, |1 - 0.65| = 0.35.
    error = expected_calibration_error(posterior, np.array([0, 1, 1, 0]))
    assert error == pytest.approx(2 / 4 * 0.45 + 2 / 4 * 0.35)


def test_certainty_that_comes_true_has_no_error() -> None:
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0
    assert expected_calibration_error(np.zeros((0, 3)), np.zeros(0, dtype=int)) == 0


def test_the_temperature_lowers_the_error_of_overconfident_posteriors(rng: np.random.Generator) -> None:
    honest = distribution(rng, 2000, 4)
    true = (rng.random(2000)[:, None] > honest.cumsum(axis=1)[:, :-1]).sum(axis=1)
    stated = calibrate(honest, 0.6)
    found = temperature(stated, true)
    assert found == pytest.approx(1 / 0.6, rel=0.1)
    assert expected_calibration_error(calibrate(stated, found), true) < expected_calibration_error(stated, true) / 2


@given(generators, label_numbers, st.integers(0, 40))
def test_the_temperature_stays_within_its_bounds(rng: np.random.Generator, n_labels: int, n: int) -> None:
    found = temperature(distribution(rng, n, n_labels), rng.integers(n_labels, size=n))
    assert COLDEST <= found <= HOTTEST


@given(generators, label_numbers, st.floats(COLDEST, HOTTEST))
def test_calibration_keeps_the_order_of_labels(rng: np.random.Generator, n_labels: int, heat: float) -> None:
    posterior = distribution(rng, 5, n_labels)
    calibrated = calibrate(posterior, heat)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    np.testing.assert_array_equal(calibrated.argsort(axis=1), posterior.argsort(axis=1))


@given(generators, label_numbers, st.integers(1, 40))
def test_the_calibration_error_is_a_share(rng: np.random.Generator, n_labels: int, n: int) -> None:
    error = expected_calibration_error(distribution(rng, n, n_labels), rng.integers(n_labels, size=n))
    assert 0 <= error <= 1
