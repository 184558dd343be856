"""Named queries about what is derived from the rows of play: openings, consensus, reliabilities, standings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from game.store.listed import Listed, among
from game.store.prepared import Prepared
from game.store.ranks import ranks_of
from game.store.tables import (
    Aggregate,
    Consensus,
    Opening,
    Prediction,
    Project,
    Reliability,
    Round,
    Standing,
    Volunteer,
)
from game.store.upsert import keep_all

ALL_TIME = "all"

# Subjects about which equally much is known come in random order, not in that of their import.
TIE_BREAK = 1e-3


@dataclass(frozen=True)
class LeaderboardLine:
    """One line of a leaderboard."""

    rank: int
    volunteer_id: int
    pseudonym: str
    points: int


def latest_aggregate(session: Session, project_id: int) -> Aggregate | None:
    rows = select(Aggregate).where(Aggregate.project_id == project_id)
    return session.scalar(rows.order_by(Aggregate.id.desc()).limit(1))


class InForce(NamedTuple):
    """Of the newest aggregation: pooled matrix (K, K), prior (K,) and the model it met as JSON; redundancies."""

    pooled: str
    prior: str
    redundancy: float
    assured: float
    model: str | None


_NEWEST = Prepared(
    select(
        cast(Aggregate.pooled, Text), cast(Aggregate.prior, Text), Aggregate.redundancy, Aggregate.assured,
        cast(Aggregate.model, Text),
    )
    .where(Aggregate.project_id == bindparam("project_id"))
    .order_by(Aggregate.id.desc())
    .limit(1)
)  # fmt: skip


def in_force(session: Session, project_id: int) -> InForce | None:
    """None before the first aggregation."""
    row = _NEWEST.first(session, {"project_id": project_id})
    return None if row is None else InForce(*row)


def reliability(session: Session, volunteer_id: int, project_id: int) -> Reliability | None:
    return session.get(Reliability, (volunteer_id, project_id))


def keep_reliability(session: Session, row: dict[str, Any]) -> None:
    """Adds or replaces a row of Reliability."""
    keep_all(session, Reliability, [row])


def consensus(session: Session, subject_id: int) -> Consensus | None:
    return session.get(Consensus, subject_id)


def prediction(session: Session, subject_id: int) -> list[float] | None:
    """The published model's p (K,)."""
    return session.scalar(select(Prediction.p).where(Prediction.subject_id == subject_id))


def predictions_of(session: Session, subject_ids: Sequence[int]) -> dict[int, list[float]]:
    """Subject id → the published model's p (K,)."""
    rows = select(Prediction.subject_id, Prediction.p).where(Prediction.subject_id.in_(subject_ids))
    return dict(session.execute(rows).all())


def openings(session: Session, subject_id: int) -> Mapping[str, str | None]:
    """Choice set → why it retired; None while it is in play. Empty for gold."""
    rows = select(Opening.choice_set, Opening.reason).where(Opening.subject_id == subject_id)
    return dict(session.execute(rows).all())


def points_of_volunteer(session: Session, volunteer_id: int, project_id: int) -> int:
    rows = select(func.coalesce(func.sum(Round.points), 0)).where(
        Round.volunteer_id == volunteer_id, Round.project_id == project_id, Round.completed_at.is_not(None)
    )
    return session.scalar(rows) or 0


_HER_POINTS = Prepared(
    select(Standing.points).where(
        Standing.project_id == bindparam("project_id"),
        Standing.period == bindparam("period"),
        Standing.volunteer_id == bindparam("volunteer_id"),
    )
)


def _lines(*where: ColumnElement[bool], up: bool = False) -> Prepared:
    """The first of a leaderboard, or going `up` from its last. Of equal points whoever came last stands first: so the
    index has them in the leaderboard's order."""
    order = (Standing.points, Standing.volunteer_id)
    lines = (
        select(Standing.volunteer_id, Volunteer.pseudonym, Standing.points)
        .join(Volunteer, Volunteer.id == Standing.volunteer_id)
        .where(Standing.project_id == bindparam("project_id"), Standing.period == bindparam("period"), *where)
        .order_by(*(order if up else [one.desc() for one in order]))
    )
    return Prepared(lines.limit(bindparam("most")))


_HERS: BindParameter[int] = bindparam("points")
_HER_ID: BindParameter[int] = bindparam("volunteer_id")
_TOP = _lines()
_NAMES = Prepared(
    select(Volunteer.id, Volunteer.pseudonym).where(among(Volunteer.id, bindparam("ids", type_=Listed())))
)
# Those with as many points and those with more or fewer are asked for apart: each is then a few steps in the index.
_ABOVE = (
    _lines(Standing.points == _HERS, Standing.volunteer_id > _HER_ID, up=True),
    _lines(Standing.points > _HERS, up=True),
)
_BELOW = (_lines(Standing.points == _HERS, Standing.volunteer_id <= _HER_ID), _lines(Standing.points < _HERS))


def top(session: Session, project_id: int, period: str, n: int) -> list[LeaderboardLine]:
    ranks = ranks_of(session)
    found = None if ranks is None else _named(session, ranks.best(project_id, period, n) or [])
    if not found:
        found = _TOP.all(session, {"project_id": project_id, "period": period, "most": n})
    return [LeaderboardLine(rank, *row) for rank, row in enumerate(found, start=1)]


def _named(session: Session, best: Sequence[tuple[int, int]]) -> list[Any]:
    """With their pseudonyms of this moment; empty if somebody has none, and Redis tells of another database."""
    rows = _NAMES.all(session, {"ids": [volunteer_id for volunteer_id, _ in best]}) if best else []
    names = {int(row[0]): str(row[1]) for row in rows}
    return [(one, names[one], points) for one, points in best] if len(names) == len(best) else []


def around(session: Session, project_id: int, period: str, volunteer_id: int, n: int) -> list[LeaderboardLine]:
    """The volunteer's own place with the `n` before and after it; empty while she has none."""
    named = {"project_id": project_id, "period": period, "volunteer_id": volunteer_id}
    points = _HER_POINTS.scalar(session, named)
    if points is None:
        return []
    named |= {"points": points}
    before_me = list(reversed(_first(session, _ABOVE, named, n)))
    lines = [*before_me, *_first(session, _BELOW, named, n + 1)]
    first_rank = _n_before(session, Standing(**named)) - len(before_me) + 1
    return [LeaderboardLine(rank, *line) for rank, line in enumerate(lines, start=first_rank)]


def _first(session: Session, parts: Sequence[Prepared], named: Mapping[str, Any], n: int) -> list[Any]:
    """The first n rows of one query after the other."""
    found: list[Any] = []
    for rows in parts:
        found += rows.all(session, {**named, "most": n - len(found)}) if len(found) < n else []
    return found


def _n_before(session: Session, own: Standing) -> int:
    ranks = ranks_of(session)
    known = None if ranks is None else ranks.n_before(own)
    if known is not None:
        return known
    in_period = select(func.count()).where(Standing.project_id == own.project_id, Standing.period == own.period)
    n_more = session.scalar(in_period.where(Standing.points > own.points)) or 0
    equal = in_period.where(Standing.points == own.points, Standing.volunteer_id > own.volunteer_id)
    return n_more + (session.scalar(equal) or 0)


def project_ids(session: Session) -> dict[str, int]:
    return dict(session.execute(select(Project.slug, Project.id)).all())
