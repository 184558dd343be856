"""Dawid and Skene's EM: by hand, on their own data, on drawn volunteers and on real crowds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from scoring.answers import Answers
from scoring.arrays import softmax
from scoring.confusion import empirical_bayes, pooled
from scoring.dawid_skene import _expected_counts, _log_weight, _posterior, _prior, _said, fit
from tests.scoring.crowds import (
    NO_GOLD,
    accuracy,
    draw_confusions,
    draw_crowd,
    each_label,
    generators,
    majority,
    one_coin,
    random_answers,
    read_crowd,
)

# Dawid and Skene (1979), table 1: 45 patients; the first anaesthetist's three readings, then one of each of the others.
ANAESTHETISTS = np.array([0, 0, 0, 1, 2, 3, 4])
READINGS = """
    1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223
    2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111
    2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222
    1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
    2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""


def anaesthetists() -> Answers:
    readings = np.array([[int(grade) - 1 for grade in patient] for patient in READINGS.split()])
    patient, reading = np.indices(readings.shape)
    return Answers(patient.ravel(), ANAESTHETISTS[reading.ravel()], readings.ravel(), each_label(4))


def test_the_e_step_weighs_answers_by_confusion_and_prior() -> None:
    answers = Answers(np.array([0, 0]), np.array([0, 1]), np.array([0, 1]), each_label(2))
    confusion = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.4, 0.6]]])
    # Subject 0: 0.25·0.9·0.4 = 0.09 against 0.75·0.2·0.6 = 0.09. Nobody saw subject 1; subject 2 is gold.
    log_weight = _log_weight(_said(answers, 3, 2, None), answers, confusion, np.array([0.25, 0.75]))
    np.testing.assert_allclose(np.exp(log_weight), [[0.09, 0.09], [0.25, 0.75], [0.25, 0.75]])
    posterior = _posterior(log_weight, None, np.array([-1, -1, 0]))
    np.testing.assert_allclose(posterior, [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])


def test_the_m_step_counts_by_belief_and_shares_groups() -> None:
    choices = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)
    answers = Answers(np.array([0, 0]), np.array([0, 0]), np.array([0, 1]), choices)
    confusion = np.array([[[0.6, 0.2, 0.2], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]]])
    counts = _expected_counts(_said(answers, 1, 1, None), answers, confusion, np.array([[0.5, 0.5, 0.0]]))
    # The label adds 0.5 in either row. The group adds, if 0 is true, 0.5·0.6/0.8 and 0.5·0.2/0.8;
    # if 1 is true, 0.5·0.3/0.9 and 0.5·0.6/0.9.
    np.testing.assert_allclose(counts[0], [[0.875, 0.125, 0.0], [0.5 + 1 / 6, 1 / 3, 0.0], [0.0, 0.0, 0.0]])


def test_an_answers_weight_is_what_it_counts_in_both_steps() -> None:
    answers, weight = Answers(np.array([0]), np.array([0]), np.array([1]), each_label(2)), np.array([0.5])
    confusion, said = np.array([[[0.75, 0.25], [0.36, 0.64]]]), _said(answers, 1, 1, weight)
    # The square roots of 0.25 and 0.64: half an answer.
    np.testing.assert_allclose(np.exp(_log_weight(said, answers, confusion, np.ones(2))), [[0.5, 0.8]])
    counts = _expected_counts(said, answers, confusion, np.array([[0.2, 0.8]]))
    np.testing.assert_allclose(counts, [[[0.0, 0.1], [0.0, 0.4]]])


def test_the_prior_is_tempered_by_what_most_answers_name() -> None:
    subject, choice = np.array([0, 1, 1, 2, 2, 2, 3]), np.array([0, 0, 1, 1, 0, 0, 1])
    answers = Answers(subject, np.array([0, 0, 1, 0, 1, 2, 0]), choice, each_label(2))
    # Subject 0 counts for label 0, 1 for either by half, 2 for label 0 by two to one; 3 is gold, and 4 has no answer.
    gold = np.array([-1, -1, -1, 0, -1])
    # One subject of each label is added: 1 + 1 + 0.5 + 1 + 1 = 4.5 and 1 + 0.5 = 1.5; (4.5 / 1.5)^¾ = 2.2795.
    found = _prior(_said(answers, 5, 3, None), answers, gold)
    np.testing.assert_allclose(found, [2.2795 / 3.2795, 1 / 3.2795], atol=1e-4)


def test_an_answer_that_names_a_group_counts_for_its_labels_alike() -> None:
    choices = np.array([[True, True, False], [False, False, True]])
    answers = Answers(np.array([0, 1]), np.array([0, 0]), np.array([0, 1]), choices)
    # 1.5, 1.5 and 2 subjects.
    tempered = np.array([1.5, 1.5, 2.0]) ** 0.75
    found = _prior(_said(answers, 2, 1, None), answers, np.array([-1, -1]))
    np.testing.assert_allclose(found, tempered / tempered.sum())


