"""The learning curve: which shares, how often, and never beyond its means."""

import numpy as np
import pytest

from game.training.learning import MAX_LESSONS, N_REPEATS, learning_curve
from scoring.arrays import Floats, Ints

TRUE = np.array([0, 0, 1, 1])
RIGHT = np.eye(2)[TRUE]


class Pupil:
    """Right as soon as it has learned from lesson 0; remembers what it was given."""

    def __init__(self) -> None:
        self.lessons: list[Ints] = []

    def __call__(self, places: Ints) -> Floats:
        self.lessons.append(places)
        return RIGHT if 0 in places else np.eye(2)[[0, 0, 0, 0]]


def test_it_goes_from_an_eighth_to_all() -> None:
    pupil = Pupil()
    points = learning_curve(pupil, np.full(80, 3), TRUE, RIGHT, seed=1)
    assert [(point.share, point.n_subjects, point.n_answers) for point in points] == [
        (1 / 8, 10, 30), (1 / 4, 20, 60), (1 / 2, 40, 120), (1, 80, 240),
    ]  # fmt: skip
    assert [len(places) for places in pupil.lessons] == [10] * N_REPEATS + [20] * N_REPEATS + [40] * N_REPEATS
    assert all(len(set(places)) == len(places) for places in pupil.lessons)


def test_a_point_is_the_mean_of_its_repeats_and_shows_their_spread() -> None:
    pupil = Pupil()
    *points, last = learning_curve(pupil, np.full(80, 3), TRUE, RIGHT, seed=1)
    for start, point in zip(range(0, len(pupil.lessons), N_REPEATS), points, strict=True):
        told = [1.0 if 0 in places else 0.5 for places in pupil.lessons[start : start + N_REPEATS]]
        assert (point.accuracy, point.low, point.high) == pytest.approx((np.mean(told), min(told), max(told)))
    # The model itself, which needs no refit.
    assert (last.accuracy, last.low, last.high, last.macro_f1) == (1, 1, 1, 1)


def test_macro_f1_is_that_of_the_evaluation() -> None:
    (point,) = learning_curve(Pupil(), np.ones(8, np.int64), TRUE, np.eye(2)[[0, 0, 0, 0]], seed=1)
    # All are called 0: precision 1/2, recall 1, so F1 2/3; and 0 for the other.
    assert (point.n_subjects, point.macro_f1) == (8, pytest.approx(1 / 3))


def test_a_large_project_learns_only_its_smaller_shares_again() -> None:
    pupil = Pupil()
    points = learning_curve(pupil, np.ones(4 * MAX_LESSONS, np.int64), TRUE, RIGHT, seed=1)
    assert [point.share for point in points] == [1 / 8, 1 / 4, 1]


def test_the_same_seed_gives_the_same_curve() -> None:
    n = np.arange(100)
    assert learning_curve(Pupil(), n, TRUE, RIGHT, 3) == learning_curve(Pupil(), n, TRUE, RIGHT, 3)
    assert learning_curve(Pupil(), n, TRUE, RIGHT, 3) != learning_curve(Pupil(), n, TRUE, RIGHT, 4)
