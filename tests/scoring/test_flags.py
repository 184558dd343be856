"""Flags: of volunteers drawn to be odd, of those who are merely few, quick or one-sided, and of real crowds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import norm

from scoring.answers import Answers
from scoring.arrays import Floats, Ints
from scoring.copies import Copies
from scoring.crowd import judge
from scoring.flags import Flag, Informedness, Kind, _fast, find_flags, informedness, rejected
from tests.scoring.crowds import (
    NO_GOLD,
    Crowd,
    draw_confusions,
    each_label,
    generators,
    random_answers,
    read_crowd,
)


def drawn(rng: np.random.Generator, n_labels: int = 4) -> Crowd:
    """1,000 subjects, 4 answers each, of 40 volunteers with reliabilities .6-.95; the first label is commonest."""
    n_subjects, n_volunteers, common = 1000, 40, np.array([3.0] + [1.0] * (n_labels - 1))
    confusion = draw_confusions(rng, np.linspace(0.6, 0.95, n_volunteers), n_labels)
    true = rng.choice(n_labels, size=n_subjects, p=common / common.sum())
    subject = np.repeat(np.arange(n_subjects), 4)
    volunteer = np.concatenate([rng.choice(n_volunteers, size=4, replace=False) for _ in range(n_subjects)])
    thresholds = confusion[volunteer, true[subject]].cumsum(axis=1)[:, :-1]
    choice = (rng.random(len(subject))[:, None] > thresholds).sum(axis=1)
    return Crowd(Answers(subject, volunteer, choice, each_label(n_labels)), true, n_volunteers)


def flags_of(
    answers: Answers, n_volunteers: int, gold: Ints, time_s: Floats | None = None, copies: Copies | None = None
) -> dict[int, set[Kind]]:
    found = judge(answers, len(gold), n_volunteers, gold)
    kinds: dict[int, set[Kind]] = {}
    for flag in find_flags(answers, found.log_weight, found.confusion, gold, time_s=time_s, copies=copies):
        kinds.setdefault(flag.volunteer, set()).add(flag.kind)
    return kinds


def saying(crowd: Crowd, volunteer: int, choice: Ints) -> Crowd:
    """The same crowd, but this volunteer's answer to subject s is choice[s]."""
    theirs = crowd.answers.volunteer == volunteer
    return replace(
        crowd,
        answers=replace(crowd.answers, choice=np.where(theirs, choice[crowd.answers.subject], crowd.answers.choice)),
    )


NONE = np.full(1000, NO_GOLD)


def test_informedness_is_what_is_right_beyond_chance_as_computed_by_hand() -> None:
    answers = Answers(np.arange(4), np.zeros(4, dtype=np.int64), np.array([0, 0, 1, 1]), each_label(2))
    belief = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    seen = informedness(answers, belief, 2)
    # Right in 3 of 4; half of the answers are 0, so 4 · 0.5 = 2 by chance; (3 - 2) / (4 - 2) = 0.5.
    np.testing.assert_allclose(seen.value, [0.5, 0.0])
    # Four answers are too few to say what is typical, so nothing is expected: one more than by chance, √(4·¼) = 1.
    assert seen.least == 0
    np.testing.assert_allclose(seen.p_high[0], norm.sf(1))
    np.testing.assert_allclose(seen.p_low[0], norm.cdf(1))


def test_benjamini_and_hochberg_step_up() -> None:
    # 0.05 · rank / 4 = 0.0125, 0.025, 0.0375, 0.05: the third passes, and carries the second, which alone would not.
    p_value = np.array([0.037, 0.5, 0.001, 0.03, 0.0001])
    tested = np.array([True, True, True, True, False])
    assert rejected(p_value, tested).tolist() == [True, False, True, True, False]


def test_honest_volunteers_of_any_reliability_get_no_flag(rng: np.random.Generator) -> None:
    assert [flags_of(drawn(rng).answers, 40, NONE) for _ in range(5)] == [{}] * 5


def test_random_answers_are_flagged_as_random(rng: np.random.Generator) -> None:
    crowd = saying(drawn(rng), 7, rng.integers(4, size=1000))
    assert flags_of(crowd.answers, 40, NONE) == {7: {Kind.RANDOM}}


@pytest.mark.parametrize("label", [0, 2])
def test_one_answer_to_everything_is_flagged_as_constant(rng: np.random.Generator, label: int) -> None:
    crowd = saying(drawn(rng), 7, np.full(1000, label))
    assert flags_of(crowd.answers, 40, NONE) == {7: {Kind.CONSTANT}}


