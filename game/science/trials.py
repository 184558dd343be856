"""“Try it”: a visitor's own picture, kept for as long as the published model needs to look at it."""

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from game.artifacts.files import keep_file
from game.artifacts.images import check_image
from game.errors import NotFound
from game.levels import Project
from game.science.jobs import JobView, request_job
from game.science.publish import published_model
from game.science.report import Report
from game.science.trainer import Guess, predict
from game.store import Session, subjects
from game.store.tables.publications import JobKind


def keep_upload(uploads: Path, picture: bytes) -> str:
    """The name under which the picture waits for the model. Raises ImageRefused with the reason."""
    check_image(picture)
    name = secrets.token_hex(16)
    keep_file(uploads / name, picture)
    return name


def request_trial(
    session: Session, project: Project, upload: str, point: tuple[int, int] | None, now: datetime
) -> JobView:
    """Asks what the published model says of an upload, or of its point (row, column); `guesses` has it in the end.

    Raises NotFound if there is no model yet.
    """
    row = subjects.project_row(session, project.slug)
    if row is None or published_model(session, project) is None:
        raise NotFound(f"The project “{project.title}” has no public model yet.")
    request: dict[str, Any] = {"upload": upload, "point": None if point is None else list(point)}
    return request_job(session, JobKind.PREDICT, row.id, "Somebody tried the model on a picture.", request, now)


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
