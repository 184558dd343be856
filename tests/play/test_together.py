"""Many answers in one transaction: as if one had come after the other, and each for itself."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import event, select

from game.errors import Conflict, InvalidInput, NotFound, NotLoggedIn
from game.play import accounts
from game.play.belief import update_belief
from game.play.classify import Answer, Outcome, Sent, classify_all
from game.play.rounds import ShownRound
from game.play.standings import renew_standings
from game.store import reading, transaction
from game.store.tables import Classification, Consensus, Opening, Reliability, Round, RoundSubject, Standing
from tests.play.conftest import Reef, guest
from tests.play.rounds import begin

PACE = timedelta(seconds=5)


def sent(shown: ShownRound, position: int, volunteer_id: int, choice: str = "hard-coral") -> Sent:
    return Sent(
        shown.code, volunteer_id, Answer(secrets.token_hex(8), shown.subjects[position].code, choice, None, 900)
    )


def keep(reef: Reef, together: list[Sent], now: datetime) -> list[object]:
    with transaction(reef.store) as session:
        return list(classify_all(session, reef.projects, together, now))


def hall(reef: Reef, n: int, now: datetime, rng: np.random.Generator) -> list[tuple[ShownRound, int]]:
    divers = [guest(reef, now, rng) for _ in range(n)]
    return [(begin(reef, diver, now, rng), diver) for diver in divers]


def rows(reef: Reef, table: type, without: str = "") -> list[tuple[object, ...]]:
    columns = [column for column in table.__table__.c if column.name != without]  # type: ignore[attr-defined]
    with reading(reef.store) as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(*columns[:2]))]


def flat(table: list[tuple[object, ...]]) -> list[object]:
    return [part for row in table for cell in row for part in (cell if isinstance(cell, list) else [cell])]


def play_together(reef: Reef, playing: list[tuple[ShownRound, int]], now: datetime, n: int = 10) -> list[Outcome]:
    """Position after position, everybody's answer at once; returns what was told of the last ones."""
    for position in range(n):
        choices = ("hard-coral", "algae", "soft-substrate")
        together = [
            sent(shown, position, diver, choices[(place + position) % 3])
            for place, (shown, diver) in enumerate(playing)
        ]
        told = keep(reef, together, now + (position + 1) * PACE)
    return [one for one in told if isinstance(one, Outcome)]


def test_all_are_kept_and_told_in_their_order(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    playing = hall(reef, 6, now, rng)
    together = [sent(shown, 0, diver) for shown, diver in playing]
    told = keep(reef, together, now)
    assert [one.subject for one in told if isinstance(one, Outcome)] == [one.answer.subject for one in together]
    with reading(reef.store) as session:
        kept = session.scalars(select(Classification.key).order_by(Classification.id)).all()
        assert kept == [one.answer.key for one in together]
        answered = session.scalars(select(RoundSubject.id).where(RoundSubject.answered_at.is_not(None))).all()
        assert len(answered) == 6


def test_what_is_believed_is_what_follows_from_the_rows(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    """Before a round is complete: then volunteers are weighed anew, and those who answer next are believed so."""
    play_together(reef, hall(reef, 8, now, rng), now, n=9)
    tables = ((Consensus, "computed_at"), (Opening, "retired_at"))
    before = [flat(rows(reef, *one)) for one in tables]
    with transaction(reef.store) as session:
        for subject_id in session.scalars(select(Classification.subject_id).distinct()).all():
            update_belief(session, reef.project, reef.project_id, subject_id, now)
    assert before[0]
    for one, was in zip(tables, before, strict=True):
        assert flat(rows(reef, *one)) == pytest.approx(was)


def test_points_and_standings_are_what_follows_from_the_rows(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    playing = hall(reef, 8, now, rng)
    told = play_together(reef, playing, now)
    assert all(one.completed for one in told)
    with reading(reef.store) as session:
        assert all(one is not None for one in session.scalars(select(Round.points)))
        assert len(session.scalars(select(Reliability.volunteer_id)).all()) == 8
    before = rows(reef, Standing)
    with transaction(reef.store) as session:
        for _, diver in playing:
            renew_standings(session, reef.project_id, diver, now)
    assert len(before) == 16
    assert rows(reef, Standing) == before


def test_a_whole_round_at_once_is_completed_by_its_last_answer(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    told = keep(reef, [sent(shown, position, diver) for position in range(10)], now)
    outcomes = [one for one in told if isinstance(one, Outcome)]
    assert [one.n_answered for one in outcomes] == list(range(1, 11))
    assert [one.completed for one in outcomes] == [False] * 9 + [True]


def test_one_answer_twice_among_many_is_kept_once(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown = begin(reef, diver, now, rng)
    one = sent(shown, 0, diver)
    first, again, other = keep(reef, [one, one, sent(shown, 0, diver)], now)
    assert isinstance(first, Outcome)
    assert first == again
    assert isinstance(other, Conflict)
    assert len(rows(reef, Classification)) == 1


def test_who_is_refused_keeps_nobody_else_from_being_kept(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    (shown, diver), (other, stranger), (late, gone) = hall(reef, 3, now, rng)
    with transaction(reef.store) as session:
        left = accounts.account(session, gone)
        accounts.delete_account(session, gone, now)
    assert left is not None
    told = keep(
        reef,
        [
            sent(shown, 0, diver, "dragon"),
            sent(shown, 1, stranger),
            replace(sent(shown, 0, diver), round_code=other.code),
            replace(sent(other, 1, stranger), answer=Answer("a key", "0123456789ab", "algae", None, 900)),
            replace(sent(late, 0, gone), sign_in_version=left.sign_in_version),
            sent(shown, 0, diver),
        ],
        now,
    )  # fmt: skip
    assert [type(one) for one in told] == [InvalidInput, NotFound, NotFound, NotFound, NotLoggedIn, Outcome]
    assert len(rows(reef, Classification)) == 1


def test_many_answers_take_as_many_statements_as_one(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    playing = hall(reef, 7, now, rng)
    numbers = []
    for together in (playing[:1], playing[1:]):
        statements: list[object] = []
        event.listen(reef.store.engine, "before_cursor_execute", lambda *sent, to=statements: to.append(sent))
        keep(reef, [sent(shown, 0, diver) for shown, diver in together], now)
        numbers.append(len(statements))
    # The first listener still listens while the second counts, on a list of its own.
    assert numbers[0] == numbers[1] < 15
