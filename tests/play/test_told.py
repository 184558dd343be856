"""What others said is told when a round is complete, and never tells which subject was gold."""

from datetime import datetime, timedelta

import numpy as np

from game.levels import GoldUse
from game.play.figures import round_summary
from game.play.rounds import ShownRound
from game.play.told import Told
from game.store import reading, subjects
from tests.play.conftest import Reef, guest
from tests.play.rounds import begin, is_wrong, knows_all, play, subject_ids
from tests.science.answers import say, volunteer
from tests.science.predicting import publish_model


def told(reef: Reef, volunteer_id: int, shown: ShownRound, now: datetime) -> dict[int, Told]:
    """Subject id → what was told of it."""
    with reading(reef.store) as session:
        summary = round_summary(session, shown, volunteer_id, now)
    assert summary is not None
    ids = subject_ids(reef, shown)
    return {ids[one.position]: one for one in summary.told}


def gold(reef: Reef) -> set[int]:
    with reading(reef.store) as session:
        return set(subjects.expert_labels(session, reef.project_id, [GoldUse.HIDDEN, GoldUse.TEACHING]))


def name_of(reef: Reef, subject_id: int) -> str:
    """At the first level."""
    return knows_all(reef.truth[subject_id], reef.project.levels[0])


def test_nothing_is_told_before_the_round_is_complete(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    with reading(reef.store) as session:
        assert round_summary(session, shown, diver, now) is None


def test_where_no_ordinary_subject_was_answered_before_gold_is_told_as_if_it_had_not_been_either(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    for name in ("Ada", "Bea", "Cyd", "Dan"):
        one = volunteer(reef.store, name)
        say(reef.store, one, [(subject, name_of(reef, subject)) for subject in gold(reef)], reef.project, now)
    shown, _ = play(reef, diver, knows_all, now, rng)
    found = told(reef, diver, shown, now)
    assert gold(reef) & found.keys()
    assert {one.crowd for one in found.values()} == {None}


def test_the_crowd_speaks_of_gold_as_deeply_as_of_the_rest_of_the_round(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    everything = [(subject, name_of(reef, subject)) for subject in reef.truth]
    for name in ("Ada", "Bea"):
        say(reef.store, volunteer(reef.store, name), everything, reef.project, now)
    shown, _ = play(reef, diver, is_wrong, now, rng)
    found = told(reef, diver, shown, now)
    for subject, one in found.items():
        assert one.crowd is not None
        assert one.own is not None
        assert one.crowd.code == name_of(reef, subject) != one.own.code


def test_a_volunteers_own_answer_and_later_ones_are_not_the_crowds(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown, _ = play(reef, diver, knows_all, now, rng)
    before = told(reef, diver, shown, now)
    assert {one.crowd for one in before.values()} == {None}
    later = now + timedelta(minutes=5)
    say(reef.store, guest(reef, now, rng), [(one, name_of(reef, one)) for one in reef.truth], reef.project, later)
    assert told(reef, diver, shown, later) == before


def test_the_model_speaks_of_every_subject_at_the_level_that_was_played(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown, _ = play(reef, diver, knows_all, now, rng)
    assert {one.model for one in told(reef, diver, shown, now).values()} == {None}
    publish_model(reef.store, {one: (label + 1) % 6 for one, label in reef.truth.items()}, project=reef.project)
    for subject, one in told(reef, diver, shown, now).items():
        assert one.model is not None
        assert one.model.code == knows_all((reef.truth[subject] + 1) % 6, shown.level)
