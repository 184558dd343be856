"""Projects, their images and subjects, and what experts said of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from game.levels import GoldUse
from game.store.columns import Code, Id, ProjectId, Short, Table


class Project(Table):
    """What the database must remember of a folder under levels/: the order of its labels."""

    __tablename__ = "projects"

    id: Mapped[Id]
    slug: Mapped[Short] = mapped_column(unique=True)
    label_codes: Mapped[list[Any]]
    created_at: Mapped[datetime]


class Image(Table):
    __tablename__ = "images"

    id: Mapped[Id]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[Short]
    width_px: Mapped[int]
    height_px: Mapped[int]
    n_bytes: Mapped[int]


class Subject(Table):
    """An image, or the point (row, column) of one: pixels of the stored image, 0-based, from the top left.

    `photograph`: what the image was cut out of, None for a photograph of its own; `site`: where, None if not known.
    """

    __tablename__ = "subjects"

    id: Mapped[Id]
    code: Mapped[Code]
    project_id: Mapped[ProjectId]
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    row: Mapped[int | None]
    column: Mapped[int | None]
    photograph: Mapped[str | None] = mapped_column(String(255))
    site: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]

    __table_args__ = (
        # A plain unique constraint would let the same whole image in twice: NULL equals nothing.
        Index(
            "one_subject_a_place", "project_id", "image_id", text("coalesce(row, -1)"), text('coalesce("column", -1)'),
            unique=True,
        ),
    )  # fmt: skip


class ExpertLabel(Table):
    """The truth about a subject. No client route reads this table; `reference` rows are never used in play."""

    __tablename__ = "expert_labels"

    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), primary_key=True)
    project_id: Mapped[ProjectId]
    label: Mapped[int]
    use: Mapped[GoldUse] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(Text, default="")
    shuffle: Mapped[float]

    __table_args__ = (Index("gold_by_label", "project_id", "use", "label", "shuffle"),)
