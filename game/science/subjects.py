"""Subjects come in: points in images, labelled images, and the pictures that a package carries."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from game.artifacts.images import CheckedImage, ImageRefused, cut_ahead, keep_image
from game.errors import InvalidInput
from game.levels import GoldUse, Project, SubjectKind
from game.levels.openings import Believed, OpeningState, Tally, opening_states
from game.science.annotations import (
    CORALNET,
    Annotation,
    Annotations,
    Columns,
    Refused,
    Spot,
    annotation_of_package,
    read_annotations,
)
from game.science.gold import NO_GOLD, GoldShare, Truth, choose_gold
from game.science.labels import sync_labels
from game.store import Session, Store, science, subjects, transaction
from game.store.beliefs import TIE_BREAK
from game.store.science import Pixel
from game.store.tables import ExpertLabel, Image, Opening, Subject
from scoring.confusion import pooled

# (images done, images in all, the image's name).
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Destination:
    """Where subjects go: `images` is the image store (Settings.images)."""

    store: Store
    images: Path
    project: Project
    now: datetime
    rng: np.random.Generator


@dataclass(frozen=True)
class ImportReport:
    """Rows of the table: taken as new subjects, there already, or refused; `n_gold` of the taken ones are gold."""

    n_taken: int
    n_there: int
    n_gold: int
    refused: tuple[Refused, ...]


def import_points(
    to: Destination, folder: Path, annotations: Path, gold: GoldShare, progress: Progress
) -> ImportReport:
    """CoralNet's form (Name,Row,Column,Label); pictures in `folder`. Importing twice changes nothing.

    Raises InvalidInput for a file that is no such table, Conflict if the project's labels changed their order.
    """
    if to.project.subject_kind is not SubjectKind.POINT:
        raise InvalidInput(f"The subjects of {to.project.slug} are whole images: import labels, not points.")
    found = read_annotations(to.project, annotations, CORALNET)
    return _import(to, found, lambda file: folder / file, gold, progress)


def import_labelled_images(
    to: Destination, folder: Path, labels: Path, gold: GoldShare, progress: Progress
) -> ImportReport:
    """A table of whole images, its columns named by the project's [import]. Raises as import_points does."""
    if to.project.subject_kind is not SubjectKind.IMAGE:
        raise InvalidInput(f"The subjects of {to.project.slug} are points: import annotations with Row and Column.")
    columns = Columns(to.project.imports.file, to.project.imports.label)
    found = read_annotations(to.project, labels, columns)
    return _import(to, found, lambda file: folder / file, gold, progress)


def import_package(to: Destination, progress: Progress) -> ImportReport:
    """The pictures of the project's package, by its subjects.csv and gold.csv. Raises InvalidInput if it has none."""
    package = to.project.package
    if package is None:
        raise InvalidInput(f"The project {to.project.slug} has no package of pictures; import a folder of them.")
    files = enumerate(to.project.subjects, start=2)
    listed = tuple(annotation_of_package(to.project, line, file) for line, file in files)
    return _import(to, Annotations(listed, ()), package.path, NO_GOLD, progress)


def _import(
    to: Destination, found: Annotations, find: Callable[[str], Path], gold: GoldShare, progress: Progress
) -> ImportReport:
    """Image by image, each in a transaction of its own: an import that was interrupted can be run again."""
    by_file: dict[str, list[Annotation]] = {}
    for row in found.taken:
        by_file.setdefault(row.spot[0], []).append(row)
    present = {file: rows for file, rows in by_file.items() if find(file).is_file()}
    truths = choose_gold(to.project, [row for rows in present.values() for row in rows], gold)
    refused = [*found.refused]
    for file in by_file.keys() - present.keys():
        refused += _refuse_all(by_file[file], f"There is no picture “{file}” in {find(file).parent}.")
    n_taken = n_there = n_gold = 0
    for n_done, (file, rows) in enumerate(present.items(), start=1):
        report = _import_image(to, find(file), rows, truths)
        n_taken, n_there, n_gold = n_taken + report.n_taken, n_there + report.n_there, n_gold + report.n_gold
        refused += report.refused
        progress(n_done, len(present), file)
    return ImportReport(n_taken, n_there, n_gold, tuple(sorted(refused, key=lambda one: one.line)))


