"""Copies: by hand, on drawn volunteers some of whom copy, and on real crowds in which nobody is known to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from scoring.answers import Answers
from scoring.arrays import Floats, Ints
from scoring.copies import Consensus, Copies, find_copies
from scoring.dawid_skene import fit
from scoring.likeness import COPIED, SHARES, TOGETHER, Belief, _predicted, beside, group_evidence
from tests.scoring.crowds import (
    NO_GOLD,
    Crowd,
    accuracy,
    draw_crowd,
    each_label,
    generators,
    one_coin,
    random_answers,
    read_crowd,
)


def by_fit(gold: Ints) -> Consensus:
    def posterior(answers: Answers, weight: Floats) -> Floats:
        n_volunteers = int(answers.volunteer.max(initial=0)) + 1
        return np.array(fit(answers, len(gold), n_volunteers, gold, weight=weight, n_iterations=20).posterior)

    return posterior


def found_in(answers: Answers, n_volunteers: int, gold: Ints) -> Copies:
    return find_copies(answers, len(gold), n_volunteers, gold, by_fit(gold))


def with_colluders(crowd: Crowd, rng: np.random.Generator, share: float = 0.3) -> tuple[Crowd, Ints]:
    """A share of the volunteers give one random answer per subject, the same for all of them; and who they are."""
    n_colluders = round(share * crowd.n_volunteers)
    colluders = rng.permutation(crowd.n_volunteers)[:n_colluders]
    agreed = rng.integers(crowd.answers.choices.shape[1], size=len(crowd.true))
    theirs = np.isin(crowd.answers.volunteer, colluders)
    choice = np.where(theirs, agreed[crowd.answers.subject], crowd.answers.choice)
    return replace(crowd, answers=replace(crowd.answers, choice=choice)), np.sort(colluders)


def some_gold(true: Ints, rng: np.random.Generator) -> Ints:
    return np.where((rng.random(len(true)) < 0.05) & (true >= 0), true, NO_GOLD)


def two_coins(answers: Answers, log_weight: Floats, n_volunteers: int) -> Belief:
    """Everyone is right with probability 0.8, for two labels; no gold."""
    given = np.broadcast_to(np.log(one_coin(0.8, 2)), (n_volunteers, 2, 2))
    weight, known = np.ones(len(answers.subject)), np.zeros(len(log_weight), dtype=np.bool_)
    return Belief(answers, weight, np.array(given), np.log(one_coin(0.8, 2)), log_weight, known)


# Volunteers 0 and 1 say label 0 of the only subject; two others, who are no longer there, said label 1.
PAIR = Answers(np.array([0, 0]), np.array([0, 1]), np.array([0, 0]), each_label(2))
AGAINST = np.log(np.array([[0.8**2 * 0.2**2, 0.2**2 * 0.8**2]]))


def test_two_who_contradict_the_rest_are_explained_by_copying_as_computed_by_hand() -> None:
    evidence, holds_most = group_evidence(two_coins(PAIR, AGAINST, 2), np.array([0, 0]), 1)

    # Without the two the posterior is 0.2² : 0.8² = 1 : 16. Independent: 1·0.8² + 16·0.2² = 1.28 (all over 17).
    # Copying a share c of a source that says 0 with 0.8 or 0.2 (or 1, with 0.2 or 0.8):
    # 1·(0.8·(c + (1-c)·0.8)² + 0.2·((1-c)·0.8)²) + 16·(0.2·(c + (1-c)·0.2)² + 0.8·((1-c)·0.2)²).
    def copying(c: float) -> float:
        if_zero = 0.8 * (c + (1 - c) * 0.8) ** 2 + 0.2 * ((1 - c) * 0.8) ** 2
        if_one = 0.2 * (c + (1 - c) * 0.2) ** 2 + 0.8 * ((1 - c) * 0.2) ** 2
        return if_zero + 16 * if_one

    assert holds_most.tolist() == [True]  # Nobody else is left, so only the highest share is tried.
    assert evidence[0] == pytest.approx(np.log(copying(SHARES[-1]) / 1.28))


def test_an_answer_is_predicted_without_itself() -> None:
    # Leaving one answer out: 0.8·0.2² : 0.2·0.8² = 0.2 : 0.8, so label 0 is said with 0.2·0.8 + 0.8·0.2 = 0.32.
    ((_, once, twice),) = _predicted(two_coins(PAIR, AGAINST, 2), 1)
    np.testing.assert_allclose(once, 0.32)
    np.testing.assert_allclose(twice, 0.2 * 0.8**2 + 0.8 * 0.2**2)
    assert 0 < COPIED < 1


def test_who_repeats_a_group_has_evidence_for_every_such_answer() -> None:
    near, evidence = beside(two_coins(PAIR, AGAINST, 2), np.array([0, -1]))
    # Volunteer 1 says what the group says, though it was to be expected with 0.32 only; volunteer 0 is the whole group.
    assert near.tolist() == [-1, 0]
    np.testing.assert_allclose(evidence, [0.0, np.log(1 - TOGETHER + TOGETHER / 0.32)])


def test_colluders_are_found_and_nobody_else(rng: np.random.Generator) -> None:
    for _ in range(3):
        crowd, colluders = with_colluders(draw_crowd(rng, 4, 0.0), rng)
        copies = found_in(crowd.answers, crowd.n_volunteers, some_gold(crowd.true, rng))
        assert np.flatnonzero(copies.group >= 0).tolist() == colluders.tolist()


def test_two_rings_are_two_groups(rng: np.random.Generator) -> None:
    crowd, first = with_colluders(draw_crowd(rng, 5, 0.0), rng, 0.2)
    second = np.setdiff1d(np.arange(40), first)[:8]
    agreed = rng.integers(5, size=len(crowd.true))
    theirs = np.isin(crowd.answers.volunteer, second)
    answers = replace(crowd.answers, choice=np.where(theirs, agreed[crowd.answers.subject], crowd.answers.choice))
    group = found_in(answers, 40, some_gold(crowd.true, rng)).group
    assert len(set(group[first])) == len(set(group[second])) == 1
    assert {-1, group[first[0]], group[second[0]]} == set(group)
    assert np.flatnonzero(group >= 0).tolist() == np.union1d(first, second).tolist()


def test_colluders_who_are_right_on_gold_are_found_as_well(rng: np.random.Generator) -> None:
    crowd, colluders = with_colluders(draw_crowd(rng, 4, 0.0), rng)
    gold = some_gold(crowd.true, rng)
    spotted = np.isin(crowd.answers.volunteer, colluders) & (gold[crowd.answers.subject] != NO_GOLD)
    choice = np.where(spotted, gold[crowd.answers.subject], crowd.answers.choice)
    copies = found_in(replace(crowd.answers, choice=choice), crowd.n_volunteers, gold)
    assert np.flatnonzero(copies.group >= 0).tolist() == colluders.tolist()


def test_members_of_a_group_who_say_the_same_share_one_vote(rng: np.random.Generator) -> None:
    crowd, colluders = with_colluders(draw_crowd(rng, 4, 0.0), rng)
    copies = found_in(crowd.answers, crowd.n_volunteers, some_gold(crowd.true, rng))
    theirs = np.isin(crowd.answers.volunteer, colluders)
    votes = np.bincount(crowd.answers.subject[theirs], copies.weight[theirs])
    np.testing.assert_allclose(votes[votes > 0], 1.0)
    assert (copies.weight[~theirs] == 1).all()
    assert (copies.voter[theirs] == crowd.n_volunteers).all()
    np.testing.assert_array_equal(copies.voter[~theirs], crowd.answers.volunteer[~theirs])


def test_a_crowd_with_colluders_is_judged_almost_as_without_their_answers(rng: np.random.Generator) -> None:
    lost = []
    for _ in range(3):
        crowd, colluders = with_colluders(draw_crowd(rng, 4, 0.0), rng)
        gold = some_gold(crowd.true, rng)
        copies = found_in(crowd.answers, crowd.n_volunteers, gold)
        merged = replace(crowd.answers, volunteer=copies.voter)
        found = fit(merged, len(gold), 2 * crowd.n_volunteers, gold, weight=copies.weight)
        honest = ~np.isin(crowd.answers.volunteer, colluders)
        a = crowd.answers
        alone = fit(Answers(a.subject[honest], a.volunteer[honest], a.choice[honest], a.choices), len(gold), 40, gold)
        rest = gold == NO_GOLD
        lost.append(accuracy(alone.posterior, crowd.true, rest) - accuracy(found.posterior, crowd.true, rest))
    assert np.mean(lost) <= 0.01, lost


def test_agreeing_because_all_are_right_is_no_copying() -> None:
    subject, volunteer = (index.ravel() for index in np.indices((300, 5)))
    true = np.arange(300) % 3
    copies = found_in(Answers(subject, volunteer, true[subject], each_label(3)), 5, np.full(300, NO_GOLD))
    assert (copies.group == -1).all()
    assert (copies.weight == 1).all()


def test_three_shared_answers_prove_nothing(rng: np.random.Generator) -> None:
    crowd, _ = with_colluders(draw_crowd(rng, 4, 0.0), rng)
    few = crowd.answers.subject < 10
    answers = Answers(
        *(a[few] for a in (crowd.answers.subject, crowd.answers.volunteer, crowd.answers.choice)), each_label(4)
    )
    assert (found_in(answers, 40, np.full(10, NO_GOLD)).group == -1).all()


def test_independent_volunteers_who_name_groups_are_left_alone(rng: np.random.Generator) -> None:
    for _ in range(3):
        crowd = draw_crowd(rng, 6, 0.3)
        assert (found_in(crowd.answers, crowd.n_volunteers, some_gold(crowd.true, rng)).group == -1).all()


@pytest.mark.parametrize("name", ["rte", "dog", "s_face", "labelme", "weather_amt", "cifar10s", "sdogs_1000ms"])
def test_nobody_in_a_real_crowd_is_said_to_copy(shared_data: Path, rng: np.random.Generator, name: str) -> None:
    crowd = read_crowd(shared_data / "crowd" / name)
    copies = found_in(crowd.answers, crowd.n_volunteers, some_gold(crowd.true, rng))
    assert np.flatnonzero(copies.group >= 0).tolist() == []


@pytest.mark.parametrize("name", ["dog", "weather_amt", "s_face"])
def test_colluders_in_a_real_crowd_are_told_from_the_others(
    shared_data: Path, rng: np.random.Generator, name: str
) -> None:
    crowd, colluders = with_colluders(read_crowd(shared_data / "crowd" / name), rng)
    copies = found_in(crowd.answers, crowd.n_volunteers, some_gold(crowd.true, rng))
    theirs = np.isin(np.arange(crowd.n_volunteers), colluders)
    higher = copies.evidence[theirs][:, None] - copies.evidence[~theirs]
    assert ((higher > 0) + (higher == 0) / 2).mean() >= 0.97  # The area under the ROC curve.


@given(generators)
@settings(max_examples=25)
def test_every_answer_keeps_a_weight_and_a_voter(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    copies = found_in(answers, 5, gold)
    assert ((copies.weight > 0) & (copies.weight <= 1)).all()
    assert ((copies.voter == answers.volunteer) | (copies.voter >= 5)).all()
    assert np.isfinite(copies.evidence).all()


@given(generators)
@settings(max_examples=5)
def test_renaming_volunteers_and_labels_renames_the_groups_only(rng: np.random.Generator) -> None:
    crowd, _ = with_colluders(draw_crowd(rng, 4, 0.0), rng)
    gold, names, labels = some_gold(crowd.true, rng), rng.permutation(40), rng.permutation(4)
    copies = found_in(crowd.answers, 40, gold)
    renamed = replace(crowd.answers, volunteer=names[crowd.answers.volunteer], choice=labels[crowd.answers.choice])
    again = found_in(renamed, 40, np.where(gold == NO_GOLD, NO_GOLD, labels[gold]))
    np.testing.assert_array_equal(again.group[names] >= 0, copies.group >= 0)
    np.testing.assert_allclose(again.weight, copies.weight)
    np.testing.assert_allclose(again.evidence[names], copies.evidence, rtol=1e-4, atol=1e-4)
