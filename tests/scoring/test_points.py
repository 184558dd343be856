"""Points: what looking earns, and what not looking does not."""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.arrays import Floats
from scoring.points import (
    FASTEST_S,
    LATEST_GOLD,
    NEWEST_GOLD,
    ODDS,
    paid_share,
    proved_informedness,
    round_points,
    shown_informedness,
)
from tests.bench import points as bench
from tests.bench.points import Setting, Strategy, at_random, copying, guessing, honest, one_answer
from tests.scoring.crowds import generators, one_coin

ALIKE = [Setting(n_labels, None) for n_labels in (2, 3, 6)]
SKEWED = [Setting(n_labels, bench.COMMON) for n_labels in (2, 3, 6)]
SETTINGS = pytest.mark.parametrize("of", [*ALIKE, *SKEWED], ids=lambda of: of.name)
WITHOUT_INFORMATION = [
    guessing("random", FASTEST_S),
    guessing("racing", bench.RACING_S),
    one_answer("constant", -1),
    one_answer("most common label", 0),
    copying(),
    Strategy("habit", FASTEST_S, lambda of: lambda _: np.tile(Setting(of.n_labels, 0.6).shares, (of.n_labels, 1))),
]


@cache
def earned(strategy: Strategy, of: Setting, minutes: float) -> float:
    """Points per minute of an average newcomer."""
    n_rounds = bench.n_rounds_in(minutes, strategy.seconds)
    points = bench.play(strategy.confusion(of), of, strategy.seconds, n_rounds, np.random.default_rng(1))
    return bench.points_per_minute(points, strategy.seconds, minutes)


def test_two_right_answers_to_two_choices_are_worth_this_much() -> None:
    # Each has half of the gold, so each right answer multiplies the odds by 1 + λ: L = (1 + λ)².
    # ∫ 2λ L = 1 + 4/3 + 1/2 = 17/6 and ∫ 2λ² L = 2/3 + 1 + 2/5 = 31/15, so the mean is (31/15) / (45 + 17/6), which is
    # 0.043206; without gold it is (2/3) / 46 = 0.014493. The difference is 0.028713.
    counts = np.eye(2)
    assert proved_informedness(counts) == pytest.approx(0.028713, abs=1e-6)
    assert round_points(10, 10, 50.0, counts, counts) == 2  # 2.87
    assert round_points(7, 10, 50.0, counts, counts) == 2  # 2.01
    assert round_points(6, 10, 50.0, counts, counts) == 1  # 1.72


def test_nobody_is_paid_for_more_than_the_latest_gold_shows() -> None:
    # 9 right of 12 between two choices: (2 · 0.75 - 1) / (2 - 1) = 0.5.
    latest = np.array([[6.0, 0.0], [3.0, 3.0]])
    assert shown_informedness(latest) == pytest.approx(0.5)
    assert round_points(10, 10, 50.0, np.diag([25.0, 25.0]), latest) == 50


def test_abstentions_earn_nothing() -> None:
    assert round_points(0, 10, 50.0, np.diag([9.0, 9.0]), np.diag([6.0, 6.0])) == 0


def test_without_gold_there_are_no_points_yet() -> None:
    assert round_points(10, 10, 50.0, np.zeros((3, 3)), np.zeros((3, 3))) == 0


def test_haste_gains_nothing() -> None:
    # 10 answers at 2.5 s take 25 s; in 5 s a fifth of them is paid.
    assert paid_share(10, 5.0) == pytest.approx(0.2)
    assert paid_share(10, 25.0) == paid_share(10, 600.0) == 1.0
    assert paid_share(10, -1.0) == 0.0  # A clock that was put back.


def test_hasty_abstentions_count_as_haste_too() -> None:
    """Else somebody who recognises gold could race through the rest without giving a label."""
    perfect = np.diag([6.0, 6.0])
    assert round_points(2, 10, 5.0, perfect, perfect) < round_points(2, 2, 5.0, perfect, perfect)


@pytest.mark.parametrize("of", ALIKE, ids=lambda of: of.name)
def test_a_perfect_first_round_earns_visibly_and_the_second_well(of: Setting) -> None:
    points = bench.play(lambda _: np.eye(of.n_labels), of, 5.0, 2, np.random.default_rng(1)).mean(axis=1)
    assert points[0] >= 3
    assert points[1] >= 30


@SETTINGS
@pytest.mark.parametrize("strategy", WITHOUT_INFORMATION, ids=lambda strategy: strategy.name)
def test_not_looking_earns_a_twentieth_of_looking_at_most_in_half_an_hour(of: Setting, strategy: Strategy) -> None:
    assert earned(strategy, of, 30) <= 0.05 * earned(honest(0.8), of, 30)


@pytest.mark.parametrize("of", [*ALIKE[1:], *SKEWED[1:]], ids=lambda of: of.name)
@pytest.mark.parametrize("strategy", WITHOUT_INFORMATION, ids=lambda strategy: strategy.name)
def test_nor_in_the_first_five_minutes(of: Setting, strategy: Strategy) -> None:
    assert earned(strategy, of, 5) <= 0.05 * earned(honest(0.8), of, 5)