@pytest.mark.parametrize(
    "common", [(0.9, 0.1), (0.97, 0.03), (0.8, 0.15, 0.05), (0.45, 0.38, 0.09, 0.06, 0.02), (0.2,) * 5]
)
@pytest.mark.parametrize("n_answers", [3, 5])
def test_rare_labels_become_no_bin_for_what_looks_odd(
    common: tuple[float, ...], n_answers: int, rng: np.random.Generator
) -> None:
    """Whoever errs names any other label: the rarer a label, the more often it is named by mistake."""
    n_subjects, n_labels, n_volunteers = 2000, len(common), 40
    true = rng.choice(n_labels, n_subjects, p=common)
    subject = np.repeat(np.arange(n_subjects), n_answers)
    volunteer = np.concatenate([rng.permutation(n_volunteers)[:n_answers] for _ in range(n_subjects)])
    right = rng.random(len(subject)) < rng.uniform(0.55, 0.95, n_volunteers)[volunteer]
    mistaken = (true[subject] + rng.integers(1, n_labels, len(subject))) % n_labels
    answers = Answers(subject, volunteer, np.where(right, true[subject], mistaken), each_label(n_labels))
    found = fit(answers, n_subjects, n_volunteers, np.full(n_subjects, NO_GOLD))
    everywhere = np.ones(n_subjects, dtype=np.bool_)
    by_most = accuracy(majority(answers, n_subjects), true, everywhere)
    assert accuracy(found.posterior, true, everywhere) > by_most - 0.003


def test_from_their_own_start_the_steps_reach_dawid_and_skenes_marginals() -> None:
    # They begin with each label's share of the answers and smooth nothing; `fit` begins with informed newcomers
    # and rests at another maximum of so small a table. So its steps are driven from their start here.
    answers = anaesthetists()
    said = _said(answers, 45, 5, None)
    posterior = majority(answers, 45) / 7
    confusion = np.broadcast_to(one_coin(0.7, 4), (5, 4, 4))
    for _ in range(50):
        counts = _expected_counts(said, answers, confusion, posterior)
        confusion = empirical_bayes(counts, pooled(counts), strength=1e-9)
        posterior = softmax(_log_weight(said, answers, confusion, posterior.mean(axis=0)))
    # Dawid and Skene (1979), table 2: the estimated marginals are 0.40, 0.42, 0.11 and 0.07.
    np.testing.assert_allclose(posterior.mean(axis=0).round(2), [0.40, 0.42, 0.11, 0.07], atol=1e-6)


def test_fit_agrees_with_the_anaesthetists_where_they_agree() -> None:
    answers = anaesthetists()
    shares = majority(answers, 45) / 7
    found = fit(answers, 45, 5, np.full(45, NO_GOLD))
    unanimous = shares.max(axis=1) == 1
    assert found.converged
    assert (found.posterior.argmax(axis=1) == shares.argmax(axis=1))[unanimous].all()
    assert found.posterior.max(axis=1)[unanimous].min() > 0.99


def test_volunteers_of_drawn_confusions_are_found_again(rng: np.random.Generator) -> None:
    n_subjects, n_labels = 4000, 3
    confusion = draw_confusions(rng, np.array([0.6, 0.7, 0.8, 0.9, 0.95]), n_labels)
    true = rng.choice(n_labels, size=n_subjects, p=[0.5, 0.3, 0.2])
    subject, volunteer = (index.ravel() for index in np.indices((n_subjects, 5)))
    thresholds = confusion[volunteer, true[subject]].cumsum(axis=1)[:, :-1]
    label = (rng.random(len(subject))[:, None] > thresholds).sum(axis=1)
    answers = Answers(subject, volunteer, label, each_label(n_labels))
    found = fit(answers, n_subjects, 5, np.full(n_subjects, NO_GOLD))
    assert found.converged
    # Standard errors in the rows of the rarest label are about √(0.25/800) = 0.018, and more since truth is hidden.
    np.testing.assert_allclose(found.confusion, confusion, atol=0.06)
    common = np.array([0.5, 0.3, 0.2]) ** 0.75
    np.testing.assert_allclose(found.prior, common / common.sum(), atol=0.03)


@pytest.mark.parametrize("n_labels", [3, 6])
@pytest.mark.parametrize("group_share", [0.0, 0.3])
def test_consensus_beats_the_majority_by_three_points_where_reliabilities_differ(
    rng: np.random.Generator, n_labels: int, group_share: float
) -> None:
    gains = []
    for _ in range(5):
        crowd = draw_crowd(rng, n_labels, group_share)
        n_subjects = len(crowd.true)
        gold = np.where(rng.random(n_subjects) < 0.25, crowd.true, NO_GOLD)
        found = fit(crowd.answers, n_subjects, crowd.n_volunteers, gold)
        by_fit = accuracy(found.posterior, crowd.true, gold == NO_GOLD)
        gains.append(by_fit - accuracy(majority(crowd.answers, n_subjects), crowd.true, gold == NO_GOLD))
    assert np.mean(gains) >= 0.03, gains
    assert min(gains) > 0, gains


