"""Points: what looking earns, and what not looking does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.points import cautious_informedness, round_points
from scoring.selection import n_gold_in_round, widest_choice
from tests.scoring.crowds import generators, one_coin

ROUND_SIZE = 10
Strategy = Callable[[int, np.random.Generator], int]


def honest(reliability: float, n_choices: int) -> Strategy:
    confusion = one_coin(reliability, n_choices)
    return lambda true, rng: int(rng.choice(n_choices, p=confusion[true]))


def guessing(n_choices: int) -> Strategy:
    return lambda true, rng: int(rng.integers(n_choices))


def guessing_as_common(n_choices: int) -> Strategy:
    """Half of the answers are the first choice, the others are guessed."""
    return lambda true, rng: int(rng.integers(n_choices)) * int(rng.integers(2))


def always_the_first(true: int, rng: np.random.Generator) -> int:
    return 0


def mean_points(strategy: Strategy, n_choices: int, n_rounds: int, n_volunteers: int) -> float:
    """Points of an average volunteer who plays like this; gold comes as in play, the widest choice first."""
    rng = np.random.default_rng(1)
    total = 0
    for _ in range(n_volunteers):
        counts = np.zeros((n_choices, n_choices))
        for played in range(n_rounds):
            for _ in range(n_gold_in_round(played * ROUND_SIZE, ROUND_SIZE, rng)):
                true = int(widest_choice(counts)[0])
                counts[true, strategy(true, rng)] += 1
            total += round_points(ROUND_SIZE, counts)
    return total / n_volunteers


def test_points_are_ten_times_cautious_informedness_for_each_label() -> None:
    # Habit ½, ½; recall (2 + ½·½) / 2½ = 0.9; its variance 0.9·0.1 / 2½ = 0.036; standard error √0.072 / 2 = 0.13416.
    # 0.9 - 1.96·0.13416 = 0.63704, so 2·0.63704 - 1 = 0.27408; ten labels earn 27.
    counts = np.diag([2.0, 2.0])
    assert cautious_informedness(counts) == pytest.approx(0.27408, abs=1e-5)
    assert round_points(10, counts) == 27
    assert round_points(5, counts) == 14  # 13.7


def test_abstentions_earn_nothing() -> None:
    assert round_points(0, np.diag([9.0, 9.0])) == 0


def test_without_gold_there_are_no_points_yet() -> None:
    assert round_points(10, np.zeros((3, 3))) == 0


@pytest.mark.parametrize("n_choices", [2, 3, 6])
def test_a_perfect_first_round_earns_visibly(n_choices: int) -> None:
    assert mean_points(honest(1.0, n_choices), n_choices, n_rounds=1, n_volunteers=1) >= 20


@pytest.mark.parametrize("n_choices", [2, 3, 6])
@pytest.mark.parametrize("strategy", [guessing, guessing_as_common])
def test_guessing_earns_a_twentieth_of_looking_at_most(n_choices: int, strategy: Callable[[int], Strategy]) -> None:
    looking = mean_points(honest(0.8, n_choices), n_choices, n_rounds=20, n_volunteers=60)
    not_looking = mean_points(strategy(n_choices), n_choices, n_rounds=20, n_volunteers=200)
    assert not_looking <= 0.05 * looking


@pytest.mark.parametrize("n_choices", [2, 3, 6])
def test_always_the_same_choice_earns_nothing(n_choices: int) -> None:
    assert mean_points(always_the_first, n_choices, n_rounds=20, n_volunteers=5) == 0


def test_racing_through_ten_times_the_rounds_by_guessing_does_not_pay() -> None:
    looking = mean_points(honest(0.8, 3), 3, n_rounds=20, n_volunteers=60)
    racing = mean_points(guessing(3), 3, n_rounds=200, n_volunteers=20)
    assert racing <= 0.05 * looking


def test_better_volunteers_earn_more() -> None:
    earned = [mean_points(honest(reliability, 3), 3, 20, 40) for reliability in (0.5, 0.65, 0.8, 0.95)]
    assert earned == sorted(earned)
    assert earned[-1] > 3 * earned[0]


@given(generators, st.integers(2, 6))
def test_cautious_informedness_is_a_share(rng: np.random.Generator, n_choices: int) -> None:
    assert 0 <= cautious_informedness(rng.integers(0, 9, size=(n_choices, n_choices)).astype(float)) <= 1


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
def test_whatever_gold_was_met_one_answer_to_all_of_it_is_worth_nothing(first: int, second: int, third: int) -> None:
    counts = np.zeros((3, 3))
    counts[:, 1] = first, second, third
    assert cautious_informedness(counts) == pytest.approx(0, abs=1e-12)
