"""Selection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.retirement import RetirementRule
from scoring.selection import gold_probability, mix, n_gold_in_round, priority, rarity, widest_choice
from tests.scoring.crowds import distribution, generators, label_numbers

RULE = RetirementRule()
EVEN, SURE = np.array([0.5, 0.5]), np.array([1.0, 0.0])


def test_gold_is_half_of_the_first_ten_then_falls_to_the_floor() -> None:
    assert [gold_probability(n) for n in (0, 9, 10, 20, 50, 100)] == [0.5, 0.5, 0.5, 0.25, 0.1, 0.08]
    assert gold_probability(1000, floor=0.05) == 0.05


def test_a_first_round_holds_five_gold(rng: np.random.Generator) -> None:
    assert {n_gold_in_round(0, 10, rng) for _ in range(20)} == {5}


def test_later_rounds_hold_the_expected_gold_on_average(rng: np.random.Generator) -> None:
    found = [n_gold_in_round(500, 10, rng) for _ in range(4000)]
    assert set(found) == {0, 1}
    assert np.mean(found) == pytest.approx(0.8, abs=0.02)  # 10·0.08; the standard error is √(0.16/4000) = 0.006


def test_priority_is_the_value_of_an_answer_and_twice_the_way_to_retirement() -> None:
    assert priority(1.0, EVEN, 0, RULE) == pytest.approx(1)  # Everything to learn, no way gone.
    assert priority(1.0, EVEN, 3, RULE) == pytest.approx(3)  # 1 + 2·3/3
    assert priority(0.0, SURE, 0, RULE) == pytest.approx(0, abs=1e-9)
    # 0.9·0.5 + 0.1·0.4690 and 2·2/3; -(0.9·ln 0.9 + 0.1·ln 0.1) / ln 2 = 0.4690.
    assert priority(0.5, np.array([0.9, 0.1]), 2, RULE) == pytest.approx(0.45 + 0.0469 + 4 / 3, abs=1e-4)


def test_a_begun_subject_comes_before_an_unseen_one() -> None:
    assert priority(0.0, np.array([0.9, 0.1]), 2, RULE) > priority(1.0, EVEN, 0, RULE)


def test_what_many_could_not_settle_waits_until_the_unseen_have_been_seen() -> None:
    # 2·(3/9)² = 0.22 and 0.1 of doubt against 1.
    assert priority(0.0, EVEN, 9, RULE) == pytest.approx(0.1 + 2 / 9)
    assert priority(0.0, EVEN, 9, RULE) < priority(1.0, EVEN, 0, RULE) < priority(0.0, EVEN, 4, RULE)


def test_a_round_mixes_the_best_ranked_with_a_fifth_at_random(rng: np.random.Generator) -> None:
    chosen = mix(range(100), range(1000, 2000), 10, rng=rng)
    assert sorted(chosen)[:8] == list(range(8))
    assert sum(one >= 1000 for one in chosen) == 2


def test_either_source_fills_in_for_the_other(rng: np.random.Generator) -> None:
    assert sorted(mix([1, 2], [7, 8, 9], 4, rng=rng)) in ([1, 2, 7, 8], [1, 2, 7, 9], [1, 2, 8, 9])
    assert sorted(mix([1, 2, 3, 4], [], 4, rng=rng)) == [1, 2, 3, 4]
    assert mix([], [], 4, rng=rng) == []


@given(generators, st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)), st.integers(0, 12))
def test_a_round_never_holds_a_subject_twice(
    rng: np.random.Generator, ranked: list[int], unranked: list[int], n: int
) -> None:
    chosen = mix(ranked, unranked, n, rng=rng)
    assert len(set(chosen)) == len(chosen) == min(n, len({*ranked, *unranked}))
    assert set(chosen) <= {*ranked, *unranked}


def test_gold_asks_for_the_choice_known_least() -> None:
    # Widths at z = 1.96: 9 of 10 about 0.39, none seen 1, 2 of 4 about 0.70.
    counts = np.array([[9.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 2.0]])
    assert widest_choice(counts).tolist() == [1, 2, 0]


def test_choices_known_alike_are_asked_in_order() -> None:
    assert widest_choice(np.zeros((3, 3))).tolist() == [0, 1, 2]


@given(generators, label_numbers, st.integers(0, 20))
def test_priority_lies_between_nought_and_three(rng: np.random.Generator, n_labels: int, n_given: int) -> None:
    found = priority(float(rng.random()), distribution(rng, n_labels), n_given, RULE)
    assert -1e-12 <= found <= 3 + 1e-12


@given(st.integers(0, 500), st.integers(1, 30), generators)
def test_gold_is_never_more_than_half_a_round(n_before: int, size: int, rng: np.random.Generator) -> None:
    assert n_gold_in_round(n_before, size, rng) <= (size + 1) // 2


def test_what_is_probably_a_rare_label_comes_sooner() -> None:
    # π = (¾, ¼) has roots .866 and .5, so prior (.634, .366): 1/(2·.634) = .789 and 1/(2·.366) = 1.366.
    prior = np.array([0.634, 0.366])
    assert rarity(np.array([1.0, 0.0]), prior) == pytest.approx(0.789, abs=1e-3)
    assert rarity(np.array([0.0, 1.0]), prior) == pytest.approx(1.366, abs=1e-3)
    assert rarity(np.array([0.2, 0.8]), np.array([0.5, 0.5])) == pytest.approx(1)
