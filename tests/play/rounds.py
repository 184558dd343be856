"""Playing a round as a door would: start it, answer each subject as the given player does."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from game.levels import Level
from game.play.classify import Answer, Outcome, classify
from game.play.rounds import ShownRound, start_round
from game.store import transaction
from game.store.tables import RoundSubject
from game.store.tables.play import Abstention
from tests.play.conftest import Reef

# What a player answers, given the true label and the level: a choice's code, or an abstention.
Player = Callable[[int, Level], str | Abstention]


def knows_all(true: int, level: Level) -> str:
    return next(choice.code for choice in level.choices if choice.mask[true])


def is_wrong(true: int, level: Level) -> str:
    """The same wrong choice for a label, always."""
    return next(choice.code for choice in level.choices if not choice.mask[true])


def knows_nothing(rng: np.random.Generator) -> Player:
    return lambda _true, level: str(rng.choice([choice.code for choice in level.choices]))


def begin(
    reef: Reef, volunteer_id: int, now: datetime, rng: np.random.Generator, level: str | None = None
) -> ShownRound:
    with transaction(reef.store) as session:
        return start_round(session, reef.project, volunteer_id, level, now, rng)


def answer(
    reef: Reef, shown: ShownRound, position: int, volunteer_id: int, given: str | Abstention, *, key: str | None = None,
    now: datetime,
) -> Outcome:  # fmt: skip
    abstained = isinstance(given, Abstention)
    sent = Answer(
        key=key or secrets.token_hex(8), subject=shown.subjects[position].code, choice=None if abstained else given,
        abstention=given if abstained else None, shown_ms=900,
    )  # fmt: skip
    with transaction(reef.store) as session:
        return classify(session, reef.projects, shown.code, volunteer_id, sent, now)


def subject_ids(reef: Reef, shown: ShownRound) -> list[int]:
    with transaction(reef.store) as session:
        codes = {row.code: row.subject_id for row in session.query(RoundSubject)}
    return [codes[subject.code] for subject in shown.subjects]


def play(
    reef: Reef, volunteer_id: int, player: Player, now: datetime, rng: np.random.Generator, *, pace_s: float = 5.0
) -> tuple[ShownRound, list[Outcome]]:
    """A round that begins `now`; every answer takes `pace_s`."""
    shown = begin(reef, volunteer_id, now, rng)
    outcomes = [
        answer(
            reef, shown, position, volunteer_id, player(reef.truth[subject_id], shown.level),
            now=now + timedelta(seconds=pace_s * (position + 1)),
        )
        for position, subject_id in enumerate(subject_ids(reef, shown))
        if not shown.subjects[position].answered
    ]  # fmt: skip
    return shown, outcomes
