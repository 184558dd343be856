"""The consensus on one subject."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import consensus
from scoring.arrays import Floats, Masks
from scoring.consensus import best_choice, log_likelihood, shares
from scoring.redundancy import voices
from tests.scoring.crowds import distribution, each_label, generators, label_numbers

GOOD = np.array([[0.9, 0.1], [0.2, 0.8]])
POOR = np.array([[0.6, 0.4], [0.4, 0.6]])


def posterior(prior: Floats, confusions: Floats, choices: Masks, redundancy: float = 0.0) -> Floats:
    """After all of n answers, one by one: confusions (n, K, K), choices (n, K)."""
    heard = consensus.nothing(prior)
    for matrix, choice in zip(confusions, choices, strict=True):
        heard = consensus.hear(heard, log_likelihood(matrix, choice), float(voices(matrix)))
    return consensus.posterior(heard, redundancy)


def test_of_equally_probable_labels_the_first_is_taken_whatever_the_sums_were_made_of() -> None:
    tie = np.array([[0.2, 0.4 - 1e-16, 0.4], [0.2, 0.4, 0.4 - 1e-16], [0.2, 0.399999, 0.400001]])
    assert consensus.labels(tie).tolist() == [1, 1, 2]


def test_an_answer_weighs_what_its_volunteer_is_worth() -> None:
    # Good says 0, poor says 1: 0.5·0.9·0.4 = 0.18 against 0.5·0.2·0.6 = 0.06, so 0.18/0.24.
    belief = posterior(np.array([0.5, 0.5]), np.stack([GOOD, POOR]), each_label(2))
    np.testing.assert_allclose(belief, [0.75, 0.25])


def test_a_group_is_evidence_for_each_of_its_labels() -> None:
    confusion = np.array([[0.6, 0.2, 0.2], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    group = np.array([True, True, False])
    # P(group | true) = 0.6 + 0.2, 0.3 + 0.6, 0.1 + 0.1.
    np.testing.assert_allclose(np.exp(log_likelihood(confusion, group)), [0.8, 0.9, 0.2])
    # With prior 0.5, 0.25, 0.25: 0.4, 0.225, 0.05, which sum to 0.675.
    belief = posterior(np.array([0.5, 0.25, 0.25]), confusion[None], group[None])
    np.testing.assert_allclose(belief, np.array([0.4, 0.225, 0.05]) / 0.675)


def test_without_answers_the_prior_stands() -> None:
    prior = np.array([0.7, 0.2, 0.1])
    np.testing.assert_allclose(posterior(prior, np.zeros((0, 3, 3)), np.zeros((0, 3), dtype=bool)), prior)


def test_the_best_choice_adds_up_its_labels() -> None:
    belief, groups = np.array([0.4, 0.35, 0.25]), np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)
    assert best_choice(belief, each_label(3)) == (0, 0.4)
    assert best_choice(belief, groups) == (1, 0.6)  # 0.35 + 0.25


def test_an_impossible_answer_still_leaves_probabilities() -> None:
    never = np.array([[0.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(posterior(np.array([1.0, 0.0]), never[None], each_label(2)[:1]), [1, 0], atol=1e-9)


def test_redundant_voices_are_told_more_modestly() -> None:
    # Each has informedness 2·0.9 - 1 = 0.8; two agree: 81 : 1, and with ρ = 0.625 the effect is 1 + 0.625·1.6 = 2.
    same = np.array([[0.9, 0.1], [0.1, 0.9]])
    belief = posterior(np.array([0.5, 0.5]), np.stack([same, same]), each_label(2)[[0, 0]], redundancy=0.625)
    np.testing.assert_allclose(belief, [0.9, 0.1])  # √81 = 9 : 1


def test_copies_share_one_voice_where_they_agree() -> None:
    assert shares([7, 7, None, 7, 8], ["a", "a", "a", "b", "a"]) == [0.5, 0.5, 1.0, 1.0, 1.0]


def test_two_copies_say_as_much_as_one_of_them() -> None:
    said = log_likelihood(GOOD, each_label(2)[0])
    alone = consensus.hear(consensus.nothing(np.array([0.5, 0.5])), said, 0.7)
    halves = consensus.hear(consensus.nothing(np.array([0.5, 0.5])), said, 0.7, 0.5)
    np.testing.assert_allclose(
        consensus.posterior(consensus.hear(halves, said, 0.7, 0.5), 0.3), consensus.posterior(alone, 0.3)
    )


@given(generators, label_numbers, st.integers(0, 30))
def test_a_posterior_sums_to_one(rng: np.random.Generator, n_labels: int, n: int) -> None:
    choices = rng.random((n, n_labels)) < 0.5
    belief = posterior(distribution(rng, n_labels), distribution(rng, n, n_labels, n_labels), choices)
    assert belief.min() >= 0
    assert belief.sum() == pytest.approx(1)


@given(generators, label_numbers, st.integers(1, 30))
def test_the_order_of_volunteers_changes_nothing(rng: np.random.Generator, n_labels: int, n: int) -> None:
    prior, confusions = distribution(rng, n_labels), distribution(rng, n, n_labels, n_labels)
    choices, order = rng.random((n, n_labels)) < 0.5, rng.permutation(n)
    belief = posterior(prior, confusions, choices)
    np.testing.assert_allclose(posterior(prior, confusions[order], choices[order]), belief)


@given(generators, label_numbers, st.integers(0, 20))
def test_another_agreeing_answer_never_lowers_confidence(rng: np.random.Generator, n_labels: int, n: int) -> None:
    # Informed: whatever is true, a label is never named more often than when it is true itself.
    confusions = (distribution(rng, n + 1, n_labels, n_labels) + np.eye(n_labels)) / 2
    choices = each_label(n_labels)[np.zeros(n + 1, dtype=int)]
    prior = distribution(rng, n_labels)
    before, after = posterior(prior, confusions[:n], choices[:n]), posterior(prior, confusions, choices)
    assert after[0] >= before[0] - 1e-12


@given(generators, label_numbers)
def test_naming_every_label_says_nothing(rng: np.random.Generator, n_labels: int) -> None:
    prior, everything = distribution(rng, n_labels), np.ones((1, n_labels), dtype=bool)
    np.testing.assert_allclose(posterior(prior, distribution(rng, 1, n_labels, n_labels), everything), prior)
