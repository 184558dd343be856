"""Percent cover, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from game.training.cover import FEWEST_POINTS, CoverError, Judged, cover
from scoring.arrays import Ints

CODES = ("coral", "sand")


def judged(image: list[int], experts: list[int], machine: list[int], crowd: list[int] | None = None) -> Judged:
    told = np.full(len(image), -1) if crowd is None else np.array(crowd)
    return Judged(np.array(image), np.array(experts), np.array(machine), told, np.where(told < 0, 0, 4))


def test_cover_is_a_share_and_its_error_a_gap() -> None:
    # Experts 5 of 10 and 9 of 10 coral, the machine 7 and 8.
    found = cover(
        judged([0] * 10 + [1] * 10, [0] * 5 + [1] * 5 + [0] * 9 + [1], [0] * 7 + [1] * 3 + [0] * 8 + [1] * 2), CODES, 1
    )
    assert found is not None
    coral, sand = found.per_label
    assert (coral.experts, coral.machine, coral.crowd) == (pytest.approx(14 / 20), pytest.approx(15 / 20), None)
    # Per image 2 of 10 too many and 1 of 10 too few; the overall gap of 1 in 20 would flatter.
    assert [one.machine_error.mean for one in (coral, sand)] == pytest.approx([(0.2 + 0.1) / 2] * 2)
    assert coral.machine_error.interval is not None
    assert (coral.machine_error.interval.low, coral.machine_error.interval.high) == pytest.approx((0.1, 0.2))
    assert found.machine_error.mean == pytest.approx(0.15)
    assert (found.n, found.n_images, found.crowd_error, found.answers_a_point) == (20, 2, None, None)


def test_machine_and_crowd_are_compared_at_the_same_points() -> None:
    """The crowd was asked about half the points; where the machine is wrong nobody asked."""
    image, experts = [0] * 20, [0] * 20
    crowd = [0] * 8 + [1] * 2 + [-1] * 10
    found = cover(judged(image, experts, [0] * 10 + [1] * 10, crowd), CODES, 1)
    assert found is not None
    assert (found.n, found.answers_a_point) == (10, 4)
    assert found.per_label[0].crowd == pytest.approx(0.8)
    assert found.per_label[0].crowd_error == CoverError(pytest.approx(0.2), None)
    assert found.machine_error.mean == 0


def test_a_label_that_is_asked_about_more_often_covers_no_more_ground() -> None:
    """10 of 40 points are sand; all of those were asked about, and a third of the coral."""
    experts = [0] * 30 + [1] * 10
    crowd = [0] * 10 + [-1] * 20 + [1] * 5 + [0] * 5
    found = cover(judged([0] * 40, experts, experts, crowd), CODES, 1)
    assert found is not None
    assert found.per_label[1].experts == pytest.approx(10 / 40)
    # Half the sand was taken for coral.
    assert found.per_label[1].crowd == pytest.approx(5 / 40)


def test_images_with_few_points_and_crowds_that_were_hardly_asked_do_not_count() -> None:
    few = FEWEST_POINTS - 1
    assert cover(judged([0] * few, [0] * few, [0] * few), CODES, 1) is None
    hardly = cover(judged([0] * 100, [0] * 100, [0] * 100, [0] * 20 + [-1] * 80), CODES, 1)
    assert hardly is not None
    assert (hardly.n, hardly.crowd_error) == (100, None)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_covers_sum_to_one_and_whoever_says_what_experts_say_has_no_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image: Ints = np.sort(rng.integers(0, 4, 120))
    experts, machine = rng.integers(0, 3, 120), rng.integers(0, 3, 120)
    found = cover(Judged(image, experts, machine, experts, np.ones(120, np.int64)), ("a", "b", "c"), 1)
    assert found is not None
    assert sum(one.experts for one in found.per_label) == pytest.approx(1)
    assert sum(one.machine for one in found.per_label) == pytest.approx(1)
    assert found.crowd_error is not None and found.crowd_error.mean == 0
    assert 0 <= found.machine_error.mean <= 1