@pytest.mark.parametrize(
    ("name", "gain"),
    [("rte", 0.02), ("dog", 0.01), ("s_face", 0.01), ("labelme", 0.0), ("weather_amt", 0.0), ("cifar10s", 0.0)],
)
def test_consensus_of_a_real_crowd_is_as_good_as_its_majority_or_better(
    shared_data: Path, name: str, gain: float
) -> None:
    crowd = read_crowd(shared_data / "crowd" / name)
    n_subjects, known = len(crowd.true), crowd.true >= 0
    found = fit(crowd.answers, n_subjects, crowd.n_volunteers, np.full(n_subjects, NO_GOLD))
    by_fit = accuracy(found.posterior, crowd.true, known)
    by_majority = accuracy(majority(crowd.answers, n_subjects), crowd.true, known)
    assert by_fit >= by_majority + gain - 0.002  # Two subjects in a thousand may fall the other way elsewhere.


def test_gold_makes_the_consensus_on_other_subjects_better(shared_data: Path, rng: np.random.Generator) -> None:
    crowd = read_crowd(shared_data / "crowd" / "labelme")
    n_subjects = len(crowd.true)
    gold = np.where(rng.random(n_subjects) < 0.25, crowd.true, NO_GOLD)
    without = fit(crowd.answers, n_subjects, crowd.n_volunteers, np.full(n_subjects, NO_GOLD))
    found = fit(crowd.answers, n_subjects, crowd.n_volunteers, gold)
    rest = gold == NO_GOLD
    assert accuracy(found.posterior, crowd.true, rest) > accuracy(without.posterior, crowd.true, rest)


def test_newcomers_with_one_answer_each_are_believed_like_the_average() -> None:
    answers = Answers(np.array([0, 0, 0, 1]), np.arange(4), np.array([0, 0, 1, 1]), each_label(2))
    found = fit(answers, 2, 4, np.full(2, NO_GOLD))
    assert found.posterior[0, 0] > 0.5
    assert found.posterior[1, 1] > 0.5
    assert found.confusion.diagonal(axis1=1, axis2=2).min() > 0.5  # Nobody is turned round by one answer.


def test_a_project_without_answers_keeps_to_gold_and_doubt() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    found = fit(Answers(nothing, nothing, nothing, each_label(2)), 2, 1, np.array([NO_GOLD, 1]))
    np.testing.assert_allclose(found.posterior, [[0.5, 0.5], [0.0, 1.0]])
    np.testing.assert_allclose(found.confusion, [one_coin(0.7, 2)])


@given(generators)
@settings(max_examples=50)
def test_everything_that_should_sum_to_one_does(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    found = fit(answers, 12, 5, gold, n_iterations=5)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1)
    assert found.prior.sum() == pytest.approx(1)


@given(generators)
@settings(max_examples=50)
def test_gold_stays_what_experts_said(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    found = fit(answers, 12, 5, gold, n_iterations=5)
    known = gold != NO_GOLD
    assert (found.posterior[known, gold[known]] == 1).all()


@given(generators)
@settings(max_examples=50)
def test_renaming_volunteers_and_shuffling_answers_change_nothing(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    order, names = rng.permutation(len(answers.subject)), rng.permutation(5)
    subject, volunteer, choice = answers.subject[order], names[answers.volunteer[order]], answers.choice[order]
    found = fit(answers, 12, 5, gold, n_iterations=5)
    again = fit(Answers(subject, volunteer, choice, answers.choices), 12, 5, gold, n_iterations=5)
    np.testing.assert_allclose(again.posterior, found.posterior, atol=1e-5)
    np.testing.assert_allclose(again.confusion[names], found.confusion, atol=1e-5)


@given(generators)
@settings(max_examples=50)
def test_swapping_two_labels_swaps_them_in_every_result(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    swap = np.array([1, 0, *range(2, answers.choices.shape[1])])
    swapped = replace(answers, choices=answers.choices[:, swap])
    found = fit(answers, 12, 5, gold, n_iterations=5)
    again = fit(swapped, 12, 5, np.where(gold == NO_GOLD, NO_GOLD, swap[gold]), n_iterations=5)
    np.testing.assert_allclose(again.posterior[:, swap], found.posterior, atol=1e-5)
    np.testing.assert_allclose(again.confusion[:, swap][:, :, swap], found.confusion, atol=1e-5)


@given(generators)
@settings(max_examples=50)
def test_the_posterior_follows_from_the_returned_confusions_and_prior(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    found = fit(answers, 12, 5, gold, n_iterations=5)
    log_weight = _log_weight(_said(answers, 12, 5, None).astype(np.float64), answers, found.confusion, found.prior)
    np.testing.assert_array_equal(log_weight, found.log_weight)
    np.testing.assert_array_equal(_posterior(log_weight, None, gold), found.posterior)
