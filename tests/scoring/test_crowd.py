"""The consensus of record: judged by hand, on drawn volunteers and on real crowds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.answers import Answers, Ladder
from scoring.calibration import expected_calibration_error
from scoring.crowd import _bites, judge
from scoring.redundancy import USUAL, publish, voices
from tests.scoring.crowds import (
    NO_GOLD,
    accuracy,
    draw_crowd,
    each_label,
    generators,
    majority,
    random_answers,
    read_crowd,
)

REAL = ["labelme", "cifar10s", "dog", "rte", "weather_amt", "s_face", "sdogs_1000ms"]


def test_what_is_published_follows_by_hand_from_what_is_returned() -> None:
    answers = Answers(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0, 0, 1]), each_label(2))
    found = judge(answers, 2, 2, np.full(2, NO_GOLD))
    heard = voices(found.confusion)
    given = found.confusion[0][:, 0] * found.confusion[1][:, 0] * found.prior
    p = given ** (1 / (1 + USUAL * (heard[0] + heard[1])))
    np.testing.assert_allclose(found.posterior[0], p / p.sum())
    assert found.n_effective[0] == pytest.approx(heard.sum() / (1 + USUAL * heard.sum()))
    assert found.redundancy == USUAL


@pytest.mark.parametrize("name", REAL)
def test_no_real_crowd_is_judged_worse_than_by_its_majority(shared_data: Path, name: str) -> None:
    crowd = read_crowd(shared_data / "crowd" / name)
    n_subjects, known = len(crowd.true), crowd.true >= 0
    found = judge(crowd.answers, n_subjects, crowd.n_volunteers, np.full(n_subjects, NO_GOLD))
    by_majority = accuracy(majority(crowd.answers, n_subjects), crowd.true, known)
    assert accuracy(found.posterior, crowd.true, known) >= by_majority - 0.003


def test_confidence_means_what_it_says_without_any_gold(shared_data: Path) -> None:
    errors = []
    for name in REAL:
        crowd = read_crowd(shared_data / "crowd" / name)
        known = crowd.true >= 0
        found = judge(crowd.answers, len(known), crowd.n_volunteers, np.full(len(known), NO_GOLD))
        errors.append(expected_calibration_error(found.posterior[known], crowd.true[known]))
    assert np.mean(errors) <= 0.06  # Dawid and Skene's own posterior: 0.15.


def test_gold_tells_how_much_volunteers_have_in_common(rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, 4, group_share=0.0)
    gold = np.where(rng.random(1000) < 0.4, crowd.true, NO_GOLD)
    alone = judge(crowd.answers, 1000, crowd.n_volunteers, gold)
    assert alone.redundancy < USUAL / 3  # Drawn independently of each other.
    thrice = Answers(*(np.tile(one, 3) for one in (crowd.answers.subject, crowd.answers.volunteer)),
                     np.tile(crowd.answers.choice, 3), crowd.answers.choices)  # fmt: skip
    echoed = judge(thrice, 1000, crowd.n_volunteers, gold)
    assert echoed.redundancy > 2 * alone.redundancy


def test_gold_is_published_as_experts_say_and_its_own_weight_is_kept(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    found = judge(answers, 12, 5, gold)
    known = gold != NO_GOLD
    assert (found.posterior[known, gold[known]] == 1).all()
    assert np.isfinite(found.log_weight).all()


def test_evidence_beside_the_volunteers_is_added_after_modesty_took_its_part() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    evidence = np.log(np.array([[0.9, 0.1], [0.5, 0.5]]))
    found = judge(Answers(nothing, nothing, nothing, each_label(2)), 2, 1, np.full(2, NO_GOLD), evidence=evidence)
    np.testing.assert_allclose(found.posterior, [[0.9, 0.1], [0.5, 0.5]])


def test_a_group_answer_parts_groups_and_never_the_labels_within(rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, 4, group_share=1.0)
    ladder = Ladder(crowd.answers.choices[4:], np.arange(6) < 4)
    found = judge(crowd.answers, 1000, crowd.n_volunteers, np.full(1000, NO_GOLD), ladder=ladder)
    np.testing.assert_allclose(found.posterior[:, 0], found.posterior[:, 2])
    np.testing.assert_allclose(found.posterior[:, 1], found.posterior[:, 3])
    right = (found.posterior @ ladder.groups.T).argmax(axis=1) == crowd.true % 2
    assert right.mean() > 0.9


def test_half_weight_twice_is_one_answer(rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, 3, group_share=0.0)
    one = crowd.answers
    twice = Answers(*(np.repeat(part, 2) for part in (one.subject, one.volunteer, one.choice)), one.choices)
    halves = judge(twice, 1000, crowd.n_volunteers, crowd.true * 0 - 1, weight=np.full(len(twice.subject), 0.5))
    whole = judge(one, 1000, crowd.n_volunteers, crowd.true * 0 - 1)
    np.testing.assert_allclose(halves.posterior, whole.posterior, atol=1e-5)


@given(generators)
@settings(max_examples=25)
def test_names_of_volunteers_subjects_and_labels_do_not_matter(rng: np.random.Generator) -> None:
    answers, _ = random_answers(rng)
    n_labels = answers.choices.shape[1]
    people, labels, subjects = rng.permutation(5), np.array([1, 0, *range(2, n_labels)]), rng.permutation(12)
    order = rng.permutation(len(answers.subject))
    renamed = Answers(
        subjects[answers.subject[order]], people[answers.volunteer[order]], answers.choice[order],
        answers.choices[:, labels],
    )  # fmt: skip
    found, again = judge(answers, 12, 5, np.full(12, NO_GOLD)), judge(renamed, 12, 5, np.full(12, NO_GOLD))
    # EM ends once nothing moves by more than 1e-4; summed in another order, it may end a step sooner or later.
    np.testing.assert_allclose(again.posterior[subjects][:, labels], found.posterior, atol=1e-4)
    np.testing.assert_allclose(again.confusion[people][:, labels][:, :, labels], found.confusion, atol=1e-4)


@given(subject=st.lists(st.integers(0, 5), max_size=40), size=st.integers(1, 7))
def test_bites_hold_answers_of_one_subject_and_only_the_last_is_small(subject: list[int], size: int) -> None:
    whole, bites = _bites(np.array(subject, dtype=np.int64), size)
    assert [whole[bite] for bite in bites] == subject
    sizes = np.bincount(bites, minlength=len(whole))
    assert (sizes <= size).all()
    for one in set(subject):
        assert (sizes[whole == one] == size).sum() >= (whole == one).sum() - 1


def test_a_softer_posterior_is_the_same_weights_told_with_more_redundancy(rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, 3, group_share=0.0)
    found = judge(crowd.answers, 1000, crowd.n_volunteers, np.full(1000, NO_GOLD))
    np.testing.assert_allclose(publish(found.log_weight, found.voices, found.redundancy), found.posterior)
