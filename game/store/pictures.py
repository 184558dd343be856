"""Named queries about pictures that a project may show to anyone: teaching gold, and whole images of its subjects."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.subjects import Place, places
from game.store.tables import ExpertLabel, Image, Subject


def teaching_places(session: Session, project_id: int, labels: Sequence[int], limit: int) -> list[Place]:
    """Teaching gold of these labels; always the same ones, so that a guide does not change under its reader."""
    teaching = (ExpertLabel.project_id == project_id, ExpertLabel.use == GoldUse.TEACHING)
    ids = select(ExpertLabel.subject_id).where(*teaching, ExpertLabel.label.in_(labels))
    return _in_order(session, list(session.scalars(ids.order_by(ExpertLabel.shuffle).limit(limit))))


def image_places(session: Session, project_id: int, limit: int) -> list[Place]:
    """One subject of each of the project's largest images."""
    of_image = select(func.min(Subject.id)).where(Subject.project_id == project_id).group_by(Subject.image_id)
    largest_first = of_image.join(Image).order_by(func.max(Image.width_px * Image.height_px).desc(), Subject.image_id)
    return _in_order(session, list(session.scalars(largest_first.limit(limit))))


def _in_order(session: Session, subject_ids: list[int]) -> list[Place]:
    found = places(session, subject_ids)
    return [found[subject_id] for subject_id in subject_ids]
