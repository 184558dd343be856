"""Which subjects a round holds: some gold, and for the rest those whose next answer is worth most."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from game.levels import GoldUse, Level
from game.play.gold import choice_counts_of
from game.store import Session, beliefs, rounds, subjects
from scoring import selection
from scoring.chance import Chance, shuffled

# A subject that somebody was shown this long ago and did not answer is free again.
LEASE = timedelta(minutes=15)
GOLD_REST = 200
TEACHING_IN_FIRST_ROUND = 2
WINDOW = 80
MAX_WINDOWS = 10


@dataclass(frozen=True)
class Player:
    """The volunteer for whom subjects are chosen. `n_given`: how much she gave at this level's choice set before;
    `minimum`: how many classifications a subject of the project needs at least, easy ones too."""

    volunteer_id: int
    project_id: int
    n_given: int
    minimum: int


def choose_subjects(session: Session, level: Level, player: Player, now: datetime, rng: Chance) -> list[int]:
    """Subject ids in the order in which they are shown; fewer than the round's size when the project runs out.

    Nothing is handed out for the sake of gold alone: without an ordinary subject there is no round.
    """
    n_gold = selection.n_gold_in_round(player.n_given, level.round_size, rng, level.gold_floor)
    ordinary = _ordinary(session, level, player, level.round_size - n_gold, now, rng)
    n_gold = min(n_gold, len(ordinary))
    n_teaching = min(TEACHING_IN_FIRST_ROUND, n_gold) if player.n_given == 0 else 0
    rested = rounds.latest_handed(session, player.volunteer_id, GOLD_REST)
    teaching = _gold(session, level, player, GoldUse.TEACHING, n_teaching, rested, rng)
    hidden = _gold(session, level, player, GoldUse.HIDDEN, n_gold - len(teaching), rested, rng)
    chosen = [*ordinary, *teaching, *hidden]
    return shuffled(chosen, rng)


def _gold(
    session: Session,
    level: Level,
    player: Player,
    use: GoldUse,
    n: int,
    rested: set[int],
    rng: Chance,
) -> list[int]:
    """Gold in the order of what is known least about the volunteer: the choice with the widest interval first."""
    if n == 0:
        return []
    counts = choice_counts_of(session, player.volunteer_id, player.project_id, level)
    wanted = selection.widest_choice(counts) if counts.any() else shuffled(range(len(level.choices)), rng)
    chosen: list[int] = []
    for place in range(2 * n):
        labels = np.flatnonzero(level.choices[wanted[place % len(wanted)]].mask)
        for label in shuffled(labels.tolist(), rng):
            found = _one_gold(session, player, use, label, rested.union(chosen), rng)
            if found is not None:
                chosen.append(found)
                break
        if len(chosen) == n:
            break
    return chosen


def _one_gold(
    session: Session, player: Player, use: GoldUse, label: int, left_out: set[int], rng: Chance
) -> int | None:
    for shuffle in (rng.random(), 0.0):
        limit = len(left_out) + 1 if shuffle == 0.0 else 10
        for subject_id in subjects.gold_after(session, player.project_id, use, label, shuffle, limit):
            if subject_id not in left_out:
                return subject_id
    return None


def _ordinary(session: Session, level: Level, player: Player, n: int, now: datetime, rng: Chance) -> list[int]:
    ranked: list[int] = []
    below: float | None = None
    for _ in range(MAX_WINDOWS):
        window = rounds.open_subjects(session, player.project_id, level.choice_set, below, WINDOW)
        ranked += _free(session, player, [subject_id for subject_id, _ in window], now)
        if len(ranked) >= n or len(window) < WINDOW:
            break
        below = window[-1][1]
    drawn = rounds.random_open_subjects(session, player.project_id, level.choice_set, rng.random(), WINDOW)
    return selection.mix(ranked, _free(session, player, drawn, now), n, rng=rng)


def _free(session: Session, player: Player, subject_ids: list[int], now: datetime) -> list[int]:
    """Those that the volunteer has not seen and that enough others are not looking at already."""
    seen = rounds.handed_before(session, player.volunteer_id, subject_ids)
    held = rounds.in_flight(session, subject_ids, now - LEASE)
    given = beliefs.n_given(session, subject_ids)
    return [
        subject_id
        for subject_id in subject_ids
        if subject_id not in seen and held.get(subject_id, 0) < max(player.minimum - given.get(subject_id, 0), 1)
    ]
