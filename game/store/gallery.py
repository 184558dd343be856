"""Named queries about subjects whose label anyone may see beside what the published model says of them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session, aliased

from game.levels import ChoiceSet, GoldUse
from game.store.pictures import first_by_lot
from game.store.tables import Consensus, ExpertLabel, Image, Opening, Prediction, Subject
from scoring.retirement import RetirementReason


class Predicted(NamedTuple):
    """A subject with a place to look at, its label, and what the model says of it, p (K,)."""

    sha256: str
    row: int | None
    column: int | None
    label: int
    p: list[float]


def settled(session: Session, project_id: int, finest: ChoiceSet, limit: int) -> list[Predicted]:
    """Subjects that left play because the consensus on their label was sure; by lot, and always the same lot."""
    still = aliased(Opening)
    in_play = select(still.subject_id).where(still.subject_id == Opening.subject_id, still.retired_at.is_(None))
    rows = (
        select(Image.sha256, Subject.row, Subject.column, Consensus.label, Prediction.p)
        .select_from(Opening)
        .join(Subject, Subject.id == Opening.subject_id)
        .join(Image, Image.id == Subject.image_id)
        .join(Consensus, Consensus.subject_id == Subject.id)
        .join(Prediction, Prediction.subject_id == Subject.id)
        .where(
            Opening.project_id == project_id,
            Opening.choice_set == finest,
            Opening.reason == literal_column(f"'{RetirementReason.CONFIDENT}'"),
            ~in_play.exists(),
        )
    )
    by_lot = rows.order_by(Opening.shuffle, Opening.subject_id)
    return [Predicted(*row) for row in session.execute(by_lot.limit(limit))]


def teaching(session: Session, project_id: int, labels: Sequence[int], limit: int) -> list[Predicted]:
    """Subjects that explain themselves to whoever answers them, with their experts' label."""
    ids = first_by_lot(session, project_id, GoldUse.TEACHING, labels, limit)
    rows = (
        select(Image.sha256, Subject.row, Subject.column, ExpertLabel.label, Prediction.p)
        .select_from(ExpertLabel)
        .join(Subject, Subject.id == ExpertLabel.subject_id)
        .join(Image, Image.id == Subject.image_id)
        .join(Prediction, Prediction.subject_id == Subject.id)
        .where(Subject.id.in_(ids))
    )
    return [Predicted(*row) for row in session.execute(rows.order_by(ExpertLabel.shuffle, Subject.id))]
