"""“Try it”: a visitor's own picture, kept for as long as the published model needs to look at it.

On her own device: what her browser needs to run the model there."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from game.artifacts.files import keep_file
from game.artifacts.folders import read_manifest
from game.artifacts.images import check_image
from game.errors import ArtifactError, InvalidInput, NotFound, TooMany
from game.levels import Project, SubjectKind
from game.science.jobs import JobView, find_job, request_job
from game.science.publish import model_of, published_model
from game.science.report import Report
from game.science.trainer import Guess, predict
from game.store import Session, jobs, subjects
from game.store.tables.publications import JobKind

# So many pictures may wait for one project's model; at 20 MB each they fill a gigabyte.
MAX_WAITING = 50

# (row, column) in stored pixels, from the top left.
Point = tuple[int, int]


@dataclass(frozen=True)
class DeviceModel:
    """`side_px` of the square that the model wants around a point, None if it wants whole pictures; `labels` (code,
    name) in the order of its probabilities."""

    version: int
    side_px: int | None
    labels: tuple[tuple[str, str], ...]
    n_bytes: int
    sha256: str


def point_of(project: Project, row: int | None, column: int | None) -> Point | None:
    """Where the model is to look; None for its own choice: the middle, or all of it. Raises InvalidInput."""
    if row is None and column is None:
        return None
    if project.subject_kind is not SubjectKind.POINT:
        raise InvalidInput("This project's model judges whole pictures: leave out row and column.")
    if row is None or column is None:
        raise InvalidInput("A point needs both a row and a column.")
    return row, column


def keep_upload(uploads: Path, picture: bytes, point: Point | None) -> str:
    """The name under which the picture waits for the model. Raises ImageRefused, InvalidInput."""
    checked = check_image(picture)
    if point is not None and not (0 <= point[0] < checked.height_px and 0 <= point[1] < checked.width_px):
        raise InvalidInput(
            "Row %(row)s, column %(column)s lies outside the picture of %(width)s × %(height)s pixels.",
            row=point[0], column=point[1], width=checked.width_px, height=checked.height_px,
        )  # fmt: skip
    name = secrets.token_hex(16)
    keep_file(uploads / name, picture)
    return name


def check_can_try(session: Session, project: Project) -> int:
    """The project's id. Raises NotFound if there is no model yet, TooMany if its queue is long."""
    row = subjects.project_row(session, project.slug)
    if row is None or published_model(session, project) is None:
        raise NotFound("The project “%(title)s” has no public model yet.", title=project.title)
    if len(jobs.unfinished(session, JobKind.PREDICT, row.id)) >= MAX_WAITING:
        raise TooMany("Many pictures wait for this model already. Please try again in a minute.")
    return row.id


def request_trial(session: Session, project: Project, upload: str, point: Point | None, now: datetime) -> JobView:
    """Asks what the published model says of an upload, or of its point (row, column); `guesses` has it in the end.

    Raises as `check_can_try`.
    """
    project_id = check_can_try(session, project)
    request: dict[str, Any] = {"upload": upload, "point": None if point is None else list(point)}
    return request_job(session, JobKind.PREDICT, project_id, "Somebody tried the model on a picture.", request, now)


def find_trial(session: Session, project: Project, code: str) -> JobView:
    """Raises NotFound."""
    job = find_job(session, code)
    if job.kind is not JobKind.PREDICT or job.project != project.slug:
        raise NotFound("There is no such picture on trial.")
    return job


def guesses(job: JobView) -> tuple[Guess, ...]:
    """The labels, best first; empty until the job is done."""
    return tuple(Guess(**label) for label in (job.result or {}).get("labels", ()))


def look_at(models_folder: Path, uploads: Path, folder: str, request: dict[str, Any], report: Report) -> list[Guess]:
    """What the model in `folder` says of the upload, which is removed. Raises NotFound if it was gone already."""
    picture = uploads / Path(str(request["upload"])).name
    if not picture.is_file():
        raise NotFound("The picture is not here any more; please send it again.")
    point = request.get("point")
    said = predict(models_folder / folder, picture, None if point is None else (int(point[0]), int(point[1])), report)
    picture.unlink(missing_ok=True)
    return said


def device_model(session: Session, project: Project, models_folder: Path) -> DeviceModel:
    """Raises NotFound if there is no public model, or none that runs outside of torch."""
    published = published_model(session, project)
    if published is None:
        raise NotFound("The project “%(title)s” has no public model yet.", title=project.title)
    folder = models_folder / published.folder
    try:
        kept = read_manifest(folder)["files"]["model.onnx"]
        labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["labels"]
        views = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))["views"]
    except (ArtifactError, OSError, KeyError):
        raise NotFound("This version of the model runs on the server only.") from None
    return DeviceModel(
        version=published.version,
        side_px=max((view["side_px"] for view in views if view["side_px"] is not None), default=None),
        labels=tuple((label["code"], label["name"]) for label in labels),
        n_bytes=int(kept["bytes"]),
        sha256=str(kept["sha256"]),
    )


def graph_path(session: Session, project: Project, models_folder: Path, version: int) -> Path:
    """Where a version's model.onnx is kept. Raises NotFound."""
    file = models_folder / model_of(session, project, version).folder / "model.onnx"
    if not file.is_file():
        raise NotFound("This version of the model runs on the server only.")
    return file
