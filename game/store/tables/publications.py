"""Releases, models, what was decided about them, and the jobs that make them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from game.store.columns import Id, ProjectId, Short, Table


class Release(Table):
    __tablename__ = "releases"

    id: Mapped[Id]
    project_id: Mapped[ProjectId]
    version: Mapped[int]
    folder: Mapped[str] = mapped_column(String(255))
    archive: Mapped[str] = mapped_column(String(255))
    archive_sha256: Mapped[str] = mapped_column(String(64))
    includes_simulated: Mapped[bool]
    counts: Mapped[dict[str, Any]]
    code_version: Mapped[Short]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("project_id", "version"),)


class ModelState(StrEnum):
    PUBLISHED = "published"
    REPLACED = "replaced"
    REJECTED = "rejected"


class Model(Table):
    """A trained network, published or rejected; the reason is a sentence that anyone may read."""

    __tablename__ = "models"

    id: Mapped[Id]
    project_id: Mapped[ProjectId]
    version: Mapped[int]
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.id"))
    state: Mapped[ModelState] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(String(255))
    metrics: Mapped[dict[str, Any]]
    # The gate's findings as numbers and sentences; models of an older Fathom have none.
    verdict: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("project_id", "version"),)


class DecisionKind(StrEnum):
    """`published` and `rejected` are the gate's; `forced` makes a rejected model public, `put_back` one that was."""

    PUBLISHED = "published"
    REJECTED = "rejected"
    FORCED = "forced"
    PUT_BACK = "put_back"
    FROZEN = "frozen"
    THAWED = "thawed"


class Decision(Table):
    """Who decided what about a project's public model, when and why; only ever added to. `by` is a login, or the
    gate; a model's state is what the newest decisions about models come to."""

    __tablename__ = "decisions"

    id: Mapped[Id]
    project_id: Mapped[ProjectId]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("models.id"))
    kind: Mapped[DecisionKind] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(100))
    why: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime]

    __table_args__ = (Index("decisions_of_a_project", "project_id", "kind", "id"),)


class JobKind(StrEnum):
    AGGREGATE = "aggregate"
    RELEASE = "release"
    TRAIN = "train"
    PUBLISH = "publish"
    SWITCH = "switch"
    CATCH_UP = "catch_up"
    PREDICT = "predict"
    CLEAN_UP = "clean_up"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Table):
    """A piece of the worker's work: why it was started, how far it is, and what it said."""

    __tablename__ = "jobs"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[JobKind] = mapped_column(String(16))
    state: Mapped[JobState] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(default=0.0)
    text: Mapped[str] = mapped_column(Text, default="")
    log: Mapped[str] = mapped_column(Text, default="")
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    # The worker renews this while it works; a job whose worker died is seen by its silence.
    seen_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("latest_jobs", "project_id", "kind", "id"),
        Index("jobs_by_state", "state"),
    )
