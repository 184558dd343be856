"""Aggregation and play at the same moment, on both databases: neither comes to a standstill for the other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import event, select

from game.play.classify import Answer, Outcome, Sent, classify_all
from game.play.rounds import ShownRound
from game.science.aggregate import aggregate
from game.store import reading, transaction
from game.store.tables import Classification, Consensus, Reliability
from tests.play.conftest import Reef, guest, reef
from tests.play.rounds import begin, knows_all, play

__all__ = ["reef"]

# PostgreSQL looks for a standstill after a second.
PATIENCE_S = 1.5


def ready_to_end(reef: Reef, volunteer_id: int, now: datetime, rng: np.random.Generator) -> Sent:
    """A round's last answer; the others are given."""
    shown = begin(reef, volunteer_id, now, rng)
    *before, last = (sent(shown, position, volunteer_id) for position in range(10))
    with transaction(reef.store) as session:
        assert all(isinstance(one, Outcome) for one in classify_all(session, reef.projects, before, now))
    return last


def sent(shown: ShownRound, position: int, volunteer_id: int) -> Sent:
    return Sent(
        shown.code, volunteer_id,
        Answer(f"{shown.code} {position}", shown.subjects[position].code, "hard-coral", None, 900),
    )  # fmt: skip


def at_once(reef: Reef, statement: str, play_on: Callable[[], Any], weigh: Callable[[], Any]) -> tuple[Any, Any]:
    """What came of both: `weigh` begins as soon as `play_on` has come to a statement, which then pauses."""
    there, go_on = threading.Event(), threading.Event()

    def pause(*given: Any) -> None:
        if given[2].startswith(statement) and not there.is_set():
            there.set()
            go_on.wait(PATIENCE_S)

    event.listen(reef.store.engine, "after_cursor_execute", pause)
    try:
        with ThreadPoolExecutor(2) as pool:
            playing = pool.submit(play_on)
            assert there.wait(PATIENCE_S)
            weighing = pool.submit(weigh)
            weighing.add_done_callback(lambda _: go_on.set())
            return playing.result(), weighing.result()
    finally:
        event.remove(reef.store.engine, "after_cursor_execute", pause)


def test_a_newcomer_and_a_known_volunteer_who_end_their_rounds_while_all_are_weighed(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    """The newcomer has no reliability that could be taken, the other has: each side has one and waits for the other."""
    newcomer, known = guest(reef, now, rng), guest(reef, now, rng)
    play(reef, known, knows_all, now, rng)
    later = now + timedelta(minutes=5)
    last = [ready_to_end(reef, one, later, rng) for one in (newcomer, known)]

    def end_both() -> list[object]:
        with transaction(reef.store) as session:
            return list(classify_all(session, reef.projects, last, later))

    told, report = at_once(
        reef, "INSERT INTO reliabilities", end_both, lambda: aggregate(reef.store, reef.project, later)
    )
    assert all(isinstance(one, Outcome) and one.completed for one in told)
    assert report.n_volunteers == 2
    with reading(reef.store) as session:
        assert set(session.scalars(select(Reliability.volunteer_id))) == {newcomer, known}


def test_subjects_that_are_answered_while_all_are_weighed_are_left_to_play(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    divers = [guest(reef, now, rng) for _ in range(3)]
    for one in divers[:2]:
        play(reef, one, knows_all, now, rng)
    shown = begin(reef, divers[2], now, rng)

    def answer_all() -> list[object]:
        with transaction(reef.store) as session:
            together = [sent(shown, position, divers[2]) for position in range(10)]
            return list(classify_all(session, reef.projects, together, now))

    told, _ = at_once(reef, "INSERT INTO consensus", answer_all, lambda: aggregate(reef.store, reef.project, now))
    assert all(isinstance(one, Outcome) for one in told)
    with reading(reef.store) as session:
        rows = session.execute(select(Classification.subject_id, Classification.choice))
        given = [subject_id for subject_id, choice in rows if choice is not None]
        kept = dict(session.execute(select(Consensus.subject_id, Consensus.n_given)).all())
    assert kept == {one: given.count(one) for one in given}
