"""The statements with which a round ends: prepared, none dearer with more players or subjects."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.columns import Instant
from game.store.listed import Listed, among
from game.store.prepared import Prepared
from game.store.rounds import COUNTS
from game.store.tables import Aggregate, Classification, ExpertLabel, Reliability, Round, Standing, Volunteer
from game.store.upsert import keep_all

_VOLUNTEER: BindParameter[int] = bindparam("volunteer_id")
_PROJECT: BindParameter[int] = bindparam("project_id")
_OF_VOLUNTEER = and_(Round.volunteer_id == _VOLUNTEER, Round.project_id == _PROJECT)


class Measured(NamedTuple):
    """When a project was last aggregated, and when one of its volunteers was last weighed; None for never."""

    aggregated_at: datetime | None
    weighed_at: datetime | None


class Earned(NamedTuple):
    """A volunteer's points: of all time, and of rounds completed since a moment."""

    ever: int
    since: int


_HELD = Prepared(
    select(Volunteer.id)
    .where(among(Volunteer.id, bindparam("ids", type_=Listed())))
    .order_by(Volunteer.id)
    .with_for_update(key_share=True)
)

_LATEST = Prepared(select(func.max(Round.completed_at)).where(_OF_VOLUNTEER))

_GOLD = Prepared(
    select(ExpertLabel.label, Classification.choice)
    .select_from(Classification)
    .join(ExpertLabel, ExpertLabel.subject_id == Classification.subject_id)
    .join(Round, Round.id == Classification.round_id)
    .where(COUNTS, Classification.volunteer_id == _VOLUNTEER, Classification.project_id == _PROJECT)
    .where(
        ExpertLabel.use == GoldUse.HIDDEN,
        Classification.choice.is_not(None),
        or_(Round.completed_at.is_not(None), Round.id == bindparam("round_id")),
    )
    .order_by(Classification.id.desc())
    .limit(bindparam("most"))
)

_MEASURED = Prepared(
    select(
        select(Aggregate.computed_at)
        .where(Aggregate.project_id == _PROJECT)
        .order_by(Aggregate.id.desc())
        .limit(1)
        .scalar_subquery(),
        select(Reliability.computed_at)
        .where(Reliability.volunteer_id == _VOLUNTEER, Reliability.project_id == _PROJECT)
        .scalar_subquery(),
    )
)

_COMPLETE = Prepared(
    update(Round)
    .where(Round.id == bindparam("round_id"))
    .values(completed_at=bindparam("at", type_=Instant()), points=bindparam("earned"))
)

_EARNED = Prepared(
    select(
        func.coalesce(func.sum(Round.points), 0),
        func.coalesce(func.sum(case((Round.completed_at >= bindparam("since", type_=Instant()), Round.points))), 0),
    ).where(_OF_VOLUNTEER, Round.completed_at.is_not(None))
)


def hold_volunteers(session: Session, ids: Collection[int]) -> None:
    """Until the transaction ends: of two rounds that one completes at the same moment, each is counted."""
    _HELD.all(session, {"ids": ids})


def latest_completed_at(session: Session, volunteer_id: int, project_id: int) -> datetime | None:
    named = {"volunteer_id": volunteer_id, "project_id": project_id}
    found: datetime | None = _LATEST.scalar(session, named)
    return found


def gold_answers(
    session: Session, volunteer_id: int, project_id: int, most: int, round_id: int | None = None
) -> list[tuple[int, str]]:
    """(true label, choice) of a volunteer's newest answers to hidden gold in completed rounds and in this one,
    abstentions left out."""
    named = {"volunteer_id": volunteer_id, "project_id": project_id, "most": most, "round_id": round_id}
    return [(label, choice) for label, choice in _GOLD.all(session, named) if choice is not None]


def measured(session: Session, volunteer_id: int, project_id: int) -> Measured:
    named = {"volunteer_id": volunteer_id, "project_id": project_id}
    return Measured(*_MEASURED.all(session, named)[0])


def complete(session: Session, round_id: int, earned: int | None, now: datetime) -> None:
    _COMPLETE.run(session, [{"round_id": round_id, "earned": earned, "at": now}])


def earned(session: Session, volunteer_id: int, project_id: int, since: datetime) -> Earned:
    named = {"volunteer_id": volunteer_id, "project_id": project_id, "since": since}
    return Earned(*_EARNED.all(session, named)[0])


def keep_standings(session: Session, project_id: int, volunteer_id: int, points: dict[str, int]) -> None:
    """`points`: period → points."""
    rows = [
        {"project_id": project_id, "period": period, "volunteer_id": volunteer_id, "points": n}
        for period, n in points.items()
    ]
    keep_all(session, Standing, rows)
