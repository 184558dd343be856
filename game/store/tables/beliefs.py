"""What is derived from the rows of play: every row here can be thrown away and computed again."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, ForeignKey, Index, String, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from game.store.columns import Id, ProjectId, Table

_RETIRED_BY_PEOPLE = "(coalesce(reason, 'machine_accepted') <> 'machine_accepted')"


class Opening(Table):
    """Whether a subject is in play for one choice set ("groups" or "labels"). Gold has none: it never retires.

    `counted`: whether it was retired by people's answers when it was last counted (OpeningCount); None if it never was.
    """

    __tablename__ = "openings"

    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), primary_key=True)
    choice_set: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[ProjectId]
    priority: Mapped[float]
    shuffle: Mapped[float]
    reason: Mapped[str | None] = mapped_column(String(16))
    retired_at: Mapped[datetime | None]
    counted: Mapped[bool | None]

    __table_args__ = (
        Index(
            "open_by_priority", "project_id", "choice_set", "priority",
            sqlite_where=text("retired_at IS NULL"), postgresql_where=text("retired_at IS NULL"),
        ),
        Index(
            "open_by_shuffle", "project_id", "choice_set", "shuffle",
            sqlite_where=text("retired_at IS NULL"), postgresql_where=text("retired_at IS NULL"),
        ),
        Index(
            "sure_by_shuffle", "project_id", "choice_set", "shuffle", "subject_id",
            sqlite_where=text("reason = 'confident'"), postgresql_where=text("reason = 'confident'"),
        ),
        Index(
            "not_as_counted", "project_id", "choice_set", "subject_id",
            sqlite_where=text(f"counted IS NOT {_RETIRED_BY_PEOPLE}"),
            postgresql_where=text(f"counted IS DISTINCT FROM {_RETIRED_BY_PEOPLE}"),
        ),
    )  # fmt: skip


# Never NULL. Databases find what they have an index of by its very words.
RETIRED_BY_PEOPLE: ColumnElement[bool] = literal_column(_RETIRED_BY_PEOPLE, Boolean())
NOT_AS_COUNTED = Opening.counted.is_distinct_from(RETIRED_BY_PEOPLE)


class OpeningCount(Table):
    """How many subjects a project has of a choice set, and how many of them people's answers retired, by what each
    opening was last counted as."""

    __tablename__ = "opening_counts"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    choice_set: Mapped[str] = mapped_column(String(16), primary_key=True)
    n_subjects: Mapped[int]
    n_retired: Mapped[int]


class AnswerCount(Table):
    """How many classifications up to a row were given by people, not simulated volunteers, and how many people."""

    __tablename__ = "answer_counts"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    until_id: Mapped[int] = mapped_column(BigInteger)
    n_classifications: Mapped[int] = mapped_column(BigInteger)
    n_volunteers: Mapped[int]


class Consensus(Table):
    """A subject's posterior over the labels (K,) and what follows from it."""

    __tablename__ = "consensus"

    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(index=True)
    posterior: Mapped[list[Any]]
    label: Mapped[int]
    confidence: Mapped[float]
    agreement: Mapped[float | None]
    n_given: Mapped[int]
    n_bad_image: Mapped[int]
    n_cant_tell: Mapped[int]
    computed_at: Mapped[datetime]


class Reliability(Table):
    """A volunteer's confusion matrix (K, K), entry [true, given], and her reliability in one project.

    `copies` is the number of a group of volunteers whose answers are copies of each other; `flags` [{kind, …}] are
    what the science team may want to look at. Neither is ever shown to a volunteer.
    """

    __tablename__ = "reliabilities"

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    confusion: Mapped[list[Any]]
    reliability: Mapped[float]
    informedness: Mapped[float]
    n_gold: Mapped[int]
    copies: Mapped[int | None]
    flags: Mapped[list[Any] | None]
    computed_at: Mapped[datetime]


class Aggregate(Table):
    """One run of EM over a project: the pooled confusion matrix, the prior and the redundancies in force after it.

    By `redundancy` posteriors are published, by `assured` subjects retire. `figures` is what the project's page draws.
    Since the release `since_release_id` (None: since ever) people answered `n_answered` subjects that are not gold, and
    made the label of `n_moved`, these or others, new or another.
    `model` is how the published model is heard until the next run (store.witness); None when there was none.
    """

    __tablename__ = "aggregates"

    id: Mapped[Id]
    project_id: Mapped[ProjectId] = mapped_column(index=True)
    pooled: Mapped[list[Any]]
    prior: Mapped[list[Any]]
    redundancy: Mapped[float]
    assured: Mapped[float]
    n_classifications: Mapped[int]
    n_changed: Mapped[int]
    since_release_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"))
    n_answered: Mapped[int] = mapped_column(default=0)
    n_moved: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any] | None]
    model: Mapped[dict[str, Any] | None]
    computed_at: Mapped[datetime]


class Prediction(Table):
    """The published model's probabilities (K,) for a subject. One row a subject: a new model replaces them."""

    __tablename__ = "predictions"

    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    p: Mapped[list[Any]]
