"""Named queries of the science side: subjects in bulk, all answers of a project, and beliefs in bulk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Select, bindparam, case, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from game.store.beliefs import TIE_BREAK
from game.store.columns import Instant
from game.store.prepared import ROWS_AT_ONCE, Prepared, streamed
from game.store.rounds import COUNTS
from game.store.said import AllSaid, ById, all_of
from game.store.tables import (
    Aggregate,
    Classification,
    Consensus,
    ExpertLabel,
    Opening,
    Prediction,
    Reliability,
    Subject,
    Volunteer,
)
from game.store.upsert import keep_all

# (row, column); (None, None) for a whole image.
Pixel = tuple[int | None, int | None]


class Renewed(NamedTuple):
    """What an opening becomes; a reason of None (re-)opens it."""

    subject_id: int
    choice_set: str
    priority: float
    reason: str | None


# Rows come as they are wanted, not all of them at once.
STREAMED = {"yield_per": ROWS_AT_ONCE}

_OPENING: Any = Opening.__table__
_RENEW_OPENING = Prepared(
    update(_OPENING)
    .where(_OPENING.c.subject_id == bindparam("of_subject"), _OPENING.c.choice_set == bindparam("of_set"))
    .values(
        priority=bindparam("new_priority") + TIE_BREAK * _OPENING.c.shuffle,
        reason=bindparam("new_reason"),
        retired_at=case(
            (bindparam("stays"), None),
            else_=func.coalesce(_OPENING.c.retired_at, bindparam("left_at", type_=Instant())),
        ),
    )
)


def labels_of_image(session: Session, project_id: int, image_id: int) -> dict[Pixel, int | None]:
    """Every subject of an image → the experts' label, None where they gave none."""
    rows = select(Subject.row, Subject.column, ExpertLabel.label).outerjoin(
        ExpertLabel, ExpertLabel.subject_id == Subject.id
    )
    found = session.execute(rows.where(Subject.project_id == project_id, Subject.image_id == image_id))
    return {(row, column): label for row, column, label in found}


def add_subjects(session: Session, added: Sequence[Subject]) -> list[int]:
    """Their ids, in the same order."""
    session.add_all(added)
    session.flush()
    return [subject.id for subject in added]


def add_truths_and_openings(session: Session, truths: Sequence[ExpertLabel], openings: Sequence[Opening]) -> None:
    session.add_all(truths)
    session.add_all(openings)
    session.flush()


def forget_beliefs(session: Session, project_id: int) -> None:
    """Throws away what can be computed again: every posterior, confusion matrix and prediction of a project."""
    for table in (Consensus, Reliability, Prediction):
        session.execute(delete(table).where(table.project_id == project_id))


def answers_of_project(session: Session, project_id: int) -> AllSaid:
    """Every counting classification, in the order in which they were given."""
    return all_of(streamed(session, said_in(project_id).order_by(Classification.id)))


def extent_of_answers(session: Session, subject_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Subject id → (how many classifications count, the newest one's id): another answer, or one less, changes it."""
    rows = select(Classification.subject_id, func.count(), func.max(Classification.id))
    counted = rows.where(COUNTS, Classification.subject_id.in_(subject_ids)).group_by(Classification.subject_id)
    return {subject_id: (n, newest) for subject_id, n, newest in session.execute(counted)}


def take_consensuses(session: Session, subject_ids: Sequence[int]) -> set[int]:
    """Keeps the subjects' consensus from changing until the transaction ends; returns those that play is changing now.

    Whoever waits for them while others wait for her comes to a standstill: they are not waited for. The subjects are
    held, as play holds them: a consensus that is only about to be added cannot be.
    """
    return _busy(session, Subject.id, subject_ids)


def take_reliabilities(session: Session, volunteer_ids: Sequence[int]) -> set[int]:
    """The same for volunteers' reliabilities, which belong to whoever holds the volunteer."""
    return _busy(session, Volunteer.id, volunteer_ids)


def subjects_retired(session: Session, project_id: int, reason: str) -> set[int]:
    """Ids of the subjects that left play for this reason."""
    rows = select(Opening.subject_id).where(Opening.project_id == project_id, Opening.reason == reason)
    return set(session.scalars(rows.distinct()))


def take_unanswered(session: Session, subject_ids: Sequence[int]) -> set[int]:
    """Those without a counting classification; nobody can answer them until the transaction ends."""
    ids = select(Subject.id).where(Subject.id.in_(subject_ids))
    taken = set(session.scalars(ids.with_for_update(key_share=True, skip_locked=True)))
    return taken - extent_of_answers(session, subject_ids).keys()


def consensus_labels(session: Session, project_id: int) -> dict[int, int]:
    """Subject id → the label of its consensus, of every subject that was answered."""
    rows = select(Consensus.subject_id, Consensus.label).where(Consensus.project_id == project_id)
    return dict(session.execute(rows).all())


def predictions(session: Session, project_id: int, model_id: int) -> ById:
    """By subject: this model's p (K,)."""
    rows = select(Prediction.subject_id, Prediction.p).where(Prediction.project_id == project_id)
    ordered = rows.where(Prediction.model_id == model_id).order_by(Prediction.subject_id)
    found = session.execute(ordered, execution_options=STREAMED)
    parts = [list(zip(*some, strict=True)) for some in found.partitions()]
    ids, p = ([np.array(part[place]) for part in parts] for place in (0, 1))
    return ById(np.concatenate(ids), np.concatenate(p)) if parts else ById(np.zeros(0, np.int64), np.zeros((0, 0)))


def add_aggregate(session: Session, run: Aggregate) -> None:
    session.add(run)


def keep_figures(session: Session, project_id: int, drawn: dict[str, Any] | None) -> None:
    """With the newest aggregation, which has drawn them."""
    newest = select(func.max(Aggregate.id)).where(Aggregate.project_id == project_id).scalar_subquery()
    session.execute(update(Aggregate).where(Aggregate.id == newest).values(figures=drawn))


def keep_reliabilities(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Adds or replaces rows of Reliability."""
    keep_all(session, Reliability, rows)


def keep_consensuses(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Adds or replaces rows of Consensus."""
    keep_all(session, Consensus, rows)


def renew_openings(session: Session, renewed: Sequence[Renewed], now: datetime) -> None:
    """A subject that stays retired keeps the time at which it left play."""
    _RENEW_OPENING.run(
        session,
        [
            {
                "of_subject": one.subject_id, "of_set": str(one.choice_set), "new_priority": one.priority,
                "new_reason": one.reason, "stays": one.reason is None, "left_at": now,
            }
            for one in renewed
        ],
    )  # fmt: skip


def said_in(project_id: int) -> Select[int, int, int, str | None, Any, int]:
    """The columns of Said, of a project's classifications that count."""
    columns = select(
        Classification.id, Classification.subject_id, Classification.volunteer_id, Classification.choice,
        Classification.abstention, Classification.shown_ms,
    )  # fmt: skip
    return columns.where(COUNTS, Classification.project_id == project_id)


def _busy(session: Session, key: InstrumentedAttribute[int], ids: Sequence[int]) -> set[int]:
    """SQLite, with its only writer, locks no rows: there nothing is ever busy."""
    rows = select(key).where(key.in_(ids)).order_by(key)
    return set(ids) - set(session.scalars(rows.with_for_update(key_share=True, skip_locked=True)))