@pytest.mark.parametrize("strategy", WITHOUT_INFORMATION, ids=lambda strategy: strategy.name)
def test_between_two_choices_a_few_rounds_cannot_tell_luck_from_looking(strategy: Strategy) -> None:
    """7 right of 7 gold are no more than 27 times likelier with a reliability of 0.8 than by luck: a wider bound."""
    assert earned(strategy, ALIKE[0], 5) <= 0.12 * earned(honest(0.8), ALIKE[0], 5)


@SETTINGS
def test_better_volunteers_earn_more_and_a_child_earns_something(of: Setting) -> None:
    points = [earned(honest(reliability), of, 30) for reliability in (0.6, 0.8, 0.95)]
    assert 0.5 < points[0] < points[1] < points[2]


@pytest.mark.parametrize("of", ALIKE, ids=lambda of: of.name)
def test_who_looked_for_fifty_rounds_and_then_stops_is_soon_paid_nothing(of: Setting) -> None:
    after = lambda played: one_coin(0.8, of.n_labels) if played < 50 else at_random(of)  # noqa: E731
    points = bench.play(after, of, 5.0, 130, np.random.default_rng(1)).mean(axis=1)
    looking = points[30:50].mean()
    assert points[50:].sum() <= 15 * looking  # All that it ever gains, in rounds of looking.
    assert points[110:].mean() <= 0.05 * looking


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2))
def test_whatever_gold_was_met_one_answer_to_all_of_it_is_worth_nothing(
    first: int, second: int, third: int, always: int
) -> None:
    counts = np.zeros((3, 3))
    counts[:, always] = first, second, third
    assert proved_informedness(counts) == pytest.approx(0, abs=1e-12)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0, 1))
def test_no_habit_is_worth_more_than_two_thirds_of_a_label_in_the_odds(
    n_first: int, n_second: int, habit: float
) -> None:
    """The exact mean over all answers of somebody who says the first choice in a share `habit` of answers."""
    mean = sum(
        comb(n_first, k) * comb(n_second, j) * habit ** (k + j) * (1 - habit) ** (n_first + n_second - k - j)
        * float(proved_informedness(np.array([[k, n_first - k], [j, n_second - j]], dtype=np.float64)))
        for k in range(n_first + 1)
        for j in range(n_second + 1)
    )  # fmt: skip
    assert mean <= 2 / 3 / ODDS


def drawn_counts(rng: np.random.Generator, n_choices: int, most: int = 9) -> Floats:
    return rng.integers(0, most, size=(n_choices, n_choices)).astype(float)


@given(generators, st.integers(2, 6))
def test_proved_informedness_is_a_share(rng: np.random.Generator, n_choices: int) -> None:
    assert 0 <= proved_informedness(drawn_counts(rng, n_choices, 400)) < 1


@given(generators, st.integers(2, 6))
def test_the_names_of_choices_do_not_matter(rng: np.random.Generator, n_choices: int) -> None:
    counts, order = drawn_counts(rng, n_choices), rng.permutation(n_choices)
    renamed = counts[np.ix_(order, order)]
    assert proved_informedness(renamed) == pytest.approx(float(proved_informedness(counts)), abs=1e-12)
    assert shown_informedness(renamed) == pytest.approx(float(shown_informedness(counts)), abs=1e-12)


@given(generators, st.integers(2, 6))
def test_many_volunteers_at_once_get_what_each_gets_alone(rng: np.random.Generator, n_choices: int) -> None:
    counts = np.stack([drawn_counts(rng, n_choices) for _ in range(3)])
    together = round_points(9, 10, 20.0, counts, counts)
    assert together.tolist() == [int(round_points(9, 10, 20.0, one, one)) for one in counts]


@given(generators, st.integers(2, 6))
def test_a_right_answer_is_never_worth_less_than_a_wrong_one(rng: np.random.Generator, n_choices: int) -> None:
    counts = drawn_counts(rng, n_choices)
    true, wrong = rng.choice(n_choices, size=2, replace=False)
    right_answer, wrong_answer = counts.copy(), counts.copy()
    right_answer[true, true] += 1
    wrong_answer[true, wrong] += 1
    assert proved_informedness(right_answer) >= proved_informedness(wrong_answer) - 1e-12


@given(generators)
def test_which_mistake_it_was_does_not_matter(rng: np.random.Generator) -> None:
    """Nobody gains by naming, of two wrong choices, the one that others name."""
    counts = drawn_counts(rng, 3)
    assume(counts[0, 1] > 0)
    other = counts.copy()
    other[0, 1] -= 1
    other[0, 2] += 1
    assert proved_informedness(other) == pytest.approx(float(proved_informedness(counts)), abs=1e-12)


def test_the_gold_of_a_volunteer_reaches_back_further_than_her_latest() -> None:
    assert LATEST_GOLD < NEWEST_GOLD
