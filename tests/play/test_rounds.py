"""What a round holds."""

from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import event, select

from game.errors import Conflict, NotAllowed, NotFound
from game.levels import GoldUse
from game.play.rounds import RESUME, find_round, open_levels, start_round, teaches
from game.store import Session, reading, science, transaction
from game.store.tables import Aggregate, ExpertLabel, Round, RoundSubject
from game.store.witness import MetModel, as_kept
from scoring import confusion
from scoring.voter import at_its_word
from tests.play.conftest import Reef, guest
from tests.play.rounds import begin, knows_all, knows_nothing, play, subject_ids

# SQLite has one writer: there nobody hands out beside another.
on_postgresql = pytest.mark.parametrize("store", ["postgresql"], indirect=True)


def uses(reef: Reef, ids: list[int]) -> Counter[str]:
    with reading(reef.store) as session:
        rows = [session.get(ExpertLabel, one) for one in ids]
        return Counter(str(row.use) for row in rows if row is not None)


def test_the_first_round_is_half_gold_and_two_of_it_teach(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    found = uses(reef, subject_ids(reef, begin(reef, diver, now, rng)))
    assert found == {GoldUse.TEACHING: 2, GoldUse.HIDDEN: 3, GoldUse.REFERENCE: 5}


def test_whoever_finds_all_pictures_in_others_hands_is_told_so(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    with pytest.raises(Conflict, match="Others are looking at the last pictures"):
        for _ in range(60):
            begin(reef, guest(reef, now, rng), now, rng)
    assert begin(reef, guest(reef, now, rng), now + RESUME, rng).subjects


def test_a_round_says_whether_it_teaches(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    first, _ = play(reef, diver, knows_nothing(rng), now, rng)
    second = begin(reef, diver, now, rng)
    with reading(reef.store) as session:
        assert [teaches(session, shown) for shown in (first, second)] == [True, False]


def test_no_subject_comes_twice_to_one_volunteer(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    seen = [one for _ in range(6) for one in subject_ids(reef, play(reef, diver, knows_nothing(rng), now, rng)[0])]
    assert len(seen) == len(set(seen))


def test_a_begun_round_is_taken_up_again(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    assert begin(reef, diver, now, rng) == begin(reef, diver, now, rng)


def test_a_round_left_for_long_makes_room_for_a_new_one(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    later = now + RESUME + timedelta(seconds=1)
    assert begin(reef, diver, now, rng).code != begin(reef, diver, later, rng).code


def test_simultaneous_players_do_not_crowd_one_subject(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    begun = [begin(reef, guest(reef, now, rng), now, rng) for _ in range(30)]
    held = Counter(one for shown in begun for one in subject_ids(reef, shown) if uses(reef, [one])[GoldUse.REFERENCE])
    assert max(held.values()) <= reef.project.retirement.minimum


def start(reef: Reef, session: Session, volunteer_id: int, now: datetime, rng: np.random.Generator) -> None:
    start_round(session, reef.project, volunteer_id, None, now, rng)


def n_holding(reef: Reef) -> int:
    """How many hold the subject that most hold, gold aside."""
    gold = select(ExpertLabel.subject_id).where(ExpertLabel.use != GoldUse.REFERENCE)
    with reading(reef.store) as session:
        held = session.scalars(select(RoundSubject.subject_id).where(RoundSubject.subject_id.not_in(gold)))
        return max(Counter(held).values())


@on_postgresql
def test_processes_that_hand_out_at_the_same_moment_do_not_crowd_one_subject(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    players = [guest(reef, now, rng) for _ in range(7)]
    with ExitStack() as at_once:
        for player in players:
            # None of them sees what the others have not committed.
            start(reef, at_once.enter_context(transaction(reef.store)), player, now, rng)
    with reading(reef.store) as session:
        sizes = session.scalars(select(Round.n_subjects)).all()
    assert len(sizes) == len(players)
    assert n_holding(reef) <= reef.project.retirement.minimum


@on_postgresql
def test_what_was_handed_out_between_choosing_and_reserving_is_not_handed_out_once_more(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    others = [guest(reef, now, rng) for _ in range(3)]

    def come_between(_c: object, _cursor: object, statement: str, *_about: object) -> None:
        if "advisory" in statement and others:
            with transaction(reef.store) as session:
                start(reef, session, others.pop(), now, np.random.default_rng(5))

    last = guest(reef, now, rng)
    event.listen(reef.store.engine, "before_cursor_execute", come_between)
    with transaction(reef.store) as session:
        start(reef, session, last, now, np.random.default_rng(5))
    event.remove(reef.store.engine, "before_cursor_execute", come_between)
    assert not others
    assert n_holding(reef) <= reef.project.retirement.minimum


def test_where_the_model_is_heard_two_hold_a_fresh_subject_at_once_and_three_where_it_is_not(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    even = np.full(6, 1 / 6)
    for at_once, model in ((3, None), (2, as_kept(MetModel(1, 1, at_its_word(1.0, even, even), 1.0)))):
        run = Aggregate(
            project_id=reef.project_id, n_classifications=0, n_changed=0, computed_at=now, redundancy=0.75,
            assured=0.75, pooled=confusion.pooled(np.zeros((0, 6, 6))).tolist(), prior=even.tolist(), model=model,
        )  # fmt: skip
        with transaction(reef.store) as session:
            science.add_aggregate(session, run)
        later = now + timedelta(hours=9 - at_once)
        for _ in range(12):
            begin(reef, guest(reef, now, rng), later, rng)
        with reading(reef.store) as session:
            handed = select(RoundSubject.subject_id).where(RoundSubject.handed_at == later)
            holders = Counter(session.scalars(handed.where(RoundSubject.subject_id <= 60)))
        assert max(holders.values()) == at_once


def test_gold_and_other_subjects_look_alike(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    shown = begin(reef, diver, now, rng)
    assert len({(len(one.code), one.sha256, one.column, one.width_px, one.answered) for one in shown.subjects}) == 1


def test_another_volunteers_round_cannot_be_found(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    with reading(reef.store) as session, pytest.raises(NotFound):
        find_round(session, reef.projects, shown.code, guest(reef, now, rng))


def test_a_locked_level_says_what_opens_it(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    locked = next(level for level in reef.project.levels if level.opens_after)
    with pytest.raises(NotAllowed, match="still locked"):
        begin(reef, diver, now, rng, locked.key)


def test_an_unknown_level_is_not_found(reef: Reef, diver: int, now: datetime, rng: np.random.Generator) -> None:
    with pytest.raises(NotFound, match="no level"):
        begin(reef, diver, now, rng, "abyss")


def test_who_recognises_every_choice_opens_the_next_level_and_who_guesses_does_not(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    expert, guesser = guest(reef, now, rng), guest(reef, now, rng)
    for _ in range(6):
        play(reef, expert, knows_all, now, rng)
        play(reef, guesser, knows_nothing(rng), now, rng)
    with reading(reef.store) as session:
        assert len(open_levels(session, reef.project, expert)) > 1
        assert len(open_levels(session, reef.project, guesser)) == 1


def test_when_everything_has_been_seen_a_sentence_says_so(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    with pytest.raises(Conflict, match="seen every picture"):
        for _ in range(20):
            play(reef, diver, knows_nothing(rng), now, rng)
