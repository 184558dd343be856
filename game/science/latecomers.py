"""Subjects that came in after the public model's release: it looks at them now, and play hears it of them, too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from game.artifacts.folders import verify
from game.artifacts.images import image_path
from game.errors import NotFound
from game.levels import Project
from game.science.decisions import held_project
from game.science.predictions import Predictions, predictions_among
from game.science.priorities import renew
from game.science.report import Report
from game.science.trainer import Spot, predict_all
from game.store import Store, beliefs, reading, subjects, transaction
from game.store import models as kept
from game.store.subjects import Place
from game.store.tables import Model

# So many are in memory, are kept in one transaction, and are looked at again if the worker dies.
SUBJECTS_AT_ONCE = 250
# Then the thread is free for what waits; what is left is the next job's.
SUBJECTS_IN_ONE_JOB = 1_000


@dataclass(frozen=True)
class CaughtUp:
    """The public model's `version` has said what it thinks of `n_predicted` subjects more; of `n_without` it has not
    yet. `unseen`: some of these it has not been asked about, because the job was long enough."""

    version: int
    n_predicted: int
    n_without: int
    unseen: bool


def catch_up(store: Store, project: Project, models: Path, images: Path, report: Report) -> CaughtUp:
    """Idempotent; what breaks off goes on where it was. Ends early if another model becomes public meanwhile.

    Raises NotFound without a public model, ArtifactError if its files are damaged, and as trainer.fit does.
    """
    with reading(store) as session:
        row = subjects.project_row(session, project.slug)
        model = None if row is None else kept.published_model(session, row.id)
    if row is None or model is None:
        raise NotFound(f"The project “{project.title}” has no public model yet.")
    verify(models / model.folder)
    n_predicted, unseen = 0, False
    for portion in _portions(store, row.id):
        predictions = _predictions(models / model.folder, project, images, portion, report)
        still_public = _keep(store, project, model, predictions)
        n_predicted += len(predictions) if still_public else 0
        unseen = not still_public or n_predicted >= SUBJECTS_IN_ONE_JOB
        if unseen:
            break
    with reading(store) as session:
        return CaughtUp(model.version, n_predicted, kept.n_without_prediction(session, row.id), unseen)


def _portions(store: Store, project_id: int) -> Iterator[list[Place]]:
    """All subjects without a prediction, in the order of their ids."""
    after = 0
    while True:
        with reading(store) as session:
            portion = kept.without_prediction(session, project_id, after, SUBJECTS_AT_ONCE)
        if not portion:
            return
        yield portion
        after = portion[-1].subject_id


def _predictions(folder: Path, project: Project, images: Path, portion: Sequence[Place], report: Report) -> Predictions:
    """What the folder says of a subject stands: there it is judged by a head that saw nothing of its image. The model
    itself looks at those only that its release did not know, of which it has learned nothing."""
    known = predictions_among(folder, project, {one.code: one.subject_id for one in portion})
    there = {subject_id for subject_id, _ in known}
    strange = _by_picture(images, [one for one in portion if one.subject_id not in there])
    # Models of before there was a model.onnx would need torch, and minutes.
    said = predict_all(folder, strange, report) if strange and (folder / "model.onnx").is_file() else {}
    return known + [(one, [p.get(label.code, 0.0) for label in project.labels]) for one, p in said.items()]


def _by_picture(images: Path, places: Sequence[Place]) -> dict[Path, list[Spot]]:
    """A picture whose file is lost is left out."""
    found: dict[Path, list[Spot]] = {}
    for one in places:
        try:
            found.setdefault(image_path(images, one.sha256), []).append((one.subject_id, one.row, one.column))
        except NotFound:
            continue
    return found


def _keep(store: Store, project: Project, model: Model, predictions: Predictions) -> bool:
    """Each with how soon play wants its subject. False if another model is public by now: its rows stay as they are."""
    with transaction(store) as session:
        project_id = held_project(session, project)
        public = kept.published_model(session, project_id)
        if public is None or public.id != model.id:
            return False
        kept.keep_predictions(session, project_id, model.id, predictions)
        in_play = kept.in_play_among(session, [subject_id for subject_id, _ in predictions])
        renew(session, project, beliefs.latest_aggregate(session, project_id), in_play)
    return True
