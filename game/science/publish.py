"""The gate: a trained model becomes the public one only if it beats the public one on the same hold-out subjects."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from game.artifacts.folders import verify
from game.errors import ArtifactError, NotFound
from game.levels import Project
from game.science.priorities import renew_priorities
from game.store import Session, Store, reading, subjects, transaction
from game.store import models as kept
from game.store.tables import Model
from game.store.tables.publications import ModelState

# What anyone may download. Hold-out and predictions stay inside: they would tell which subjects are gold.
PUBLIC_FILES = (
    "model.safetensors", "labels.json", "preprocessing.json", "metrics.json", "card.md", "card-child.md",
    "per_label.csv", "reliability.csv", "coverage.csv", "cover.csv", "learning_curve.csv", "manifest.json",
)  # fmt: skip


@dataclass(frozen=True)
class ModelView:
    """A version of a project's model as anyone may see it. `folder` is relative to Settings.models."""

    version: int
    state: ModelState
    reason: str
    metrics: dict[str, Any]
    created_at: datetime
    release_version: int
    folder: str
    files: tuple[str, ...] = PUBLIC_FILES


@dataclass(frozen=True)
class HoldOut:
    """Subject's code → (true label, label given by the model), both codes."""

    labels: Mapping[str, tuple[str, str]]

    def n_right(self, among: set[str]) -> int:
        return sum(self.labels[code][0] == self.labels[code][1] for code in among)

    @property
    def n_majority(self) -> int:
        """How many subjects the commonest true label would get right."""
        return max(Counter(true for true, _ in self.labels.values()).values())


@dataclass(frozen=True)
class _Candidate:
    """What the gate needs of a model folder, read before any row is touched. `predictions`: (subject id, p (K,))."""

    folder: str
    release_version: int
    metrics: dict[str, Any]
    hold_out: HoldOut
    predictions: Sequence[tuple[int, list[float]]]
    judged_at: datetime


def publish(store: Store, project: Project, models_folder: Path, folder: str, now: datetime) -> ModelView:
    """Publishes or rejects the model in `models_folder/folder`, once; a second time only its priorities are renewed.

    All rows change in one transaction: whatever happens before its end leaves the published model as it was. Raises
    ArtifactError for a damaged folder, NotFound if the project has no subjects.
    """
    with reading(store) as session:
        project_id = _project_id(session, project)
        judged = next((view for view in _views(session, project_id) if view.folder == folder), None)
        known = kept.subject_ids(session, project_id)
    if judged is None:
        candidate = _candidate(project, known, models_folder, folder, now)
        judged = _judge(store, project, project_id, candidate, models_folder)
    if judged.state is ModelState.PUBLISHED:
        renew_priorities(store, project, project_id)
    return judged


def models(session: Session, project: Project) -> list[ModelView]:
    """Newest first; empty before the first model."""
    row = subjects.project_row(session, project.slug)
    return [] if row is None else _views(session, row.id)


def model_of(session: Session, project: Project, version: int) -> ModelView:
    """Raises NotFound."""
    for view in models(session, project):
        if view.version == version:
            return view
    raise NotFound(f"The project “{project.title}” has no model of version {version}.")


def published_model(session: Session, project: Project) -> ModelView | None:
    return next((view for view in models(session, project) if view.state is ModelState.PUBLISHED), None)


def verdict(new: HoldOut, old: HoldOut | None) -> tuple[bool, str]:
    """Whether the new model is to be published, and why or why not in one sentence."""
    both = set() if old is None else new.labels.keys() & old.labels.keys()
    n_new = new.n_right(both or set(new.labels))
    n = len(both or new.labels)
    if old is None or not both:
        n_old, rival = new.n_majority, "the commonest label alone"
    else:
        n_old, rival = old.n_right(both), "the published model"
    found = f"It recognises {n_new} of {n} hold-out subjects ({n_new / n:.1%}), {rival} {n_old} ({n_old / n:.1%})"
    return n_new > n_old, f"{found}." if n_new > n_old else f"{found}: it would have to be better."


def read_hold_out(folder: Path) -> HoldOut:
    """Raises ArtifactError if the folder holds none."""
    rows = _rows(folder / "holdout.csv")
    if not rows:
        raise ArtifactError(f"The model in {folder.name} was measured on no hold-out subject, so it cannot be judged.")
    return HoldOut({row["subject"]: (row["true"], _best(row)) for row in rows})


def _judge(store: Store, project: Project, project_id: int, candidate: _Candidate, models_folder: Path) -> ModelView:
    with transaction(store) as session:
        release_id = kept.release_id(session, project_id, candidate.release_version)
        if release_id is None:
            raise ArtifactError(f"{candidate.folder} was trained on a release that this database does not know.")
        published = kept.published_model(session, project_id)
        old = None if published is None else _hold_out_of(models_folder / published.folder)
        better, reason = verdict(candidate.hold_out, old)
        state = ModelState.PUBLISHED if better else ModelState.REJECTED
        judged = Model(
            project_id=project_id, release_id=release_id, state=state, reason=reason, folder=candidate.folder,
            metrics=candidate.metrics, created_at=candidate.judged_at,
        )  # fmt: skip
        kept.add_model(session, judged)
        if better:
            if published is not None:
                published.state = ModelState.REPLACED
            kept.replace_predictions(session, project_id, judged.id, candidate.predictions)
        return next(view for view in _views(session, project_id) if view.version == judged.version)


def _candidate(
    project: Project, known: Mapping[str, int], models_folder: Path, folder: str, now: datetime
) -> _Candidate:
    path = models_folder / folder
    manifest = verify(path)
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    predictions = _predictions(path, project, known)
    return _Candidate(folder, int(manifest["release"]), metrics, read_hold_out(path), predictions, now)


def _hold_out_of(folder: Path) -> HoldOut | None:
    """None if the published model's files are lost: then there is nothing to compare with."""
    try:
        return read_hold_out(folder)
    except ArtifactError:
        return None


def _predictions(folder: Path, project: Project, known: Mapping[str, int]) -> list[tuple[int, list[float]]]:
    """(subject id, p (K,) in the project's order); a label that the model does not know has probability 0."""
    columns = [f"p_{label.code}" for label in project.labels]
    rows = _rows(folder / "predictions.csv")
    unknown = [row["subject"] for row in rows if row["subject"] not in known]
    if unknown or not rows:
        raise ArtifactError(f"predictions.csv of {folder.name} does not fit the project: {unknown[:3] or 'no rows'}.")
    return [(known[row["subject"]], [float(row.get(column) or 0) for column in columns]) for row in rows]


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))
    except FileNotFoundError:
        raise ArtifactError(f"{file.name} is missing in {file.parent.name}.") from None


def _best(row: Mapping[str, str]) -> str:
    p = {name.removeprefix("p_"): float(text) for name, text in row.items() if name.startswith("p_")}
    return max(p, key=lambda code: p[code])


def _project_id(session: Session, project: Project) -> int:
    row = subjects.project_row(session, project.slug)
    if row is None:
        raise NotFound(f"The project “{project.title}” has no subjects yet.")
    return row.id


def _views(session: Session, project_id: int) -> list[ModelView]:
    return [
        ModelView(
            row.version, ModelState(row.state), row.reason, row.metrics, row.created_at, release_version, row.folder
        )
        for row, release_version in kept.models_of_project(session, project_id)
    ]
