"""Named queries about rounds, what was handed out in them, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.tables import (
    Classification,
    ExpertLabel,
    Opening,
    Project,
    Round,
    RoundSubject,
    TutorialSeen,
    Unlock,
    Volunteer,
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


def open_round(session: Session, volunteer_id: int, project_id: int, level: str, since: datetime) -> Round | None:
    """The volunteer's newest unfinished round at this level that was started after `since`."""
    rounds = select(Round).where(Round.volunteer_id == volunteer_id, Round.project_id == project_id)
    unfinished = rounds.where(Round.completed_at.is_(None), Round.level == level, Round.started_at > since)
    return session.scalar(unfinished.order_by(Round.id.desc()).limit(1))


def add_round(session: Session, added: Round, subjects: Sequence[RoundSubject]) -> Round:
    session.add(added)
    session.flush()
    for subject in subjects:
        subject.round_id = added.id
    session.add_all(subjects)
    session.flush()
    return added


def round_subjects(session: Session, round_id: int) -> list[RoundSubject]:
    return list(
        session.scalars(select(RoundSubject).where(RoundSubject.round_id == round_id).order_by(RoundSubject.position))
    )


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


def random_open_subjects(session: Session, project_id: int, choice_set: str, shuffle: float, limit: int) -> list[int]:
    """Ids of subjects in play whose shuffle follows the given number in [0, 1)."""
    rows = select(Opening.subject_id).where(
        Opening.project_id == project_id,
        Opening.choice_set == choice_set,
        Opening.retired_at.is_(None),
        Opening.shuffle >= shuffle,
    )
    return list(session.scalars(rows.order_by(Opening.shuffle).limit(limit)))


def handed_before(session: Session, volunteer_id: int, subject_ids: Sequence[int]) -> set[int]:
    rows = select(RoundSubject.subject_id).where(RoundSubject.volunteer_id == volunteer_id)
    return set(session.scalars(rows.where(RoundSubject.subject_id.in_(subject_ids))))


def latest_handed(session: Session, volunteer_id: int, limit: int) -> set[int]:
    rows = select(RoundSubject.subject_id).where(RoundSubject.volunteer_id == volunteer_id)
    return set(session.scalars(rows.order_by(RoundSubject.id.desc()).limit(limit)))


def in_flight(session: Session, subject_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Subject id → how many volunteers hold it unanswered since `since` or later."""
    rows = select(RoundSubject.subject_id, func.count()).where(
        RoundSubject.subject_id.in_(subject_ids),
        RoundSubject.answered_at.is_(None),
        RoundSubject.handed_at > since,
    )
    return dict(session.execute(rows.group_by(RoundSubject.subject_id)).all())


def n_given_before(session: Session, volunteer_id: int, project_id: int, levels: Sequence[str], limit: int) -> int:
    """How many subjects of these levels a volunteer has answered; counting stops at `limit`."""
    rows = select(Classification.id).where(
        Classification.volunteer_id == volunteer_id,
        Classification.project_id == project_id,
        Classification.level.in_(levels),
    )
    return session.scalar(select(func.count()).select_from(rows.limit(limit).subquery())) or 0


def counting_answer(session: Session, round_subject_id: int) -> Classification | None:
    """The classification of a handed-out subject that was not taken back."""
    rows = select(Classification).where(COUNTS, Classification.round_subject_id == round_subject_id)
    return session.scalar(rows)


def n_attempts(session: Session, round_subject_id: int) -> int:
    rows = select(func.count()).where(Classification.round_subject_id == round_subject_id)
    return session.scalar(rows) or 0


def add_classification(session: Session, added: Classification) -> None:
    session.add(added)
    session.flush()


def withdraw(session: Session, classification: Classification, now: datetime) -> None:
    session.add(Withdrawal(classification_id=classification.id, withdrawn_at=now))
    handed = update(RoundSubject).where(RoundSubject.id == classification.round_subject_id)
    session.execute(handed.values(answered_at=None))
    session.flush()


def answers_of_subject(session: Session, subject_id: int, limit: int) -> list[Given]:
    """The newest counting classifications of a subject, at most `limit`."""
    columns = select(Classification.volunteer_id, Classification.choice, Classification.abstention)
    rows = columns.where(COUNTS, Classification.subject_id == subject_id)
    return [Given(*row) for row in session.execute(rows.order_by(Classification.id.desc()).limit(limit))]


def answers_of_others(session: Session, subject_id: int, volunteer_id: int, until: int, limit: int) -> list[Given]:
    """The same, of all but this volunteer, of classifications with an id up to `until`."""
    columns = select(Classification.volunteer_id, Classification.choice, Classification.abstention)
    rows = columns.where(COUNTS, Classification.subject_id == subject_id, Classification.id <= until)
    others = rows.where(Classification.volunteer_id != volunteer_id)
    return [Given(*row) for row in session.execute(others.order_by(Classification.id.desc()).limit(limit))]


def answers_of_round(session: Session, round_id: int) -> dict[int, Classification]:
    """Round-subject id → its counting classification."""
    rows = select(Classification).where(COUNTS, Classification.round_id == round_id)
    return {row.round_subject_id: row for row in session.scalars(rows)}


def gold_answers(session: Session, volunteer_id: int, project_id: int, limit: int) -> list[tuple[int, str]]:
    """(true label, choice) of a volunteer's newest answers to hidden gold in completed rounds, abstentions left out."""
    rows = (
        select(ExpertLabel.label, Classification.choice)
        .join(ExpertLabel, ExpertLabel.subject_id == Classification.subject_id)
        .join(Round, Round.id == Classification.round_id)
        .where(COUNTS, Classification.volunteer_id == volunteer_id, Classification.project_id == project_id)
        .where(
            ExpertLabel.use == GoldUse.HIDDEN,
            Classification.choice.is_not(None),
            Round.completed_at.is_not(None),
        )
    )
    found = session.execute(rows.order_by(Classification.id.desc()).limit(limit))
    return [(label, choice) for label, choice in found if choice is not None]


def unlocked_levels(session: Session, volunteer_id: int, project_id: int) -> set[str]:
    rows = select(Unlock.level).where(Unlock.volunteer_id == volunteer_id, Unlock.project_id == project_id)
    return set(session.scalars(rows))


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


def latest_completed_at(session: Session, volunteer_id: int, project_id: int) -> datetime | None:
    rows = select(func.max(Round.completed_at)).where(Round.volunteer_id == volunteer_id)
    return session.scalar(rows.where(Round.project_id == project_id))


def totals(session: Session, project_id: int) -> tuple[int, int]:
    """(classifications, volunteers) of a project; what was simulated is not counted."""
    rows = select(func.count(), func.count(Classification.volunteer_id.distinct())).select_from(Classification)
    people = rows.join(Volunteer, Volunteer.id == Classification.volunteer_id).where(~Volunteer.simulated)
    n, n_volunteers = session.execute(people.where(Classification.project_id == project_id)).one()
    return n, n_volunteers
