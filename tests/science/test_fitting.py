"""The crowd's weights: found together with what is true, and honest about how sure they are."""

from collections import Counter
from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from game.levels import GoldUse
from game.levels.openings import choice_masks
from game.science.fitting import Weights, fit_weights
from game.store.said import Said, all_said
from scoring.arrays import Ints
from scoring.calibration import expected_calibration_error
from scoring.crowd import _bites
from scoring.redundancy import USUAL
from tests.science.answers import by_subject, crowd, posterior
from tests.science.reef import MOOREA

N_GOLD = 60
MASKS = choice_masks(MOOREA)


@pytest.fixture(scope="module")
def true() -> Ints:
    return np.random.default_rng(3).integers(0, 6, 800)


@pytest.fixture(scope="module")
def said(true: Ints) -> list[Said]:
    return crowd(4000, true, np.linspace(0.45, 0.95, 40), seed=1)


@pytest.fixture(scope="module")
def gold(true: Ints) -> dict[int, tuple[int, GoldUse]]:
    return {subject + 1: (int(true[subject]), GoldUse.HIDDEN) for subject in range(N_GOLD)}


@pytest.fixture(scope="module")
def weights(said: list[Said], gold: dict[int, tuple[int, GoldUse]]) -> Weights:
    return fit_weights(MOOREA, all_said(said), gold)


def test_the_consensus_is_at_least_three_points_better_than_the_majority(
    weights: Weights, said: list[Said], true: Ints
) -> None:
    group = np.array([MASKS[group.code] for group in MOOREA.groups])
    rng = np.random.default_rng(0)
    right, majority = [], []
    for subject, answers in by_subject(said).items():
        votes = group @ sum((MASKS[str(one.choice)] * 1.0 for one in answers), start=np.zeros(6)) / group.sum(axis=1)
        if subject > N_GOLD:
            right.append(group[(group @ posterior(weights, MASKS, answers)).argmax(), true[subject - 1]])
            majority.append(group[rng.choice(np.flatnonzero(votes == votes.max())), true[subject - 1]])
    assert np.mean(right) >= np.mean(majority) + 0.03


def test_who_is_reliable_is_found(weights: Weights) -> None:
    measured = [float(np.diagonal(weights.confusions[volunteer]).mean()) for volunteer in range(1, 41)]
    assert np.corrcoef(measured, np.linspace(0.45, 0.95, 40))[0, 1] > 0.85


def test_a_stated_confidence_comes_true(weights: Weights, said: list[Said], true: Ints) -> None:
    group = np.array([MASKS[group.code] for group in MOOREA.groups], dtype=np.float64)
    believed = {one: group @ posterior(weights, MASKS, answers) for one, answers in by_subject(said).items()}
    ordinary = [one for one in believed if one > N_GOLD]
    answer = group[:, true[np.array(ordinary) - 1]].argmax(axis=0)
    assert expected_calibration_error(np.array([believed[one] for one in ordinary]), answer) < 0.05


def test_a_group_answer_says_nothing_of_the_labels_in_the_group(weights: Weights, said: list[Said]) -> None:
    for answers in list(by_subject(said).values())[:200]:
        believed = posterior(weights, MASKS, answers)
        assert believed[0] == pytest.approx(believed[1])
        assert believed[2:5] == pytest.approx(believed[2])


def test_label_answers_tell_the_labels_of_a_group_apart(said: list[Said], true: Ints) -> None:
    """Volunteer 100 knows every label; what she says counts within a group although most name groups only."""
    labels = [label.code for label in MOOREA.labels]
    expert = [Said(10_000 + n, n + 1, 100, labels[label], None) for n, label in enumerate(true[:300])]
    gold = {n + 1: (int(label), GoldUse.HIDDEN) for n, label in enumerate(true[:100])}
    weights = fit_weights(MOOREA, all_said([*said, *expert]), gold)
    believed = [posterior(weights, MASKS, [one]).argmax() for one in expert]
    assert believed == true[:300].tolist()


def test_gold_teaches_the_weights(said: list[Said], gold: dict[int, tuple[int, GoldUse]]) -> None:
    """Six volunteers agree on a wrong answer to everything; only gold can tell that the other two are right."""
    rows = [(s, v, "Sand" if v <= 6 else "Turf") for s in range(1, 31) for v in range(1, 9)]
    agreed = [Said(n, s, v, choice, None) for n, (s, v, choice) in enumerate(rows)]
    turf = dict.fromkeys(range(1, 11), (3, GoldUse.HIDDEN))
    assert posterior(fit_weights(MOOREA, all_said(agreed), {}), MASKS, agreed[-8:]).argmax() == 5
    assert posterior(fit_weights(MOOREA, all_said(agreed), turf), MASKS, agreed[-8:]).argmax() == 3


def test_answers_to_teaching_gold_count_for_nothing(said: list[Said], gold: dict[int, tuple[int, GoldUse]]) -> None:
    teaching = {9999: (0, GoldUse.TEACHING)}
    more = [*said, *(Said(9000 + n, 9999, 1, "Sand", None) for n in range(50))]
    few = fit_weights(MOOREA, all_said(said), gold)
    same = fit_weights(MOOREA, all_said(more), gold | teaching)
    assert all(np.array_equal(few.confusions[one], same.confusions[one]) for one in few.confusions)
    assert (few.n_gold, few.redundancy) == (same.n_gold, same.redundancy)


def test_choices_that_the_project_no_longer_offers_and_abstentions_say_nothing(weights: Weights) -> None:
    given = [Said(1, 1, 1, "Kelp", None), Said(2, 1, 2, None, "cant_tell")]
    assert np.allclose(posterior(weights, MASKS, given), posterior(weights, MASKS, []))


def test_a_stranger_is_believed_like_the_average_volunteer(weights: Weights) -> None:
    average = replace(weights, confusions={7: weights.pooled})
    stranger, known = Said(1, 1, 99, "Turf", None), Said(1, 1, 7, "Turf", None)
    assert np.array_equal(posterior(average, MASKS, [stranger]), posterior(average, MASKS, [known]))


def test_nobodys_answers_leave_the_defaults() -> None:
    weights = fit_weights(MOOREA, all_said([]), {1: (0, GoldUse.HIDDEN)})
    assert weights.redundancy == USUAL
    assert np.diagonal(weights.pooled) == pytest.approx(0.7)
    assert weights.prior == pytest.approx(1 / 6)


def test_n_gold_counts_labels_given_to_hidden_gold(weights: Weights, said: list[Said]) -> None:
    assert weights.n_gold == Counter(one.volunteer_id for one in said if one.subject_id <= N_GOLD)


@hypothesis.given(subject=st.lists(st.integers(0, 5), max_size=40), size=st.integers(1, 7))
def test_bites_hold_answers_of_one_subject_and_only_the_last_is_small(subject: list[int], size: int) -> None:
    whole, bites = _bites(np.array(subject, dtype=np.int64), size)
    assert [whole[bite] for bite in bites] == subject
    sizes = Counter(bites.tolist())
    assert sorted(sizes) == list(range(len(whole)))
    for one in set(subject):
        of_one = [sizes[bite] for bite in range(len(whole)) if whole[bite] == one]
        assert of_one[:-1] == [size] * (len(of_one) - 1)
        assert sum(of_one) == subject.count(one)
