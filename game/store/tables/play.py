"""Rounds, what was handed out in them, and the answers, which are only ever added to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from game.store.columns import Code, Id, ProjectId, RoundId, Short, SubjectId, Table, VolunteerId


class Abstention(StrEnum):
    CANT_TELL = "cant_tell"
    BAD_IMAGE = "bad_image"


class Round(Table):
    __tablename__ = "rounds"

    id: Mapped[Id]
    code: Mapped[Code]
    project_id: Mapped[ProjectId]
    volunteer_id: Mapped[VolunteerId]
    level: Mapped[Short]
    n_subjects: Mapped[int]
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    points: Mapped[int | None]

    __table_args__ = (
        Index("rounds_of_a_volunteer", "volunteer_id", "project_id", "completed_at"),
        Index("rounds_completed", "project_id", "completed_at"),
    )


class RoundSubject(Table):
    """A subject handed to a volunteer. Until it is answered, and for a while, it counts as in flight."""

    __tablename__ = "round_subjects"

    id: Mapped[Id]
    code: Mapped[Code]
    round_id: Mapped[RoundId]
    position: Mapped[int]
    subject_id: Mapped[SubjectId]
    volunteer_id: Mapped[VolunteerId]
    handed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("round_id", "position"),
        Index("handed_to_a_volunteer", "volunteer_id", "subject_id"),
        Index("latest_of_a_volunteer", "volunteer_id", "id"),
        Index(
            "in_flight", "subject_id", "handed_at",
            sqlite_where=text("answered_at IS NULL"), postgresql_where=text("answered_at IS NULL"),
        ),
    )  # fmt: skip


class Classification(Table):
    """One answer, kept for ever. Exactly one of choice (a label's or group's code) and abstention is given."""

    __tablename__ = "classifications"

    id: Mapped[Id]
    key: Mapped[Short]
    round_subject_id: Mapped[int] = mapped_column(ForeignKey("round_subjects.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    round_id: Mapped[RoundId]
    project_id: Mapped[ProjectId]
    subject_id: Mapped[SubjectId]
    volunteer_id: Mapped[VolunteerId]
    level: Mapped[Short]
    level_version: Mapped[Short]
    code_version: Mapped[Short]
    choice: Mapped[str | None] = mapped_column(String(64))
    abstention: Mapped[Abstention | None] = mapped_column(String(16))
    shown_ms: Mapped[int]
    given_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("round_subject_id", "attempt"),
        Index("answers_of_a_subject", "subject_id", "id"),
        Index("answers_of_a_volunteer", "volunteer_id", "project_id", "id"),
        Index("answers_of_a_project", "project_id", "id"),
        Index("answers_of_a_round", "round_id"),
    )


class Withdrawal(Table):
    """An answer that its volunteer took back within the round. The classification stays; it no longer counts."""

    __tablename__ = "withdrawals"

    classification_id: Mapped[int] = mapped_column(ForeignKey("classifications.id"), primary_key=True)
    withdrawn_at: Mapped[datetime]


class Standing(Table):
    """A volunteer's points in one period ("all" or an ISO week such as "2026-W47"), derived from her rounds."""

    __tablename__ = "standings"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    points: Mapped[int]

    __table_args__ = (Index("leaderboard", "project_id", "period", "points", "volunteer_id"),)


class Unlock(Table):
    __tablename__ = "unlocks"

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    level: Mapped[str] = mapped_column(String(64), primary_key=True)
    unlocked_at: Mapped[datetime]


class TutorialSeen(Table):
    __tablename__ = "tutorials_seen"

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    seen_at: Mapped[datetime]
