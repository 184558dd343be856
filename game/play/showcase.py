"""What a project shows of itself to a visitor: its pictures, how far it is, the levels and standings she would meet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from game.levels import GuidePage, Level, Project
from game.levels.openings import choice_masks
from game.play.figures import OwnFigures, Progress, own_figures, project_progress
from game.play.rounds import open_levels
from game.play.standings import Leaderboard, Period, leaderboard
from game.store import Session, pictures, subjects
from game.store.subjects import Place

PICTURES = 3
EXAMPLES = 4


@dataclass(frozen=True)
class Picture:
    """An image, or the point (row, column) in it; pixels, 0-based, from the top left."""

    sha256: str
    row: int | None
    column: int | None
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Card:
    """A project as home shows it: one whole picture, then what players judge. It can be played once it has pictures."""

    project: Project
    progress: Progress
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Overview:
    """A project's own page; `own` is None for a visitor."""

    card: Card
    open_levels: tuple[Level, ...]
    standings: Leaderboard
    own: OwnFigures | None


@dataclass(frozen=True)
class IllustratedPage:
    """A page of the field guide with examples that experts named."""

    page: GuidePage
    colour: str
    examples: tuple[Picture, ...]


def cards(session: Session, projects: Iterable[Project]) -> list[Card]:
    """Those that can be played first."""
    made = [_card(session, project) for project in projects]
    return sorted(made, key=lambda card: not card.pictures)


def overview(session: Session, project: Project, volunteer_id: int | None, now: datetime) -> Overview:
    return Overview(
        _card(session, project),
        tuple(open_levels(session, project, volunteer_id)),
        leaderboard(session, project, Period.WEEK, volunteer_id, now),
        None if volunteer_id is None else own_figures(session, project, volunteer_id),
    )


def illustrated_guide(session: Session, project: Project) -> list[IllustratedPage]:
    row = subjects.project_row(session, project.slug)
    masks = choice_masks(project)
    colours = {group.code: group.colour for group in project.groups}
    colours |= {label.code: label.colour for label in project.labels}
    made = []
    for page in project.guide:
        labels = [int(label) for label in np.flatnonzero(masks[page.code])] if page.code in masks else []
        found = [] if row is None else pictures.teaching_places(session, row.id, labels, EXAMPLES)
        made.append(IllustratedPage(page, colours[page.code], tuple(map(_picture, found))))
    return made


def tutorial_pictures(session: Session, project: Project) -> tuple[Picture, ...]:
    """As many as the tutorial has steps, or fewer."""
    row = subjects.project_row(session, project.slug)
    if row is None:
        return ()
    labels = range(len(project.labels))
    return tuple(map(_picture, pictures.teaching_places(session, row.id, labels, len(project.tutorial))))


def _card(session: Session, project: Project) -> Card:
    row = subjects.project_row(session, project.slug)
    found = [] if row is None else pictures.image_places(session, row.id, PICTURES)
    whole = [Picture(place.sha256, None, None, place.width_px, place.height_px) for place in found[:1]]
    return Card(project, project_progress(session, project), (*whole, *map(_picture, found[1:])))


def _picture(place: Place) -> Picture:
    return Picture(place.sha256, place.row, place.column, place.width_px, place.height_px)
