"""The value of one more answer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given

from scoring.arrays import Floats
from scoring.value import expected_gain, share_of_most
from tests.scoring.crowds import distribution, each_label, generators, label_numbers, one_coin


def test_the_gain_is_what_the_lead_would_grow_by_on_average() -> None:
    # p = .6, .4 and answers that are right in .9: .6·.9 + max(.6·.1, .4·.9) - .6 = .54 + .36 - .6.
    assert expected_gain(np.array([0.6, 0.4]), one_coin(0.9, 2), each_label(2)) == pytest.approx(0.3)
    # Where nothing is known the same answer is worth .9 - .5.
    assert share_of_most(np.array([0.6, 0.4]), one_coin(0.9, 2), each_label(2)) == pytest.approx(0.75)


def test_what_one_answer_cannot_turn_two_can() -> None:
    doubt = np.array([0.75, 0.25])
    assert expected_gain(doubt, one_coin(0.7, 2), each_label(2), ahead=1) == pytest.approx(0, abs=1e-12)
    # Only if both say the other label does the lead change: .25·.7² - .75·.3² = .055, for two answers.
    assert expected_gain(doubt, one_coin(0.7, 2), each_label(2), ahead=2) == pytest.approx(0.0275)


def test_answers_that_cannot_change_the_lead_are_worth_nothing() -> None:
    assert expected_gain(np.array([0.99, 0.01]), one_coin(0.9, 2), each_label(2)) == pytest.approx(0, abs=1e-12)
    assert expected_gain(np.array([0.6, 0.4]), one_coin(0.5, 2), each_label(2)) == pytest.approx(0, abs=1e-12)


def test_between_groups_a_doubt_within_one_of_them_is_worth_nothing() -> None:
    groups = np.array([[True, True, False], [False, False, True]])
    doubt = np.array([0.5, 0.5, 0.0])
    assert expected_gain(doubt, one_coin(0.9, 3), groups) == pytest.approx(0, abs=1e-12)
    assert expected_gain(doubt, one_coin(0.9, 3), each_label(3)) > 0.3


def brute(posterior: Floats, pooled: Floats, n_answers: int) -> float:
    gained = 0.0
    for said in product(range(len(posterior)), repeat=n_answers):
        after = posterior * pooled[:, said].prod(axis=1)
        gained += after.sum() * (after / after.sum()).max()
    return (gained - float(posterior.max())) / n_answers


@given(generators, label_numbers)
def test_it_is_the_mean_over_answers_of_the_posterior_after_each(rng: np.random.Generator, n_labels: int) -> None:
    posterior, pooled = distribution(rng, n_labels), distribution(rng, n_labels, n_labels)
    gain = expected_gain(posterior, pooled, each_label(n_labels))
    assert gain == pytest.approx(max(0.0, *(brute(posterior, pooled, n) for n in (1, 2))), abs=1e-9)
    assert 0 <= share_of_most(posterior, pooled, each_label(n_labels)) <= 1


@given(generators, label_numbers)
def test_many_subjects_at_once_are_each_as_if_alone(rng: np.random.Generator, n_labels: int) -> None:
    posteriors, pooled = distribution(rng, 4, n_labels), distribution(rng, n_labels, n_labels)
    alone = [float(expected_gain(posterior, pooled, each_label(n_labels))) for posterior in posteriors]
    assert expected_gain(posteriors, pooled, each_label(n_labels)).tolist() == pytest.approx(alone)
