"""The statements with which a round begins: prepared, none dearer with more subjects, players or answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, String, bindparam, exists, func, insert, or_, select, text
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.columns import Instant
from game.store.listed import Listed, among
from game.store.prepared import Prepared
from game.store.tables import (
    Classification,
    Consensus,
    ExpertLabel,
    Opening,
    Round,
    RoundSubject,
)

_PROJECT: BindParameter[int] = bindparam("project_id")
_VOLUNTEER: BindParameter[int] = bindparam("volunteer_id")


class Asked(NamedTuple):
    """For whom subjects are looked for, and among which. A subject is free for her if she was never handed it, and
    nobody else holds it, or fewer than its labels fall short of `minimum`. What was handed out until `since` is held no
    longer. Of the first `examined` at most `most` are taken."""

    volunteer_id: int
    project_id: int
    choice_set: str
    minimum: int
    since: datetime
    examined: int
    most: int


def _free(openings: Select[int]) -> Select[int]:
    """Of so many openings, whose order stays, those that are free. The first are found without looking at the rest."""
    some = openings.limit(bindparam("examined")).subquery()
    held = (RoundSubject.subject_id == some.c.subject_id, RoundSubject.answered_at.is_(None), _SINCE)
    n_held = select(func.count()).where(*held).correlate(some).scalar_subquery()
    n_given = select(Consensus.n_given).where(Consensus.subject_id == some.c.subject_id).correlate(some)
    seen = exists().where(RoundSubject.volunteer_id == _VOLUNTEER, RoundSubject.subject_id == some.c.subject_id)
    wanting = n_held + func.coalesce(n_given.scalar_subquery(), 0) < bindparam("minimum")
    found = select(some.c.subject_id).where(~seen, or_(~exists().where(*held), wanting))
    return found.limit(bindparam("most"))


_SINCE = RoundSubject.handed_at > bindparam("since", type_=Instant())
_IN_PLAY = select(Opening.subject_id).where(
    Opening.project_id == _PROJECT, Opening.choice_set == bindparam("choice_set"), Opening.retired_at.is_(None)
)
_MOST_WANTED = Prepared(_free(_IN_PLAY.order_by(Opening.priority.desc())))
_OF_LISTED = Prepared(_free(_IN_PLAY.where(among(Opening.subject_id, bindparam("ids", type_=Listed())))))
# In a space of numbers of its own. Who is refused does not wait; answers to these subjects do not, either.
_RESERVED = Prepared(
    text("""
SELECT listed.value FROM unnest(:ids) AS listed(value)
WHERE pg_try_advisory_xact_lock(704227, CAST(listed.value % 2147483647 AS integer))
""").bindparams(bindparam("ids", type_=Listed()))
)
_BY_LOT = Prepared(_free(_IN_PLAY.where(Opening.shuffle >= bindparam("shuffle")).order_by(Opening.shuffle)))

_EARLIER = Prepared(
    select(RoundSubject.id)
    .where(RoundSubject.volunteer_id == _VOLUNTEER)
    .order_by(RoundSubject.id.desc())
    .offset(bindparam("rest"))
    .limit(1)
)
_RESTED = ~exists().where(
    RoundSubject.volunteer_id == _VOLUNTEER,
    RoundSubject.subject_id == ExpertLabel.subject_id,
    RoundSubject.id > bindparam("earlier"),
)
_GOLD = Prepared(
    select(ExpertLabel.subject_id)
    .where(
        ExpertLabel.project_id == _PROJECT,
        ExpertLabel.use == bindparam("use"),
        ExpertLabel.label == bindparam("label"),
        ExpertLabel.shuffle >= bindparam("shuffle"),
        _RESTED,
    )
    .order_by(ExpertLabel.shuffle)
    .limit(bindparam("most"))
)
_NEWEST_LEVELS = (
    select(Classification.level)
    .where(Classification.volunteer_id == _VOLUNTEER, Classification.project_id == _PROJECT)
    .order_by(Classification.id.desc())
    .limit(bindparam("most"))
    .subquery()
)
_N_GIVEN = Prepared(
    select(func.count())
    .select_from(_NEWEST_LEVELS)
    .where(among(_NEWEST_LEVELS.c.level, bindparam("levels", type_=Listed(String))))
)
_UNFINISHED = Prepared(
    select(Round.id)
    .where(Round.volunteer_id == _VOLUNTEER, Round.project_id == _PROJECT, Round.completed_at.is_(None))
    .where(Round.level == bindparam("level"), Round.started_at > bindparam("since", type_=Instant()))
    .order_by(Round.id.desc())
    .limit(1)
)
_BEGIN = Prepared(
    insert(Round).returning(Round.id), ["code", "project_id", "volunteer_id", "level", "n_subjects", "started_at"]
)
_HAND_OUT = Prepared(insert(RoundSubject), ["code", "position", "subject_id", "volunteer_id", "handed_at", "round_id"])


def open_round(session: Session, volunteer_id: int, project_id: int, level: str, since: datetime) -> Round | None:
    """The volunteer's newest unfinished round at this level that was started after `since`."""
    named = {"volunteer_id": volunteer_id, "project_id": project_id, "level": level, "since": since}
    found = _UNFINISHED.scalar(session, named)
    return None if found is None else session.get(Round, found)


