"""The ledger: what waits together is written together, and what breaks breaks alone."""

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from random import Random

import numpy as np
import pytest
from sqlalchemy import event, select

from game.errors import Conflict, Unavailable
from game.play.classify import Answer, Outcome, Sent
from game.play.rounds import ShownRound
from game.store import Session, open_store, people, reading
from game.store.tables import Classification
from game.web.ledger import Ledger
from tests.conftest import NOW
from tests.play.conftest import Reef, diver, guest, reef
from tests.play.rounds import begin
from tests.servers import free_port

__all__ = ["diver", "reef"]

PATIENCE_S = 30


@pytest.fixture
def ledger(reef: Reef) -> Ledger:
    return Ledger(reef.store, reef.projects, lambda: NOW, lambda: Random(1))


def answer(shown: ShownRound, position: int, volunteer_id: int) -> Sent:
    given = Answer(secrets.token_hex(8), shown.subjects[position].code, "hard-coral", None, 900)
    return Sent(shown.code, volunteer_id, given)


def at_once(ledger: Ledger, calls: list[Callable[[], object]]) -> list[Future[object]]:
    """All of them wait while somebody else writes, and are written next."""
    writing, go_on = threading.Event(), threading.Event()

    def slowly(session: Session) -> None:
        people.add_volunteer(session, "Slow Seahorse", NOW)
        writing.set()
        assert go_on.wait(PATIENCE_S)

    with ThreadPoolExecutor(len(calls) + 1) as pool:
        first = pool.submit(ledger.write, slowly)
        assert writing.wait(PATIENCE_S)
        waiting = [pool.submit(call) for call in calls]
        while len(ledger._waiting) < len(calls):
            threading.Event().wait(0.01)
        go_on.set()
    assert first.exception() is None
    return waiting


def test_answers_that_wait_together_need_one_commit(
    reef: Reef, ledger: Ledger, now: datetime, rng: np.random.Generator
) -> None:
    divers = [guest(reef, now, rng) for _ in range(8)]
    rounds = [begin(reef, one, now, rng) for one in divers]
    commits: list[object] = []
    event.listen(reef.store.engine, "commit", commits.append)
    sent = [answer(shown, 0, one) for shown, one in zip(rounds, divers, strict=True)]
    told = at_once(ledger, [lambda one=one: ledger.keep(one) for one in sent])  # type: ignore[misc]
    assert all(isinstance(one.result(), Outcome) for one in told)
    assert len(commits) == 2, "One is that of who wrote first."
    with reading(reef.store) as session:
        assert len(session.scalars(select(Classification.id)).all()) == 8


def test_what_breaks_the_transaction_breaks_alone(
    reef: Reef, diver: int, ledger: Ledger, now: datetime, rng: np.random.Generator
) -> None:
    def breaks(session: Session) -> None:
        people.add_volunteer(session, "Curious Octopus", NOW)
        raise ZeroDivisionError

    shown = begin(reef, diver, now, rng)
    sent = [answer(shown, position, diver) for position in range(3)]
    told = at_once(ledger, [lambda: ledger.write(breaks), *(lambda one=one: ledger.keep(one) for one in sent)])  # type: ignore[misc]
    assert isinstance(told[0].exception(), ZeroDivisionError)
    assert all(isinstance(one.result(), Outcome) for one in told[1:])
    with reading(reef.store) as session:
        assert not people.pseudonym_taken(session, "Curious Octopus")
        assert len(session.scalars(select(Classification.id)).all()) == 3


def test_whoever_is_stopped_while_writing_leaves_the_others_to_the_next(
    reef: Reef, diver: int, ledger: Ledger, now: datetime, rng: np.random.Generator
) -> None:
    tries: list[BaseException] = [SystemExit(), ZeroDivisionError()]

    def breaks(session: Session) -> None:
        if tries:
            raise tries.pop()

    shown = begin(reef, diver, now, rng)
    sent = [answer(shown, position, diver) for position in range(3)]
    told = at_once(ledger, [lambda: ledger.write(breaks), *(lambda one=one: ledger.keep(one) for one in sent)])  # type: ignore[misc]
    assert sum(isinstance(one.exception(), SystemExit) for one in told) == 1
    assert sum(one.exception() is None for one in told) == 3
    with reading(reef.store) as session:
        assert len(session.scalars(select(Classification.id)).all()) == 3


def test_while_the_database_is_away_all_who_wait_are_told_at_once(reef: Reef) -> None:
    """Each alone would wait for it in turn."""
    away = open_store(f"postgresql+psycopg://fathom@127.0.0.1:{free_port()}/postgres")
    tries: list[object] = []

    def is_slow(*_: object) -> None:
        tries.append(threading.Event().wait(0.5))

    event.listen(away.engine, "do_connect", is_slow)
    ledger = Ledger(away, reef.projects, lambda: NOW, lambda: Random(1))
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: ledger_error(ledger), range(8)))
    assert {type(one) for one in told} == {Unavailable}
    assert len(tries) <= 3, "who came first, those who came meanwhile, and perhaps a late one"


def ledger_error(ledger: Ledger) -> Exception | None:
    try:
        ledger.write(lambda session: people.pseudonym_taken(session, "Curious Octopus"))
    except Exception as error:
        return error
    return None


def test_what_is_refused_leaves_nothing_behind_and_the_others_alone(
    reef: Reef, diver: int, ledger: Ledger, now: datetime, rng: np.random.Generator
) -> None:
    def is_refused(session: Session) -> None:
        people.add_volunteer(session, "Curious Octopus", NOW)
        raise Conflict("No.")

    shown = begin(reef, diver, now, rng)
    told = at_once(ledger, [lambda: ledger.write(is_refused), lambda: ledger.keep(answer(shown, 0, diver))])
    assert isinstance(told[0].exception(), Conflict)
    assert isinstance(told[1].result(), Outcome)
    with reading(reef.store) as session:
        assert not people.pseudonym_taken(session, "Curious Octopus")


def test_an_answer_that_is_refused_says_why(reef: Reef, diver: int, ledger: Ledger, now: datetime) -> None:
    nobody = Answer(secrets.token_hex(8), "0123456789ab", "hard-coral", None, 900)
    with pytest.raises(Exception, match="no such round"):
        ledger.keep(Sent("0123456789ab", diver, nobody))
