"""Named queries about rows that are of no more use. Looked for first, and forgotten only if that still holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from game.store.tables import Classification, Job, Model, Round, RoundSubject, Token, TutorialSeen, Volunteer
from game.store.tables.publications import JobKind, JobState, ModelState


def unanswered_rounds(session: Session, before: datetime) -> list[int]:
    """Ids of unfinished rounds begun before then in which nothing was ever answered."""
    return list(session.scalars(select(Round.id).where(_unanswered(before))))


def forget_rounds(session: Session, ids: Sequence[int], before: datetime) -> None:
    still = list(session.scalars(select(Round.id).where(Round.id.in_(ids), _unanswered(before))))
    session.execute(delete(RoundSubject).where(RoundSubject.round_id.in_(still)))
    session.execute(delete(Round).where(Round.id.in_(still)))


def strangers(session: Session, before: datetime) -> list[int]:
    """Ids of guests from before then who have no round: they never answered anything, or what they began is gone."""
    return list(session.scalars(select(Volunteer.id).where(_stranger(before))))


def forget_strangers(session: Session, ids: Sequence[int], before: datetime) -> None:
    still = list(session.scalars(select(Volunteer.id).where(Volunteer.id.in_(ids), _stranger(before))))
    for table in (Token, TutorialSeen):
        session.execute(delete(table).where(table.volunteer_id.in_(still)))
    session.execute(delete(Volunteer).where(Volunteer.id.in_(still)))


def ended_jobs(session: Session, trials_before: datetime, before: datetime | None) -> list[int]:
    """Ids of jobs that ended: predictions before the first instant, any before the second, if there is one.

    What became of a training is never forgotten: the schedule goes by it.
    """
    old: list[ColumnElement[bool]] = [and_(Job.kind == JobKind.PREDICT, Job.finished_at < trials_before)]
    if before is not None:
        old.append(and_(Job.kind.not_in((JobKind.TRAIN, JobKind.PUBLISH)), Job.finished_at < before))
    return list(session.scalars(select(Job.id).where(Job.state.in_((JobState.DONE, JobState.FAILED)), or_(*old))))


def forget_jobs(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(Job).where(Job.id.in_(ids)))


def rejected_folders(session: Session, before: datetime) -> list[str]:
    """Of models that the gate rejected before then, relative to Settings.models."""
    rows = select(Model.folder).where(Model.state == ModelState.REJECTED, Model.created_at < before)
    return list(session.scalars(rows))


def _unanswered(before: datetime) -> ColumnElement[bool]:
    answered = select(Classification.id).where(Classification.round_id == Round.id).exists()
    return and_(Round.completed_at.is_(None), Round.started_at < before, ~answered)


def _stranger(before: datetime) -> ColumnElement[bool]:
    plays: Any = select(Round.id).where(Round.volunteer_id == Volunteer.id).exists()
    guest = and_(Volunteer.login.is_(None), Volunteer.deleted_at.is_(None), ~Volunteer.simulated)
    return and_(guest, Volunteer.created_at < before, ~plays)