def n_given_before(session: Session, volunteer_id: int, project_id: int, levels: Collection[str], most: int) -> int:
    """How many of a volunteer's newest answers, at most so many, were given at these levels."""
    named = {"volunteer_id": volunteer_id, "project_id": project_id, "levels": levels, "most": most}
    return _N_GIVEN.scalar(session, named) or 0


def most_wanted(session: Session, asked: Asked) -> list[int]:
    """Ids of free subjects in play, those wanted most."""
    return _MOST_WANTED.scalars(session, asked._asdict())


def drawn_by_lot(session: Session, asked: Asked, shuffle: float) -> list[int]:
    """Ids of free subjects in play whose shuffle follows the given number in [0, 1)."""
    return _BY_LOT.scalars(session, asked._asdict() | {"shuffle": shuffle})


def take(session: Session, asked: Asked, subject_ids: Sequence[int]) -> set[int]:
    """Those of the subjects that are free still, and that nobody else hands out until the transaction ends: what
    another process is handing out at this moment is not to be seen yet. SQLite has but one writer, and so no other."""
    if session.get_bind().dialect.name != "postgresql":
        return set(subject_ids)
    reserved = _RESERVED.scalars(session, {"ids": subject_ids})
    # Only a statement that begins now sees what was handed out before they were reserved.
    named = asked._asdict() | {"ids": reserved, "examined": len(reserved), "most": len(reserved)}
    return set(_OF_LISTED.scalars(session, named))


def latest_but(session: Session, volunteer_id: int, n: int) -> int:
    """The id under which a volunteer was handed the last subject before her newest `n`; 0 if there was none."""
    return _EARLIER.scalar(session, {"volunteer_id": volunteer_id, "rest": n}) or 0


class AskedGold(NamedTuple):
    """Gold of one label and use whose shuffle follows the given number in [0, 1), and that the volunteer was not handed
    since the `earlier` row of RoundSubject."""

    volunteer_id: int
    project_id: int
    use: GoldUse
    label: int
    shuffle: float
    earlier: int


def gold_after(session: Session, asked: AskedGold, most: int) -> list[int]:
    """Subject ids, at most so many."""
    return _GOLD.scalars(session, asked._asdict() | {"most": most})


def hand_out(session: Session, begun: dict[str, Any], handed: Sequence[dict[str, Any]]) -> None:
    """Adds a row of Round, and those of RoundSubject that belong to it."""
    round_id = _BEGIN.scalar(session, begun)
    _HAND_OUT.run(session, [{**row, "round_id": round_id} for row in handed])
