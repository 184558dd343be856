"""The model as a voter: sums by hand, what it may never do, and names that must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings

from scoring.arrays import Ints, softmax
from scoring.voter import (
    MOST_RELIABLE,
    TAUGHT,
    Witness,
    at_its_word,
    believed,
    evidence,
    frequencies,
    likelihood,
    measured_confusion,
    meet,
    promised_confusion,
    reconcile,
    sharpness,
    worth_hearing,
)
from tests.scoring.crowds import distribution, generators, label_numbers


def answered(true: np.ndarray, n_labels: int, confidence: float = 0.9) -> np.ndarray:
    """What a crowd would make of these labels: sure to this degree."""
    off = (1 - confidence) / (n_labels - 1)
    return np.where(np.eye(n_labels)[true] > 0, confidence, off)


def test_a_model_that_says_four_fifths_and_is_right_two_thirds_of_the_time_is_believed_two_thirds() -> None:
    said = np.tile([[0.8, 0.2], [0.2, 0.8]], (6000, 1))
    right = np.arange(12000) // 2 % 3 < 2
    posterior = np.where(right[:, None], said > 0.5, said < 0.5).astype(float)
    # Odds of 4 are to become odds of 2: 4^β = 2, so β = ½.
    assert sharpness(said, posterior) == pytest.approx(0.5, abs=1e-3)
    assert believed(said, np.array([0.5, 0.5]), 0.5)[0, 0] == pytest.approx(2 / 3)


def nothing_known(n_subjects: int) -> Ints:
    return np.full(n_subjects, -1)


def test_the_evidence_of_nine_tenths_by_hand() -> None:
    # But one time in a hundred it guessed: log((.99·.1/.5 + .01)/(.99·.9/.5 + .01)) = log(.208/1.792).
    found = likelihood(np.array([[0.9, 0.1], [np.nan, np.nan]]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, [[0, np.log(0.208 / 1.792)], [0, 0]])


def test_predictions_are_never_made_surer_than_they_are(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=500)
    assert sharpness(answered(true, 3, 0.5), answered(true, 3, 0.99)) == pytest.approx(1, abs=1e-3)


def test_a_model_that_always_says_the_same_is_no_evidence(rng: np.random.Generator) -> None:
    said = np.tile([0.9, 0.05, 0.05], (200, 1))
    np.testing.assert_allclose(evidence(said, distribution(rng, 200, 3), nothing_known(200)), 0, atol=1e-9)


def test_a_model_that_contradicts_everyone_is_not_heard(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=300)
    wrong = answered((true + 1) % 3, 3)
    assert sharpness(wrong, answered(true, 3)) == pytest.approx(0, abs=1e-3)


def test_a_subject_without_prediction_gets_no_evidence(rng: np.random.Generator) -> None:
    said = distribution(rng, 40, 3)
    said[::2] = np.nan
    found = evidence(said, distribution(rng, 40, 3), nothing_known(40))
    assert (found[::2] == 0).all()
    assert (evidence(np.full((40, 3), np.nan), distribution(rng, 40, 3), nothing_known(40)) == 0).all()


@given(generators, label_numbers)
@settings(max_examples=50)
def test_no_model_can_say_more_than_a_witness_who_sometimes_guesses(rng: np.random.Generator, n_labels: int) -> None:
    posterior = distribution(rng, 30, n_labels)
    sure = np.eye(n_labels)[rng.integers(n_labels, size=30)]
    common = frequencies(posterior)
    bound = np.log(MOST_RELIABLE / common.min() + 1 - MOST_RELIABLE) - np.log(1 - MOST_RELIABLE)
    for found in (evidence(sure, posterior, nothing_known(30)), likelihood(sure, common)):
        assert (found <= 0).all()
        assert -found.min() <= bound


@given(generators, label_numbers)
@settings(max_examples=50)
def test_renaming_subjects_or_labels_renames_the_evidence(rng: np.random.Generator, n_labels: int) -> None:
    said, posterior = distribution(rng, 30, n_labels), distribution(rng, 30, n_labels)
    subjects, labels, gold = rng.permutation(30), rng.permutation(n_labels), rng.integers(-1, n_labels, size=30)
    renamed = np.where(gold < 0, -1, np.argsort(labels)[gold])
    found = evidence(said, posterior, gold)
    np.testing.assert_allclose(
        evidence(said[subjects], posterior[subjects], gold[subjects]), found[subjects], atol=1e-4
    )
    np.testing.assert_allclose(evidence(said[:, labels], posterior[:, labels], renamed), found[:, labels], atol=1e-4)


def test_gold_puts_right_what_a_model_from_elsewhere_takes_for_what(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=600)
    posterior = answered(np.where(rng.random(600) < 0.6, true, rng.integers(3, size=600)), 3, 0.7)
    # Half of what is 1 it calls 0, and never what is 2.
    said = answered(np.where((true == 1) & (rng.random(600) < 0.5), 0, true), 3, 0.8)
    gold = np.where(np.arange(600) < 120, true, -1)
    unheard, heard = (evidence(said, posterior, known) for known in (nothing_known(600), gold))
    named_0 = (said.argmax(axis=1) == 0) & (gold < 0)
    one_for_two = [(each[named_0, 1] - each[named_0, 2]).mean() for each in (heard, unheard)]
    assert one_for_two[0] > one_for_two[1] + 0.5
    said[gold >= 0] = np.nan
    np.testing.assert_array_equal(evidence(said, posterior, gold), evidence(said, posterior, nothing_known(600)))


@given(generators, label_numbers)
@settings(max_examples=20)
def test_reconciled_posteriors_are_probabilities_and_keep_their_names(rng: np.random.Generator, n_labels: int) -> None:
    said, answers = distribution(rng, 30, n_labels), distribution(rng, 30, n_labels)
    said[:5] = np.nan
    heard, posterior = reconcile(said, answers)
    labels = rng.permutation(n_labels)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    assert np.isnan(heard[:5]).all()
    np.testing.assert_allclose(heard[5:].sum(axis=1), 1)
    np.testing.assert_allclose(reconcile(said[:, labels], answers[:, labels])[1], posterior[:, labels], atol=1e-5)


def test_a_sure_crowd_that_a_good_model_contradicts_loses_its_sureness(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=900)
    disputed = np.arange(900) % 4 == 0
    crowd, model = answered(np.where(disputed, (true + 1) % 3, true), 3, 0.9999), answered(true, 3)
    _, posterior = reconcile(model, crowd)
    both = softmax(np.log(crowd) + np.log(model))
    assert posterior[disputed].max(axis=1).mean() < both[disputed].max(axis=1).mean() - 0.02
    assert posterior[~disputed].max(axis=1).mean() > 0.95


@given(generators)
@settings(max_examples=20)
def test_luck_is_not_worth_hearing(rng: np.random.Generator) -> None:
    assert not worth_hearing(distribution(rng, 400, 3), answered(rng.integers(3, size=400), 3))


def test_a_model_that_is_often_right_is_worth_hearing(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=400)
    guess = np.where(rng.random(400) < 0.6, true, rng.integers(3, size=400))
    assert worth_hearing(answered(guess, 3, 0.7), answered(true, 3))


def test_the_word_of_a_witness_by_hand() -> None:
    # β = ½ makes odds of 9 to odds of 3: P = ¾. Evidence: .7·log((.99·.25/.5 + .01)/(.99·.75/.5 + .01)).
    said = at_its_word(0.5, np.array([0.5, 0.5]), np.array([0.5, 0.5])).word(np.array([0.9, 0.1]))
    np.testing.assert_allclose(said.probability, [0.75, 0.25])
    np.testing.assert_allclose(said.evidence, [0, 0.7 * np.log(0.505 / 1.495)])
    # Beside answers that say ½ and ½ it stands alone: odds (1.495/.505)^.7 = 2.14.
    assert said.beside(np.array([0.5, 0.5]))[0] == pytest.approx(2.138 / 3.138, abs=1e-3)


def test_a_witness_that_gold_knows_better_by_hand() -> None:
    # As above P = ¾, odds of 3. It says the first label of 6 in 10 where that is true, and promised 8 in 10; of 5 in 10
    # where the second is true, and promised 2 in 10: odds of 3 · (.6/.8) / (.5/.2) = .9.
    measured, promised = np.array([[0.6, 0.4], [0.5, 0.5]]), np.array([[0.8, 0.2], [0.2, 0.8]])
    said = Witness(0.5, np.array([0.5, 0.5]), np.array([0.5, 0.5]), measured, promised).word(np.array([0.9, 0.1]))
    assert said.probability[0] == pytest.approx(0.9 / 1.9)


def test_what_a_model_promises_of_itself_by_hand() -> None:
    # It names the first label twice. Where that is true: .8 + .7 of .8 + .7 + .1; else .2 + .3 of .2 + .3 + .9.
    p = np.array([[0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    guessing = 0.99 * np.array([[1.5 / 1.6, 0.1 / 1.6], [0.5 / 1.4, 0.9 / 1.4]]) + 0.005
    np.testing.assert_allclose(promised_confusion(p, p), guessing)


def test_gold_is_mixed_with_as_many_subjects_as_there_are_labels() -> None:
    p = np.array([[0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.1, 0.9]])
    promised = np.array([[0.9, 0.1], [0.3, 0.7]])
    # Gold of the first label was named second once, and first once; of the second label there is none.
    found = measured_confusion(p[[0, 3]], np.array([0, 0]), promised)
    np.testing.assert_allclose(found, [[(1 + 2 * 0.9) / 4, (1 + 2 * 0.1) / 4], [0.3, 0.7]])


def mixed_up(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """True labels, and a model that takes half of the third label for the second and does not know it."""
    true = rng.integers(3, size=n)
    return true, answered(np.where((true == 2) & (rng.random(n) < 0.5), 1, true), 3, 0.8)


def test_a_model_that_mixes_up_two_labels_is_put_right_by_gold(rng: np.random.Generator) -> None:
    true, said = mixed_up(rng, 900)
    met, believing = (meet(said, answered(true, 3), said[:n_gold], true[:n_gold]) for n_gold in (90, 0))
    assert met is not None
    assert believing is not None
    surprise, taken_at_its_word = (
        -np.log(one.word(said).probability[np.arange(900), true]).mean() for one in (met, believing)
    )
    assert surprise < taken_at_its_word - 0.1
    np.testing.assert_allclose(believing.confusion, believing.promised)


def test_a_crowd_that_is_wrong_is_no_measure_of_what_a_model_takes_for_what(rng: np.random.Generator) -> None:
    """It would teach a model that is right that it is wrong."""
    true, crowd = mixed_up(rng, 900)
    met = meet(answered(true, 3, 0.8), crowd, np.zeros((0, 3)), true[:0])
    assert met is not None
    np.testing.assert_allclose(met.confusion, met.promised)


@given(generators, label_numbers)
@settings(max_examples=30)
def test_confusions_are_probabilities_and_keep_their_names(rng: np.random.Generator, n_labels: int) -> None:
    p, true = distribution(rng, 40, n_labels), rng.integers(n_labels, size=40)
    promised = promised_confusion(p, p)
    found = measured_confusion(p, true, promised)
    labels = rng.permutation(n_labels)
    renamed = measured_confusion(p[:, labels], np.argsort(labels)[true], promised_confusion(p[:, labels], p[:, labels]))
    for matrix in (promised, found):
        np.testing.assert_allclose(matrix.sum(axis=1), 1)
        assert (matrix > 0).all()
    np.testing.assert_allclose(renamed, found[np.ix_(labels, labels)])


def test_a_witness_says_of_each_subject_what_all_of_them_say_together(rng: np.random.Generator) -> None:
    true = rng.integers(3, size=400)
    said = answered(np.where(rng.random(400) < 0.8, true, rng.integers(3, size=400)), 3, 0.7)
    said[::7] = np.nan
    answers = answered(true, 3)
    met = meet(said, answers, said[1:7], true[1:7])
    assert met is not None
    known = np.isfinite(said).all(axis=1)
    apart = [met.word(one).evidence for one in said[known]]
    np.testing.assert_allclose(met.word(said[known]).evidence, apart)
    believing = meet(said, answers, said[:0], true[:0])
    assert believing is not None
    together = TAUGHT * evidence(said[known], answers[known], nothing_known(known.sum()))
    np.testing.assert_allclose(believing.word(said[known]).evidence, together)


def test_luck_has_no_word(rng: np.random.Generator) -> None:
    true, nobody = rng.integers(3, size=400), np.full((40, 3), np.nan)
    luck = distribution(rng, 400, 3)
    assert meet(luck, answered(true, 3), luck, true) is None
    assert meet(nobody, answered(true[:40], 3), luck[:40], true[:40]) is None
