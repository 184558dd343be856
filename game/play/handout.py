"""Which subjects a round holds: some gold, and for the rest those whose next answer is worth most."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from game.levels import GoldUse, Level
from game.play.gold import choice_counts_of
from game.store import Session, handouts
from game.store.handouts import Asked, AskedGold
from scoring import selection
from scoring.chance import Chance, shuffled

# A subject that somebody was shown this long ago and did not answer is free again.
LEASE = timedelta(minutes=15)
# Gold that a volunteer was handed among her newest so many subjects is not handed to her again.
GOLD_REST = 200
TEACHING_IN_FIRST_ROUND = 2
# How many subjects are looked at before a round makes do with what it has.
EXAMINED = 800
# How often other subjects are looked for in the place of those that another process hands out at the same moment.
TRIES = 4
# How many random subjects a random share is drawn from, for each subject of the round.
LOTS = 3


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
    gold = _gold(session, level, player, min(n_gold, len(ordinary)), rng)
    return shuffled([*ordinary, *gold], rng)


def any_held(session: Session, level: Level, player: Player, now: datetime) -> bool:
    """Whether there are subjects for the volunteer as soon as others, who hold all of them, have answered."""
    # With nobody's minimum reached, nobody holds anything.
    asked = Asked(player.volunteer_id, player.project_id, level.choice_set, EXAMINED, now - LEASE, EXAMINED, 1)
    return bool(handouts.most_wanted(session, asked))


def _gold(session: Session, level: Level, player: Player, n: int, rng: Chance) -> list[int]:
    """Gold of what is known least about the volunteer: the choice with the widest interval first. Hidden gold, but for
    some that teaches in a first round."""
    if n == 0:
        return []
    n_teaching = min(TEACHING_IN_FIRST_ROUND, n) if player.n_given == 0 else 0
    earlier = handouts.latest_but(session, player.volunteer_id, GOLD_REST)
    counts = choice_counts_of(session, player.volunteer_id, player.project_id, level)
    order = selection.widest_choice(counts) if counts.any() else shuffled(range(len(level.choices)), rng)
    wanted = [np.flatnonzero(level.choices[place].mask).tolist() for place in order]
    teaching = AskedGold(player.volunteer_id, player.project_id, GoldUse.TEACHING, 0, 0.0, earlier)
    taught = _of_labels(session, teaching, wanted, n_teaching, rng)
    hidden = _of_labels(session, teaching._replace(use=GoldUse.HIDDEN), wanted, n - len(taught), rng)
    return [*taught, *hidden]


def _of_labels(session: Session, asked: AskedGold, wanted: list[list[int]], n: int, rng: Chance) -> list[int]:
    """`n` subjects or fewer, of each list of labels in turn."""
    chosen: list[int] = []
    for place in range(2 * n):
        for label in shuffled(wanted[place % len(wanted)], rng):
            found = _one_gold(session, asked._replace(label=label, shuffle=rng.random()), chosen)
            if found is not None:
                chosen.append(found)
                break
        if len(chosen) == n:
            break
    return chosen


def _one_gold(session: Session, asked: AskedGold, chosen: list[int]) -> int | None:
    """Not among those already chosen; from the beginning where nothing follows the shuffle that was drawn."""
    for start in (asked, asked._replace(shuffle=0.0)):
        for subject_id in handouts.gold_after(session, start, len(chosen) + 1):
            if subject_id not in chosen:
                return subject_id
    return None


def _ordinary(session: Session, level: Level, player: Player, n: int, now: datetime, rng: Chance) -> list[int]:
    """Those that the volunteer has not seen and that enough others are not looking at already. In the place of what
    others are being handed at this very moment come the next ones."""
    chosen: list[int] = []
    tried: set[int] = set()
    for _ in range(TRIES):
        asked = Asked(
            player.volunteer_id, player.project_id, level.choice_set, player.minimum, now - LEASE, EXAMINED,
            n + len(tried),
        )  # fmt: skip
        ranked = handouts.most_wanted(session, asked)
        drawn = handouts.drawn_by_lot(session, asked._replace(most=LOTS * n), rng.random())
        left = [[one for one in some if one not in tried] for some in (ranked, drawn)]
        found = selection.mix(left[0], left[1], n - len(chosen), rng=rng)
        taken = handouts.take(session, asked, found)
        chosen += [one for one in found if one in taken]
        tried.update(found)
        if len(chosen) == n or not found:
            break
    return chosen
