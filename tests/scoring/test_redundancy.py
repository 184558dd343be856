"""Redundancy: how many opinions so many answers are worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.arrays import Floats, Ints
from scoring.redundancy import (
    HIGHEST,
    LOWEST,
    USUAL,
    assured_redundancy,
    effective_votes,
    fit_redundancy,
    publish,
    voices,
)
from tests.scoring.crowds import distribution, generators, label_numbers, one_coin

redundancies = st.floats(LOWEST, HIGHEST)


def gold(n_right: int, n_wrong: int, odds: float) -> tuple[Floats, Floats, Ints]:
    """Log weights of `odds` : 1 for label 0 by one voice each; label 0 is true in `n_right` cases."""
    n = n_right + n_wrong
    return np.tile(np.log([odds, 1.0]), (n, 1)), np.ones(n), np.repeat([0, 1], [n_right, n_wrong])


def test_a_guess_is_no_voice_and_a_perfect_answer_is_a_whole_one() -> None:
    confusions = np.stack([one_coin(1.0, 3), one_coin(1 / 3, 3), one_coin(0.1, 3), one_coin(2 / 3, 3)])
    np.testing.assert_allclose(voices(confusions), [1.0, 0.0, 0.0, 0.5], atol=1e-12)


def test_effective_votes_stop_growing_where_errors_are_shared() -> None:
    np.testing.assert_allclose(effective_votes([0, 1, 3, 10], 0.5), [0, 1 / 1.5, 3 / 2.5, 10 / 6])
    assert effective_votes(10, 0.0) == 10
    assert effective_votes(1e9, 0.5) == pytest.approx(2)  # 1/ρ


def test_a_published_posterior_takes_the_root_of_what_voices_say() -> None:
    # Effect 1 + 0.5·2 = 2: 16 : 1 becomes 4 : 1.
    np.testing.assert_allclose(publish(np.log([16.0, 1.0]), 2.0, 0.5), [0.8, 0.2])


def test_without_gold_the_usual_is_believed() -> None:
    assert fit_redundancy(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=np.int64)) == USUAL


def test_much_gold_finds_the_redundancy_that_came_true() -> None:
    # 16 : 1 was said by one voice each and 2 : 1 came true: the fourth root, so 1 + ρ = 4.
    assert fit_redundancy(*gold(20_000, 10_000, 16.0)) == pytest.approx(3, rel=0.06)
    # 4 : 1 was said and 4 : 1 came true: nothing is shared.
    assert fit_redundancy(*gold(24_000, 6_000, 4.0)) < 0.05


def test_five_correct_gold_subjects_do_not_prove_much() -> None:
    assert USUAL / 2 < fit_redundancy(*gold(5, 0, 16.0)) < USUAL


def test_subjects_retire_by_what_gold_could_have_got_wrong() -> None:
    few, many = gold(60, 15, 16.0), gold(20_000, 5_000, 16.0)
    assert assured_redundancy(*few) > 1.1 * fit_redundancy(*few)
    assert assured_redundancy(*many) == pytest.approx(fit_redundancy(*many), rel=0.1)
    assert assured_redundancy(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=np.int64)) == USUAL


@given(generators, label_numbers, st.integers(0, 40))
def test_the_redundancy_stays_within_its_bounds(rng: np.random.Generator, n_labels: int, n: int) -> None:
    log_weight = 9 * np.log(distribution(rng, n, n_labels))
    found = fit_redundancy(log_weight, rng.random(n) * 20, rng.integers(n_labels, size=n))
    assert LOWEST <= found <= HIGHEST


@given(generators, label_numbers, redundancies, st.floats(0, 50))
def test_modesty_never_changes_the_order_of_labels(
    rng: np.random.Generator, n_labels: int, redundancy: float, heard: float
) -> None:
    log_weight = np.log(distribution(rng, 5, n_labels))
    published = publish(log_weight, heard, redundancy)
    np.testing.assert_allclose(published.sum(axis=1), 1)
    np.testing.assert_array_equal(published.argmax(axis=1), log_weight.argmax(axis=1))
    assert (published.max(axis=1) <= publish(log_weight, 0.0, redundancy).max(axis=1) + 1e-12).all()


@given(redundancies, st.floats(0, 100), st.floats(0, 100))
def test_more_voices_are_worth_more_and_never_more_than_their_number(redundancy: float, a: float, b: float) -> None:
    assert effective_votes(a + b, redundancy) >= effective_votes(a, redundancy) - 1e-12
    assert effective_votes(a, redundancy) <= min(a, 1 / redundancy) + 1e-12
