"""Named queries about rounds, what was handed out in them, and the answers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.prepared import Prepared
from game.store.tables import (
    Classification,
    ExpertLabel,
    Opening,
    Project,
    Round,
    RoundSubject,
    TutorialSeen,
    Unlock,
    Withdrawal,
)

# True of a classification unless its volunteer took it back.
COUNTS = ~select(Withdrawal.classification_id).where(Withdrawal.classification_id == Classification.id).exists()


@dataclass(frozen=True)
class Given:
    """One classification that counts: a choice's code, or an abstention."""

    volunteer_id: int
    choice: str | None
    abstention: str | None


def round_by_code(session: Session, code: str) -> tuple[Round, str] | None:
    """The round and its project's slug."""
    row = session.execute(select(Round, Project.slug).join(Project).where(Round.code == code)).first()
    return None if row is None else (row[0], row[1])


def held_round(session: Session, code: str) -> tuple[Round, str] | None:
    """The same, held until the transaction ends: answers to one round that arrive together are kept one by one."""
    found = select(Round, Project.slug).join(Project).where(Round.code == code)
    row = session.execute(found.with_for_update(of=Round, key_share=True)).first()
    return None if row is None else (row[0], row[1])


def round_subjects(session: Session, round_id: int) -> list[RoundSubject]:
    return list(
        session.scalars(select(RoundSubject).where(RoundSubject.round_id == round_id).order_by(RoundSubject.position))
    )


def give_back(session: Session, round_id: int) -> None:
    """What has no answer yet is in nobody's hands any more, as if it had never been handed out."""
    left = delete(RoundSubject).where(RoundSubject.round_id == round_id, RoundSubject.answered_at.is_(None))
    session.execute(left)


def open_subjects(
    session: Session, project_id: int, choice_set: str, below: float | None, limit: int
) -> list[tuple[int, float]]:
    """(subject id, priority) of subjects in play, most wanted first, from below a priority on."""
    rows = select(Opening.subject_id, Opening.priority).where(
        Opening.project_id == project_id, Opening.choice_set == choice_set, Opening.retired_at.is_(None)
    )
    if below is not None:
        rows = rows.where(Opening.priority < below)
    ordered = rows.order_by(Opening.priority.desc()).limit(limit)
    return [(subject_id, priority) for subject_id, priority in session.execute(ordered)]


def teaches(session: Session, code: str) -> bool:
    """Whether teaching gold is among a round's subjects."""
    taught = (
        select(ExpertLabel.subject_id)
        .join(RoundSubject, RoundSubject.subject_id == ExpertLabel.subject_id)
        .join(Round, Round.id == RoundSubject.round_id)
        .where(Round.code == code, ExpertLabel.use == GoldUse.TEACHING)
    )
    return session.scalar(taught.limit(1)) is not None


def withdraw(session: Session, classification: Classification, now: datetime) -> None:
    session.add(Withdrawal(classification_id=classification.id, withdrawn_at=now))
    handed = update(RoundSubject).where(RoundSubject.id == classification.round_subject_id)
    session.execute(handed.values(answered_at=None))
    session.flush()


def answers_of_others(session: Session, subject_id: int, volunteer_id: int, until: int, limit: int) -> list[Given]:
    """The newest counting classifications of a subject, at most `limit`, of all but this volunteer, with an id up to
    `until`."""
    columns = select(Classification.volunteer_id, Classification.choice, Classification.abstention)
    rows = columns.where(COUNTS, Classification.subject_id == subject_id, Classification.id <= until)
    others = rows.where(Classification.volunteer_id != volunteer_id)
    return [Given(*row) for row in session.execute(others.order_by(Classification.id.desc()).limit(limit))]


def answers_of_round(session: Session, round_id: int) -> dict[int, Classification]:
    """Round-subject id → its counting classification."""
    rows = select(Classification).where(COUNTS, Classification.round_id == round_id)
    return {row.round_subject_id: row for row in session.scalars(rows)}


_UNLOCKED = Prepared(
    select(Unlock.level).where(
        Unlock.volunteer_id == bindparam("volunteer_id"), Unlock.project_id == bindparam("project_id")
    )
)


def unlocked_levels(session: Session, volunteer_id: int, project_id: int) -> set[str]:
    named = {"volunteer_id": volunteer_id, "project_id": project_id}
    return set(_UNLOCKED.scalars(session, named))


def unlock(session: Session, volunteer_id: int, project_id: int, level: str, now: datetime) -> None:
    """Keeps the first time."""
    if session.get(Unlock, (volunteer_id, project_id, level)) is None:
        session.add(Unlock(volunteer_id=volunteer_id, project_id=project_id, level=level, unlocked_at=now))


def tutorial_seen(session: Session, volunteer_id: int, project_id: int) -> bool:
    return session.get(TutorialSeen, (volunteer_id, project_id)) is not None


def mark_tutorial_seen(session: Session, volunteer_id: int, project_id: int, now: datetime) -> None:
    session.merge(TutorialSeen(volunteer_id=volunteer_id, project_id=project_id, seen_at=now))


def unlocked_since(session: Session, volunteer_id: int, project_id: int, since: datetime) -> set[str]:
    rows = select(Unlock.level).where(Unlock.volunteer_id == volunteer_id, Unlock.project_id == project_id)
    return set(session.scalars(rows.where(Unlock.unlocked_at >= since)))


def n_completed(session: Session, volunteer_id: int, project_id: int) -> int:
    rows = select(func.count()).where(Round.volunteer_id == volunteer_id, Round.project_id == project_id)
    return session.scalar(rows.where(Round.completed_at.is_not(None))) or 0
