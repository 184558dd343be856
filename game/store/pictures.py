"""Named queries about pictures that a project may show to anyone: teaching gold, and whole images of its subjects."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.prepared import Prepared
from game.store.subjects import Place, places
from game.store.tables import ExpertLabel

IMAGES_LOOKED_AT = 60


def teaching_places(session: Session, project_id: int, labels: Sequence[int], limit: int) -> list[Place]:
    """Teaching gold of these labels; always the same ones, so that a guide does not change under its reader."""
    return _in_order(session, first_by_lot(session, project_id, GoldUse.TEACHING, labels, limit))


def first_by_lot(session: Session, project_id: int, use: GoldUse, labels: Sequence[int], limit: int) -> list[int]:
    """Ids of the subjects that come first by their shuffle. Label by label, as the index has them: nobody sorts all."""
    of_label = select(ExpertLabel.shuffle, ExpertLabel.subject_id).where(
        ExpertLabel.project_id == project_id, ExpertLabel.use == use
    )
    ordered = of_label.order_by(ExpertLabel.shuffle).limit(limit)
    found = [
        (shuffle, subject_id)
        for label in labels
        for shuffle, subject_id in session.execute(ordered.where(ExpertLabel.label == label))
    ]
    return [subject_id for _, subject_id in sorted(found)[:limit]]


# From one image to the next by the index: a project may have millions of subjects, and of each image hundreds.
_IMAGES = Prepared(
    text("""
WITH RECURSIVE looked_at(image_id, n) AS (
    SELECT min(image_id), 1 FROM subjects WHERE project_id = :project_id
    UNION ALL
    SELECT (
        SELECT min(subjects.image_id) FROM subjects
        WHERE subjects.project_id = :project_id AND subjects.image_id > looked_at.image_id
    ), n + 1
    FROM looked_at WHERE image_id IS NOT NULL AND n < :most
)
SELECT (
    SELECT min(subjects.id) FROM subjects
    WHERE subjects.project_id = :project_id AND subjects.image_id = largest.id
) FROM (
    SELECT images.id, images.width_px * images.height_px AS size FROM looked_at JOIN images ON images.id = image_id
    ORDER BY 2 DESC, 1 LIMIT :limit
) AS largest ORDER BY size DESC, largest.id
""")
)


def image_places(session: Session, project_id: int, limit: int) -> list[Place]:
    """One subject of each of the largest among a project's first images."""
    named = {"project_id": project_id, "most": IMAGES_LOOKED_AT, "limit": limit}
    return _in_order(session, _IMAGES.scalars(session, named))


def _in_order(session: Session, subject_ids: list[int]) -> list[Place]:
    found = places(session, subject_ids)
    return [found[subject_id] for subject_id in subject_ids]
