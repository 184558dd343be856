"""Leaderboards: points of completed rounds, this week's and of all time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from game.errors import NotFound
from game.levels import Project
from game.store import Session, beliefs, completions, subjects
from game.store.beliefs import ALL_TIME
from game.store.ranks import ranks_of

TOP = 10
AROUND = 2


class Period(StrEnum):
    WEEK = "week"
    ALL = "all"


@dataclass(frozen=True)
class Standing:
    rank: int
    pseudonym: str
    points: int
    mine: bool


@dataclass(frozen=True)
class Leaderboard:
    """`around_me` is empty for a visitor and for whoever has no points in the period yet."""

    period: Period
    top: tuple[Standing, ...]
    around_me: tuple[Standing, ...]


def leaderboard(
    session: Session, project: Project, period: Period, volunteer_id: int | None, now: datetime
) -> Leaderboard:
    row = subjects.project_row(session, project.slug)
    if row is None:
        return Leaderboard(period, (), ())
    key = _key(period, now)
    # Redis hears of her own points when it is asked for her place: then the best are named with her.
    around = [] if volunteer_id is None else beliefs.around(session, row.id, key, volunteer_id, AROUND)
    best = beliefs.top(session, row.id, key, TOP)
    return Leaderboard(
        period,
        tuple(Standing(line.rank, line.pseudonym, line.points, line.volunteer_id == volunteer_id) for line in best),
        tuple(Standing(line.rank, line.pseudonym, line.points, line.volunteer_id == volunteer_id) for line in around),
    )


def renew_standings(session: Session, project_id: int, volunteer_id: int, now: datetime) -> None:
    """Sums the volunteer's own rounds again. Of those who were simulated nobody asks: they stand on no leaderboard."""
    ever, this_week = completions.earned(session, volunteer_id, project_id, _monday(now))
    points = {_key(Period.ALL, now): ever, _key(Period.WEEK, now): this_week}
    completions.keep_standings(session, project_id, volunteer_id, points)


def renew_ranks(session: Session, project: Project, now: datetime) -> None:
    """Tells Redis, where there is one, whose points have changed; after the commit, about once a second."""
    row, ranks = subjects.project_row(session, project.slug), ranks_of(session)
    if row is None or ranks is None:
        return
    for period in Period:
        ranks.catch_up(session, row.id, _key(period, now), now)


def points_of(session: Session, project: Project, volunteer_id: int) -> int:
    row = subjects.project_row(session, project.slug)
    if row is None:
        raise NotFound("The project “%(title)s” has no pictures yet.", title=project.title)
    return beliefs.points_of_volunteer(session, volunteer_id, row.id)


def _monday(now: datetime) -> datetime:
    """Weeks begin on Monday, 00:00 UTC."""
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _key(period: Period, now: datetime) -> str:
    year, week, _ = now.isocalendar()
    return ALL_TIME if period is Period.ALL else f"{year}-W{week:02}"
