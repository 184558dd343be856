"""What happens to an answer."""

from datetime import datetime

import numpy as np
import pytest

from game.errors import Conflict, InvalidInput, NotFound
from game.levels import GoldUse
from game.play.classify import withdraw_last
from game.store import answers, beliefs, reading, science, transaction
from game.store.tables import Aggregate, Classification, ExpertLabel
from game.store.tables.play import Abstention
from scoring import confusion
from tests.play.conftest import Reef, guest
from tests.play.rounds import answer, begin, knows_all, play, subject_ids


def test_the_same_answer_sent_twice_is_kept_once(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    first = answer(reef, shown, 0, diver, "hard-coral", key="one", now=now)
    again = answer(reef, shown, 0, diver, "hard-coral", key="one", now=now)
    assert first == again
    with reading(reef.store) as session:
        assert session.query(Classification).count() == 1


def test_a_second_answer_to_the_same_picture_is_refused(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    answer(reef, shown, 0, diver, "hard-coral", now=now)
    with pytest.raises(Conflict, match="has your answer already"):
        answer(reef, shown, 0, diver, "soft-substrate", now=now)


def test_a_choice_that_is_not_on_offer_is_refused_and_loses_nothing(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    with pytest.raises(InvalidInput, match="not one of the choices"):
        answer(reef, shown, 0, diver, "dragon", now=now)
    assert answer(reef, shown, 0, diver, "hard-coral", now=now).n_answered == 1


def test_nobody_answers_in_another_volunteers_round(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    with pytest.raises(NotFound):
        answer(reef, shown, 0, guest(reef, now, rng), "hard-coral", now=now)


def test_a_gold_subject_never_retires(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    for _ in range(8):
        play(reef, guest(reef, now, rng), knows_all, now, rng)
    with reading(reef.store) as session:
        gold = session.query(ExpertLabel.subject_id).filter(ExpertLabel.use != GoldUse.REFERENCE)
        assert all(beliefs.openings(session, subject_id) == {} for (subject_id,) in gold)


def test_enough_volunteers_of_one_mind_retire_a_subject(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    """Gold has told the last aggregation that volunteers err each in their own way; so many voices count."""
    force = {
        "redundancy": 0.05,
        "assured": 0.05,
        "pooled": confusion.pooled(np.zeros((0, 6, 6))).tolist(),
        "prior": [1 / 6] * 6,
    }
    run = Aggregate(project_id=reef.project_id, n_classifications=0, n_changed=0, computed_at=now, **force)
    with transaction(reef.store) as session:
        science.add_aggregate(session, run)
    for _ in range(20):
        play(reef, guest(reef, now, rng), knows_all, now, rng)
    with reading(reef.store) as session:
        reasons = [beliefs.openings(session, subject_id).get("groups") for subject_id in reef.truth]
    assert reasons.count("confident") >= 10


def test_abstentions_are_kept_and_never_count_as_a_label(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    answer(reef, shown, 0, diver, Abstention.CANT_TELL, now=now)
    answer(reef, shown, 1, diver, Abstention.BAD_IMAGE, now=now)
    with reading(reef.store) as session:
        beliefs_of_both = [beliefs.consensus(session, one) for one in subject_ids(reef, shown)[:2]]
        assert [(b.n_given, b.n_cant_tell, b.n_bad_image) for b in beliefs_of_both if b] == [(0, 1, 0), (0, 0, 1)]


def test_only_teaching_gold_explains_itself(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    shown, outcomes = play(reef, diver, knows_all, now, rng)
    with reading(reef.store) as session:
        for subject_id, outcome in zip(subject_ids(reef, shown), outcomes, strict=True):
            row = session.get(ExpertLabel, subject_id)
            assert (outcome.explanation is not None) == (row is not None and row.use == GoldUse.TEACHING)


def test_the_last_answer_can_be_taken_back_and_given_anew(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    shown, position, diver = _ordinary(reef, now, rng)
    answer(reef, shown, position, diver, "hard-coral", now=now)
    with transaction(reef.store) as session:
        assert withdraw_last(session, reef.projects, shown.code, diver, now) == shown.subjects[position].code
    assert answer(reef, shown, position, diver, "soft-substrate", now=now).n_answered == 1
    with reading(reef.store) as session:
        subject_id = subject_ids(reef, shown)[position]
        assert [given.choice for given in answers.newest(session, [subject_id], 10)[subject_id]] == ["soft-substrate"]
        assert session.query(Classification).count() == 2


def test_an_answer_of_a_completed_round_stays(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    shown, _ = play(reef, diver, knows_all, now, rng)
    with transaction(reef.store) as session, pytest.raises(Conflict, match="no answer to take back"):
        withdraw_last(session, reef.projects, shown.code, diver, now)


def _ordinary(reef: Reef, now: datetime, rng: np.random.Generator) -> tuple[object, int, int]:
    """A round, the position of a subject in it that is no gold, and its volunteer."""
    diver = guest(reef, now, rng)
    shown = begin(reef, diver, now, rng)
    with reading(reef.store) as session:
        ids = subject_ids(reef, shown)
        position = next(place for place, one in enumerate(ids) if beliefs.openings(session, one))
    return shown, position, diver
