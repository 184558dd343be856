"""Confusion matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.confusion import (
    choice_counts,
    empirical_bayes,
    gold_counts,
    informedness,
    pooled,
    recall_bounds,
    reliability,
    wilson,
)
from tests.scoring.crowds import distribution, each_label, generators, label_numbers, one_coin

# Three labels; the first two make a group.
LABELS_AND_GROUP = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], dtype=bool)
GROUPS = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)
GROUP = 3


def test_empirical_bayes_adds_the_pooled_row_as_so_many_answers() -> None:
    counts = np.array([[3.0, 1.0], [0.0, 0.0]])
    smoothed = empirical_bayes(counts, np.array([[0.8, 0.2], [0.3, 0.7]]), strength=8)
    # (3 + 8·0.8) / (4 + 8) = 9.4/12 and (1 + 8·0.2) / 12 = 2.6/12; an empty row stays as pooled.
    np.testing.assert_allclose(smoothed, [[9.4 / 12, 2.6 / 12], [0.3, 0.7]])


def test_a_project_without_gold_believes_in_an_informed_newcomer() -> None:
    np.testing.assert_allclose(pooled(np.zeros((0, 3, 3))), one_coin(0.7, 3))
    np.testing.assert_allclose(pooled(np.zeros((5, 3, 3))), one_coin(0.7, 3))


def test_pooling_takes_a_label_not_yet_seen_to_be_as_hard_as_the_others() -> None:
    counts = np.array([[[20.0, 10.0], [0.0, 0.0]], [[23.0, 7.0], [0.0, 0.0]]])
    # All counts: [43, 17]. Accuracy, with 10 answers at 0.7: (43 + 7) / (60 + 10) = 5/7.
    # First row: (43 + 10·5/7) / 70; the unseen row: 5/7 on the diagonal.
    right = (43 + 50 / 7) / 70
    np.testing.assert_allclose(pooled(counts), [[right, 1 - right], [2 / 7, 5 / 7]])


def test_an_answer_naming_a_group_is_shared_over_its_labels() -> None:
    confusion = np.array([[0.6, 0.2, 0.2], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    counts = gold_counts(np.array([0, 0, 2]), np.array([GROUP, 0, GROUP]), LABELS_AND_GROUP, confusion)
    # True 0: the group gives 0.6/0.8 and 0.2/0.8, the label itself 1; true 2: 0.1/0.2 each.
    np.testing.assert_allclose(counts, [[1.75, 0.25, 0.0], [0.0, 0.0, 0.0], [0.5, 0.5, 0.0]])


def test_choice_counts_set_the_true_choice_against_the_given_one() -> None:
    counts = choice_counts(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 0]), GROUPS)
    # Label 0 named as the group: right. Label 1 named as label 2: the group's miss. Label 2: once right, once not.
    assert counts.tolist() == [[1, 1], [1, 1]]


def test_gold_that_no_choice_of_the_level_holds_is_left_out() -> None:
    assert choice_counts(np.array([2, 0]), np.array([0, 0]), each_label(3)[:2]).tolist() == [[1, 0], [0, 0]]


def test_reliability_is_the_mean_of_the_diagonal() -> None:
    assert reliability(np.array([[0.9, 0.1], [0.5, 0.5]])) == pytest.approx(0.7)  # (0.9 + 0.5) / 2


def test_informedness_is_nought_for_a_guess_and_one_for_no_mistake() -> None:
    assert informedness(1 / 6, 6) == pytest.approx(0)
    assert informedness(1.0, 6) == 1
    assert informedness(0.8, 3) == pytest.approx(0.7)  # (3·0.8 - 1) / 2
    # Youden (1950): J = sensitivity + specificity - 1 = 0.9 + 0.6 - 1.
    assert informedness((0.9 + 0.6) / 2, 2) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_newcombes_table(correct: int, n: int, low: float, high: float) -> None:
    # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3.
    assert wilson(correct, n, z=1.959964) == pytest.approx((low, high), abs=5e-5)


def test_nothing_seen_says_nothing() -> None:
    low, high = wilson(0, 0)
    assert (float(low), float(high)) == (0, 1)


def test_recall_bounds_are_per_true_choice() -> None:
    low, high = recall_bounds(np.array([[4.0, 0.0], [3.0, 0.0]]), z=1.0)
    # 4 of 4: (4 + 1/2 - 1/2) / 5 = 0.8 … 1; 0 of 3: 0 … (0 + 1/2 + 1/2) / 4 = 0.25.
    np.testing.assert_allclose([low, high], [[0.8, 0.0], [1.0, 0.25]])


@given(generators, label_numbers)
def test_rows_sum_to_one(rng: np.random.Generator, n_labels: int) -> None:
    counts = rng.gamma(0.5, 5.0, size=(4, n_labels, n_labels))
    project = pooled(counts)
    np.testing.assert_allclose(project.sum(axis=1), 1)
    np.testing.assert_allclose(empirical_bayes(counts, project).sum(axis=2), 1)


@given(generators, label_numbers)
def test_pooling_does_not_ask_who_said_it(rng: np.random.Generator, n_labels: int) -> None:
    counts = rng.gamma(0.5, 5.0, size=(4, n_labels, n_labels))
    np.testing.assert_allclose(pooled(rng.permutation(counts)), pooled(counts))


@given(generators, st.integers(0, 30))
def test_every_answer_to_gold_is_counted_once_in_the_row_of_the_truth(rng: np.random.Generator, n: int) -> None:
    true, choice = rng.integers(3, size=n), rng.integers(4, size=n)
    counts = gold_counts(true, choice, LABELS_AND_GROUP, distribution(rng, 3, 3))
    np.testing.assert_allclose(counts.sum(axis=1), np.bincount(true, minlength=3))


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.5, 3))
def test_wilsons_interval_holds_the_share(correct: int, wrong: int, z: float) -> None:
    low, high = wilson(correct, correct + wrong, z)
    share = correct / max(correct + wrong, 1)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
