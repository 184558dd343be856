"""Named queries about projects, images, subjects and what experts said of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.listed import Listed, among, over_listed
from game.store.prepared import Prepared, streamed
from game.store.tables import ExpertLabel, Image, Opening, Project, Subject


@dataclass(frozen=True)
class Place:
    """What a subject is of: an image, or its point (row, column) in pixels."""

    subject_id: int
    code: str
    sha256: str
    name: str
    row: int | None
    column: int | None
    width_px: int
    height_px: int
    photograph: str | None
    site: str | None


def project_row(session: Session, slug: str) -> Project | None:
    return session.scalar(select(Project).where(Project.slug == slug))


_PROJECT_ID = Prepared(select(Project.id).where(Project.slug == bindparam("slug")))


def project_id(session: Session, slug: str) -> int | None:
    found: int | None = _PROJECT_ID.scalar(session, {"slug": slug})
    return found


def add_project(session: Session, slug: str, label_codes: Sequence[str], now: datetime) -> Project:
    added = Project(slug=slug, label_codes=list(label_codes), created_at=now)
    session.add(added)
    session.flush()
    return added


def image_row(session: Session, sha256: str) -> Image | None:
    return session.scalar(select(Image).where(Image.sha256 == sha256))


def has_point(session: Session, sha256: str, row: int, column: int) -> bool:
    """Whether some subject is this point of this image."""
    found = select(Subject.id).join(Image).where(Image.sha256 == sha256, Subject.row == row, Subject.column == column)
    return session.scalar(found.limit(1)) is not None


def add_image(session: Session, image: Image) -> Image:
    session.add(image)
    session.flush()
    return image


def subjects_of_image(session: Session, project_id: int, image_id: int) -> dict[tuple[int | None, int | None], int]:
    """(row, column) → subject id; (None, None) for the whole image."""
    rows = select(Subject.row, Subject.column, Subject.id)
    found = session.execute(rows.where(Subject.project_id == project_id, Subject.image_id == image_id))
    return {(row, column): subject_id for row, column, subject_id in found}


def add_subject(session: Session, subject: Subject) -> int:
    session.add(subject)
    session.flush()
    return subject.id


def add_expert_label(session: Session, label: ExpertLabel) -> None:
    session.add(label)


def add_openings(session: Session, openings: Sequence[Opening]) -> None:
    session.add_all(openings)


def expert_label(session: Session, subject_id: int) -> ExpertLabel | None:
    return session.get(ExpertLabel, subject_id)


_N_HIDDEN_GOLD = Prepared(
    over_listed("""
SELECT (SELECT count(*) FROM (
    SELECT 1 FROM expert_labels
    WHERE project_id = :project_id AND use = 'hidden' AND label = listed.value ORDER BY shuffle LIMIT :most
) AS enough) FROM {listed}
""")
)


def n_hidden_gold(session: Session, project_id: int, labels: Sequence[int], most: int) -> list[int]:
    """How many subjects of hidden gold each of these labels has; counting stops at `most`."""
    return _N_HIDDEN_GOLD.scalars(session, {"project_id": project_id, "ids": labels, "most": most})


def expert_labels(session: Session, project_id: int, uses: Sequence[GoldUse]) -> dict[int, tuple[int, GoldUse]]:
    """Subject id → (label, use), for the science side, tests and the simulator."""
    rows = select(ExpertLabel.subject_id, ExpertLabel.label, ExpertLabel.use)
    found = session.execute(rows.where(ExpertLabel.project_id == project_id, ExpertLabel.use.in_(uses)))
    return {subject_id: (label, GoldUse(use)) for subject_id, label, use in found}


def gold_among(session: Session, subject_ids: Sequence[int]) -> set[int]:
    """Those that are hidden or teaching gold."""
    rows = select(ExpertLabel.subject_id).where(ExpertLabel.subject_id.in_(subject_ids))
    return set(session.scalars(rows.where(ExpertLabel.use != GoldUse.REFERENCE)))


def places(session: Session, subject_ids: Sequence[int]) -> dict[int, Place]:
    rows = _PLACES_LISTED.all(session, {"ids": subject_ids})
    return {row[0]: Place(*row) for row in rows}


def places_of_project(session: Session, project_id: int) -> Iterator[Place]:
    """In the order of their ids, as they are wanted."""
    ordered = _PLACES.where(Subject.project_id == project_id).order_by(Subject.id)
    for some in streamed(session, ordered):
        for row in some:
            yield Place(*row)


def n_subjects(session: Session, project_id: int) -> int:
    return session.scalar(select(func.count()).where(Subject.project_id == project_id)) or 0


# In the order of Place.
_PLACES: Any = select(
    Subject.id, Subject.code, Image.sha256, Subject.name, Subject.row, Subject.column, Image.width_px, Image.height_px,
    Subject.photograph, Subject.site,
).join(Image)  # fmt: skip
_PLACES_LISTED = Prepared(_PLACES.where(among(Subject.id, bindparam("ids", type_=Listed()))))
