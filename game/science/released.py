"""Releases that were made, as anyone may see them."""

from dataclasses import dataclass
from datetime import datetime

from game.errors import NotFound
from game.levels import Project
from game.store import Session, publications, subjects
from game.store.tables import Release


@dataclass(frozen=True)
class Published:
    """A release as anyone may see it. `archive` (the public edition) and `folder` are relative to Settings.releases."""

    version: int
    created_at: datetime
    includes_simulated: bool
    counts: dict[str, int]
    code_version: str
    folder: str
    archive: str
    archive_sha256: str


def releases(session: Session, project: Project) -> list[Published]:
    """Newest first."""
    row = subjects.project_row(session, project.slug)
    return [] if row is None else [published(one) for one in publications.releases(session, row.id)]


def release(session: Session, project: Project, version: int) -> Published:
    """Raises NotFound."""
    for one in releases(session, project):
        if one.version == version:
            return one
    raise NotFound(f"The project “{project.title}” has no release {version}.")


def published(row: Release) -> Published:
    return Published(
        row.version, row.created_at, row.includes_simulated, dict(row.counts), row.code_version, row.folder,
        row.archive, row.archive_sha256,
    )  # fmt: skip
