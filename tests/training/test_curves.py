"""How sure, and what that is worth, by hand."""

import numpy as np
import pytest

from game.training.curves import FEWEST, SHARES, calibration_error, coverage_curve, reliability_bins
from game.training.intervals import draws
from scoring.arrays import Floats, Ints


def said(confidence: list[float], right: list[bool]) -> tuple[Floats, Ints]:
    """Two labels, the first one given; true where it was right."""
    p = np.array([[each, 1 - each] for each in confidence])
    return p, np.array([0 if each else 1 for each in right])


def test_bins_hold_about_as_many_each_the_least_sure_first() -> None:
    confidence = list(np.linspace(0.5, 0.99, 50))
    bins = reliability_bins(*said(confidence, [True] * 50))
    # 50 subjects are two bins of 20 and more.
    assert [one.n for one in bins] == [25, 25]
    assert bins[0].confidence == pytest.approx(np.mean(confidence[:25]))
    assert bins[0].right == bins[1].right == 1


def test_a_bin_says_how_much_was_right_and_between_what() -> None:
    (one,) = reliability_bins(*said([0.8] * 10, [True] * 7 + [False] * 3))
    assert (one.confidence, one.right, one.n) == pytest.approx((0.8, 0.7, 10))
    # Wilson for 7 of 10: (7 + 1.92) / 13.84 ∓ 1.96 · √(10 · .21 + .96) / 13.84.
    assert (one.low, one.high) == pytest.approx((0.3968, 0.8922), abs=1e-4)


@pytest.mark.parametrize("n", [0, FEWEST - 1])
def test_a_bin_of_few_would_tell_which_they_are(n: int) -> None:
    assert reliability_bins(*said([0.8] * n, [True] * n)) == ()
    assert all(point.n >= FEWEST for point in coverage_curve(*said([0.8] * (n + 6), [True] * (n + 6))))


def test_the_surest_are_asked_first() -> None:
    confidence = [0.6] * 10 + [0.9] * 10
    points = coverage_curve(*said(confidence, [False] * 5 + [True] * 15))
    # Of 20 subjects a tenth would be 2: too few.
    assert [point.share for point in points] == list(SHARES[2:])
    by_share = {point.share: point for point in points}
    assert (by_share[0.5].accuracy, by_share[0.5].confidence, by_share[0.5].n) == (1, 0.9, 10)
    assert (by_share[1.0].accuracy, by_share[1.0].confidence) == (0.75, 0.6)


def test_thresholds_are_coarse() -> None:
    points = coverage_curve(*said([0.812345] * 10, [True] * 10))
    assert {point.confidence for point in points} == {0.81}


def test_the_calibration_error_is_that_of_scoring_with_an_interval() -> None:
    p, true = said([0.8] * 10, [True] * 7 + [False] * 3)
    # One bin: |.7 - .8|.
    found, apart = calibration_error(p, true, draws(np.arange(10), 1))
    assert found == pytest.approx(0.1)
    assert apart is not None and apart.low <= 0.1 <= apart.high
    assert calibration_error(p, true, None) == (pytest.approx(0.1), None)