def _import_image(to: Destination, path: Path, rows: list[Annotation], truths: dict[Spot, Truth]) -> ImportReport:
    try:
        content = path.read_bytes()
    except OSError as problem:
        return ImportReport(0, 0, 0, _refuse_all(rows, f"{path.name} cannot be read: {problem.strerror}."))
    try:
        checked = keep_image(to.images, content)
    except ImageRefused as problem:
        return ImportReport(0, 0, 0, _refuse_all(rows, f"{path.name}: {problem}"))
    points = [(row, column) for _, row, column in (one.spot for one in rows) if row is not None and column is not None]
    if points:
        cut_ahead(to.images, checked.sha256, points, to.project.patch_px)
    with transaction(to.store) as session:
        return _add(session, to, checked, rows, truths)


def _add(
    session: Session, to: Destination, checked: CheckedImage, rows: list[Annotation], truths: dict[Spot, Truth]
) -> ImportReport:
    project_id = sync_labels(session, to.project, to.now)
    image_id = _image_id(session, checked)
    known = science.labels_of_image(session, project_id, image_id)
    taken: list[Annotation] = []
    refused: list[Refused] = []
    for row in rows:
        place, truth = row.spot[1:], truths.get(row.spot)
        label = None if truth is None else truth.label
        reason = _fault_of_place(checked, place) or _fault_of_change(to.project, known, place, label)
        if reason is not None:
            refused.append(Refused(row.line, reason))
        elif place not in known:
            known[place] = label
            taken.append(row)
    n_gold = _add_subjects(session, to, (project_id, image_id), taken, truths)
    return ImportReport(len(taken), len(rows) - len(taken) - len(refused), n_gold, tuple(refused))


def _image_id(session: Session, checked: CheckedImage) -> int:
    row = subjects.image_row(session, checked.sha256)
    if row is None:
        row = subjects.add_image(session, Image(**vars(checked)))
    return row.id


def _fault_of_place(checked: CheckedImage, place: Pixel) -> str | None:
    row, column = place
    if (row or 0) < checked.height_px and (column or 0) < checked.width_px:
        return None
    size = f"{checked.width_px} pixels wide and {checked.height_px} high"
    return f"The point (row {row}, column {column}) lies outside the picture, which is {size}."


def _fault_of_change(project: Project, known: dict[Pixel, int | None], place: Pixel, label: int | None) -> str | None:
    """An import adds; it never changes what experts said of a subject that people may have judged already."""
    if label is None or place not in known or known[place] == label:
        return None
    kept = known[place]
    said = "without a label" if kept is None else f"with the label {project.labels[kept].code}"
    return f"This subject is there already, {said}; an import does not change it to {project.labels[label].code}."


def _add_subjects(
    session: Session, to: Destination, ids: tuple[int, int], taken: list[Annotation], truths: dict[Spot, Truth]
) -> int:
    """`ids` of project and image. Returns how many became gold; gold has no opening, because it never leaves play."""
    project_id, image_id = ids
    added = [
        Subject(
            code=secrets.token_hex(6), project_id=project_id, image_id=image_id, name=row.spot[0], row=row.spot[1],
            column=row.spot[2], photograph=row.photograph, site=row.site, created_at=to.now,
        )
        for row in taken
    ]  # fmt: skip
    known: list[ExpertLabel] = []
    openings: list[Opening] = []
    n_gold = 0
    states = _states_of_a_newcomer(to.project)
    for row, subject_id in zip(taken, science.add_subjects(session, added), strict=True):
        truth = truths.get(row.spot)
        if truth is not None:
            known.append(
                ExpertLabel(
                    subject_id=subject_id, project_id=project_id, label=truth.label, use=truth.use, why=truth.why,
                    shuffle=float(to.rng.random()),
                )
            )  # fmt: skip
        if truth is None or truth.use is GoldUse.REFERENCE:
            openings += [_opening(project_id, subject_id, state, float(to.rng.random())) for state in states]
        else:
            n_gold += 1
    science.add_truths_and_openings(session, known, openings)
    return n_gold


def _states_of_a_newcomer(project: Project) -> list[OpeningState]:
    n_labels = len(project.labels)
    newcomer, unknown = pooled(np.zeros((0, n_labels, n_labels))), np.full(n_labels, 1 / n_labels)
    return opening_states(project, Believed(unknown, unknown, unknown, newcomer, None), Tally([], 0))


def _opening(project_id: int, subject_id: int, state: OpeningState, shuffle: float) -> Opening:
    return Opening(
        subject_id=subject_id, choice_set=state.choice_set, project_id=project_id,
        priority=state.priority + TIE_BREAK * shuffle, shuffle=shuffle,
    )  # fmt: skip


def _refuse_all(rows: Iterable[Annotation], reason: str) -> tuple[Refused, ...]:
    return tuple(Refused(row.line, reason) for row in rows)
