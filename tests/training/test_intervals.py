"""Intervals by drawing images."""

import numpy as np
import pytest

from game.training.intervals import N_DRAWS, Interval, brackets, draws, interval, unbiased_interval


def test_every_draw_has_as_many_images_as_there_are() -> None:
    drawn = draws(np.array([3, 3, 7, 9]), seed=1)
    assert drawn is not None
    assert drawn.times.shape == (N_DRAWS, 3)
    assert set(drawn.times.sum(axis=1)) == {3}
    assert drawn.times.mean() == pytest.approx(1)


def test_an_image_comes_with_all_its_subjects() -> None:
    drawn = draws(np.array([0, 0, 1]), seed=1)
    assert drawn is not None
    sums = drawn.sums(np.array([[1.0], [2.0], [10.0]]))[:, 0]
    # Image 0 twice, both once, image 1 twice.
    assert set(sums) == {6, 13, 20}
    assert (sums == 13).mean() == pytest.approx(1 / 2, abs=0.06)


def test_the_same_seed_draws_the_same() -> None:
    image = np.arange(20)
    first, again, other = draws(image, 1), draws(image, 1), draws(image, 2)
    assert first and again and other
    assert np.array_equal(first.times, again.times)
    assert not np.array_equal(first.times, other.times)


def test_one_image_is_too_few() -> None:
    assert draws(np.zeros(9, np.int64), 1) is None


def test_an_interval_leaves_five_draws_in_a_hundred_out() -> None:
    assert interval(np.arange(1001) / 1000) == Interval(0.025, 0.975)
    assert interval(np.array([np.nan, 0.5, np.nan])) == Interval(0.5, 0.5)
    assert interval(np.array([np.nan])) is None


def test_what_grows_with_every_draw_is_moved_back() -> None:
    drawn = 0.3 + np.arange(-500, 501) / 10_000
    # Their mean is .3, found was .2: 95 % within .0475.
    moved = unbiased_interval(drawn, 0.2)
    assert moved is not None
    assert (moved.low, moved.high) == pytest.approx((0.1525, 0.2475))


def test_an_interval_without_width_is_no_pair_of_numbers() -> None:
    assert brackets(Interval(-0.25, 0.5), 3, "+") == " [-0.250, +0.500]"
    assert brackets(Interval(0.25, 0.5)) == " [0.25, 0.50]"
    assert brackets(Interval(-1, -1), 3) == " [too few, or too alike, to say]"
    assert brackets(None) == ""
