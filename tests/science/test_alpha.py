"""Krippendorff's alpha against numbers worked out by hand and in print."""

import hypothesis
import krippendorff
import numpy as np
import pytest
from hypothesis import strategies as st

from game.science.alpha import FEWEST_SUBJECTS, alpha, of_kinds
from scoring.arrays import Ints

# Five subjects of two answers, two choices; only the fourth is divided.
FIVE = np.array([[2, 0], [2, 0], [0, 2], [1, 1], [2, 0]])
# Krippendorff, Computing Krippendorff's alpha-reliability (2011), C: four observers, twelve units, values 1 to 5.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]
COUNTS = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=5, max_size=20)


def value(counts: Ints) -> float | None:
    found = alpha(counts, np.random.default_rng(1))
    return None if found is None else found.value


def test_alpha_is_one_minus_seen_over_expected_disagreement() -> None:
    # 10 answers, 7 and 3. D_o = (4 - 2)/1 = 2; D_e = (100 - 49 - 9)/9 = 42/9; 1 - 18/42.
    found = alpha(FIVE, np.random.default_rng(1))
    assert found is not None
    assert found.value == pytest.approx(24 / 42)
    assert (found.n_subjects, found.n_answers) == (5, 10)
    assert found.low <= found.value <= found.high


def test_the_printed_example_comes_out() -> None:
    units = np.array(OBSERVERS).T
    counts = (units[:, :, None] == np.arange(1, 6)).sum(axis=1)
    assert value(counts) == pytest.approx(0.743, abs=5e-4)


def test_a_subject_with_one_answer_says_nothing_of_agreement() -> None:
    assert value(np.concatenate([FIVE, [[1, 0], [0, 1], [0, 0]]])) == value(FIVE)


@pytest.mark.parametrize("counts", [FIVE[: FEWEST_SUBJECTS - 1], np.array([[2, 0]] * 9), np.zeros((0, 2), dtype=int)])
def test_too_few_subjects_or_only_one_choice_has_no_alpha(counts: Ints) -> None:
    assert value(counts) is None


@hypothesis.given(counts=COUNTS, order=st.permutations(range(3)), seed=st.integers(0, 99))
def test_the_order_of_subjects_and_the_names_of_choices_change_nothing(
    counts: list[list[int]], order: list[int], seed: int
) -> None:
    told = np.array(counts)
    shuffled = np.random.default_rng(seed).permutation(told)[:, order]
    assert value(shuffled) == pytest.approx(value(told))


@hypothesis.given(counts=COUNTS)
def test_crowds_that_stand_as_they_are_have_the_library_s_alpha(counts: list[list[int]]) -> None:
    kinds = np.array([one for one in counts if sum(one) >= 2]).reshape(-1, 3)
    hypothesis.assume(np.count_nonzero(kinds.sum(axis=0)) > 1)
    expected = krippendorff.alpha(value_counts=kinds, level_of_measurement="nominal")
    assert of_kinds(kinds, np.ones((1, len(kinds)), dtype=int))[0] == pytest.approx(expected)


def crowd(n_subjects: int, rng: np.random.Generator) -> Ints:
    """Three answers a subject, right with .8, else one of the two other choices."""
    p = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    return rng.multinomial(3, p[rng.integers(0, 3, n_subjects)])


def test_nineteen_of_twenty_intervals_hold_the_true_alpha() -> None:
    """Two answers agree with .64 + 2·.01 = .66, by chance with 1/3: alpha is 1 - .34/(2/3) = .49."""
    rng = np.random.default_rng(4)
    found = [alpha(crowd(120, rng), rng) for _ in range(200)]
    held = [one.low <= 0.49 <= one.high for one in found if one is not None]
    assert 0.9 <= np.mean(held) <= 0.99


def test_of_very_many_subjects_a_part_is_drawn() -> None:
    rng = np.random.default_rng(5)
    found = alpha(crowd(60_000, rng), rng)
    assert found is not None
    assert found.value == pytest.approx(0.49, abs=0.02)
    assert found.n_subjects == 60_000
    assert 0.01 < found.high - found.low < 0.04