def test_one_answer_is_right_where_only_one_is_true(rng: np.random.Generator) -> None:
    crowd = drawn(rng)
    only_first = (crowd.answers.volunteer != 7) | (crowd.true[crowd.answers.subject] == 0)
    a = saying(crowd, 7, np.zeros(1000, dtype=np.int64)).answers
    asked = Answers(a.subject[only_first], a.volunteer[only_first], a.choice[only_first], a.choices)
    assert flags_of(asked, 40, NONE) == {}


def test_hardly_anything_but_the_commonest_answer_is_flagged_as_most_common(rng: np.random.Generator) -> None:
    mostly_first = np.where(rng.random(1000) < 0.9, 0, rng.integers(4, size=1000))
    assert flags_of(saying(drawn(rng), 7, mostly_first).answers, 40, NONE) == {7: {Kind.MOST_COMMON}}


def test_nine_answers_are_too_few_for_any_flag(rng: np.random.Generator) -> None:
    crowd = saying(drawn(rng), 7, np.zeros(1000, dtype=np.int64))
    theirs = crowd.answers.volunteer == 7
    kept = ~theirs | (theirs.cumsum() <= 9)
    a = crowd.answers
    assert flags_of(Answers(a.subject[kept], a.volunteer[kept], a.choice[kept], a.choices), 40, NONE) == {}


def test_speed_alone_is_no_offence(rng: np.random.Generator) -> None:
    crowd = saying(drawn(rng), 7, rng.integers(4, size=1000))
    time_s = rng.lognormal(1.5, 0.5, size=len(crowd.answers.subject))
    hurried = np.isin(crowd.answers.volunteer, [7, 39])  # The random one, and the most reliable of all.
    flags = flags_of(crowd.answers, 40, NONE, np.where(hurried, time_s / 20, time_s))
    assert flags == {7: {Kind.RANDOM, Kind.FAST}}


def test_unknown_times_flag_nobody() -> None:
    seen = Informedness(np.array([20]), np.zeros(1), 0.4, np.full(1, 1e-9), np.full(1, 0.5))
    assert _fast(np.zeros(20, dtype=np.int64), np.full(20, np.nan), seen) == []


def test_members_of_a_group_are_flagged_with_group_and_evidence(rng: np.random.Generator) -> None:
    crowd = drawn(rng)
    group, evidence = np.full(40, -1), np.zeros(40)
    group[[3, 5]], evidence[[3, 5]] = 0, [12.0, 30.0]
    copies = Copies(group, evidence, np.ones(4000), crowd.answers.volunteer)
    found = judge(crowd.answers, 1000, 40, NONE)
    first, second = find_flags(crowd.answers, found.log_weight, found.confusion, NONE, copies=copies)
    n = int((crowd.answers.volunteer == 3).sum())
    assert first == Flag(3, Kind.COPIES, n, 12.0, pytest.approx(np.log(20)), pytest.approx(np.exp(-12)), 0)
    assert (second.volunteer, second.group) == (5, 0)


@pytest.mark.parametrize("name", ["rte", "dog", "s_face", "labelme", "weather_amt", "cifar10s", "sdogs_1000ms"])
def test_in_a_real_crowd_only_volunteers_without_information_are_flagged(shared_data: Path, name: str) -> None:
    crowd = read_crowd(shared_data / "crowd" / name)
    a, n_subjects = crowd.answers, len(crowd.true)
    for volunteer in flags_of(a, crowd.n_volunteers, np.full(n_subjects, NO_GOLD)):
        theirs = (a.volunteer == volunteer) & (crowd.true[a.subject] >= 0)
        true = crowd.true[a.subject[theirs]]
        # Against the experts, who were not asked here: no better than the answer that is most often right for them.
        assert (a.choice[theirs] == true).mean() <= np.bincount(true).max() / len(true) + 0.05


@given(generators)
@settings(max_examples=50)
def test_flags_stand_on_finite_numbers_and_enough_answers(rng: np.random.Generator) -> None:
    answers, gold = random_answers(rng)
    found = judge(answers, 12, 5, gold)
    for flag in find_flags(answers, found.log_weight, found.confusion, gold):
        assert flag.n >= 10
        assert 0 <= flag.p_value <= 1
        assert np.isfinite([flag.found, flag.expected]).all()


@given(generators)
@settings(max_examples=10)
def test_renaming_volunteers_and_labels_renames_the_flags_only(rng: np.random.Generator) -> None:
    crowd = saying(saying(drawn(rng), 7, rng.integers(4, size=1000)), 8, np.full(1000, 1))
    names, labels = rng.permutation(40), rng.permutation(4)
    renamed = replace(crowd.answers, volunteer=names[crowd.answers.volunteer], choice=labels[crowd.answers.choice])
    flags = flags_of(crowd.answers, 40, NONE)
    assert flags_of(renamed, 40, NONE) == {int(names[v]): kinds for v, kinds in flags.items()}
