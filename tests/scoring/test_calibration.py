"""Calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calibration import expected_calibration_error
from tests.scoring.crowds import distribution, generators, label_numbers


def test_calibration_error_is_the_mean_gap_over_bins() -> None:
    posterior = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.65, 0.35]])
    # Bin 0.9-1: one of two right, |0.5 - 0.95| = 0.45. Bin 0.6-0.7: both right, |1 - 0.65| = 0.35.
    error = expected_calibration_error(posterior, np.array([0, 1, 1, 0]))
    assert error == pytest.approx(2 / 4 * 0.45 + 2 / 4 * 0.35)


def test_certainty_that_comes_true_has_no_error() -> None:
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0
    assert expected_calibration_error(np.zeros((0, 3)), np.zeros(0, dtype=int)) == 0


@given(generators, label_numbers, st.integers(1, 40))
def test_the_calibration_error_is_a_share(rng: np.random.Generator, n_labels: int, n: int) -> None:
    error = expected_calibration_error(distribution(rng, n, n_labels), rng.integers(n_labels, size=n))
    assert 0 <= error <= 1
