"""Bringing a trained model to the gate: it is published or rejected, with the gate's reasons, in one transaction."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from game.artifacts.folders import MANIFEST, verify
from game.errors import ArtifactError, Conflict, NotFound
from game.levels import Project
from game.science.decisions import GATE, freeze_in_force, frozen_sentence, held_project
from game.science.gate import LEVEL, Trial, against_commonest, against_model
from game.science.holdouts import HoldOut, beside_commonest, pair, read_hold_out
from game.science.predictions import Predictions, read_predictions
from game.science.priorities import renew_priorities
from game.science.reasons import Rival, reasons, silence
from game.store import Session, Store, decisions, reading, subjects, transaction
from game.store import models as kept
from game.store.tables import Decision, Model
from game.store.tables.publications import DecisionKind, ModelState

# What anyone may download. Hold-out and predictions stay inside: they would tell which subjects are gold.
PUBLIC_FILES = (
    "model.safetensors", "model.onnx", "labels.json", "preprocessing.json", "metrics.json", "pictures.json",
    "card.md", "card-child.md", "figures.csv", "per_label.csv", "confusion.csv", "reliability.csv", "coverage.csv",
    "cover.csv", "learning_curve.csv", "ways.csv", "manifest.json",
)  # fmt: skip


@dataclass(frozen=True)
class ModelView:
    """A version of a project's model as anyone may see it. `folder` is relative to Settings.models.

    `reasons`: why the gate published or rejected it, `reason` all of them; `verdict` its figures (gate.Trial), None of
    a model that an older Fathom has judged.
    """

    version: int
    state: ModelState
    reason: str
    metrics: dict[str, Any]
    created_at: datetime
    release_version: int
    folder: str
    files: tuple[str, ...] = PUBLIC_FILES
    verdict: dict[str, Any] | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reason,) if self.verdict is None else tuple(self.verdict["reasons"])


class FrozenError(Conflict):
    """No new model becomes public until the science team thaws the public one."""


@dataclass(frozen=True)
class _Rival:
    """The published model that a candidate was compared with; `folder` None: there was none."""

    version: int | None
    folder: str | None


@dataclass(frozen=True)
class _Candidate:
    """What the gate knows of a model folder, and found, before any row is touched."""

    folder: str
    release_version: int
    metrics: dict[str, Any]
    predictions: Predictions
    rival: _Rival
    verdict: dict[str, Any]
    judged_at: datetime


def publish(store: Store, project: Project, models_folder: Path, folder: str, now: datetime) -> ModelView:
    """Publishes or rejects the model in `models_folder/folder`, once; a second time only its priorities are renewed.

    All rows change in one transaction: whatever happens before its end leaves the published model as it was. Raises
    ArtifactError for a damaged folder, NotFound if the project has no subjects, FrozenError.
    """
    judged = None
    while judged is None:
        with reading(store) as session:
            project_id = _project_id(session, project)
            judged = next((view for view in _views(session, project_id) if view.folder == folder), None)
            known, rival = kept.subject_ids(session, project_id), _rival(session, project_id)
        if judged is None:
            candidate = _candidate(project, known, models_folder, folder, rival, now)
            judged = _keep(store, project, candidate)
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


def judge(project: Project, new: HoldOut, old: HoldOut | None, version: int | None, seed: int) -> dict[str, Any]:
    """The gate's findings, with `passed` and `reasons`: beside the published model (`old`, of this version) on the
    subjects that both held out; where there are none, beside the commonest label."""
    # The web imports this module, and has no use for numpy's generators.
    from numpy.random import default_rng

    names = {label.code: label.name for label in project.labels}
    paired = None if old is None else pair(new, old)
    if paired is None:
        trial = against_commonest(beside_commonest(new), default_rng(seed))
        rival = Rival(len(new.subjects), name=names.get(new.commonest, new.commonest))
    else:
        trial, rival = against_model(paired, default_rng(seed)), Rival(len(new.subjects), version)
    told = [*reasons(trial, rival, names), *silence([names.get(code, code) for code in new.never_given])]
    return _findings(trial, rival) | {"reasons": told}


def _findings(trial: Trial, rival: Rival) -> dict[str, Any]:
    figures = asdict(trial) | {"labels": [asdict(label) | {"worse": label.worse} for label in trial.labels]}
    return figures | {"passed": trial.passed, "level": LEVEL, "rival": asdict(rival)}


def _keep(store: Store, project: Project, candidate: _Candidate) -> ModelView | None:
    """None if another model became public meanwhile: then the comparison is worth nothing."""
    with transaction(store) as session:
        project_id = held_project(session, project)
        frozen = freeze_in_force(session, project_id)
        if frozen is not None:
            raise FrozenError(f"{frozen_sentence(frozen)} The new model waits.")
        release_id = kept.release_id(session, project_id, candidate.release_version)
        if release_id is None:
            raise ArtifactError(f"{candidate.folder} was trained on a release that this database does not know.")
        if _rival(session, project_id) != candidate.rival:
            return None
        passed = bool(candidate.verdict["passed"])
        judged = Model(
            project_id=project_id, release_id=release_id, state=ModelState.REJECTED, folder=candidate.folder,
            reason=" ".join(candidate.verdict["reasons"]), verdict=candidate.verdict, metrics=candidate.metrics,
            created_at=candidate.judged_at,
        )  # fmt: skip
        kept.add_model(session, judged)
        if passed:
            kept.make_public(session, judged, candidate.predictions)
        kind = DecisionKind.PUBLISHED if passed else DecisionKind.REJECTED
        decided = Decision(
            project_id=project_id, model_id=judged.id, kind=kind, by=GATE, why=judged.reason,
            decided_at=candidate.judged_at,
        )  # fmt: skip
        decisions.add_decision(session, decided)
        return next(view for view in _views(session, project_id) if view.version == judged.version)


def _candidate(
    project: Project, known: Mapping[str, int], models_folder: Path, folder: str, rival: _Rival, now: datetime
) -> _Candidate:
    path = models_folder / folder
    manifest = verify(path)
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    old = None if rival.folder is None else models_folder / rival.folder
    verdict = judge(project, read_hold_out(path), _hold_out_of(old), rival.version, _seed(path, old))
    predictions = read_predictions(path, project, known)
    return _Candidate(folder, int(manifest["release"]), metrics, predictions, rival, verdict, now)


def _seed(new: Path, old: Path | None) -> int:
    """The same two folders are always compared on the same draws: their manifests list every checksum."""
    manifests = [path / MANIFEST for path in (new, old) if path is not None]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in manifests if file.is_file()))
    return int.from_bytes(digest.digest()[:8], "big")


def _hold_out_of(folder: Path | None) -> HoldOut | None:
    """None if there is no published model or its files are lost: then there is nothing to compare with."""
    try:
        return None if folder is None else read_hold_out(folder)
    except ArtifactError:
        return None


def _rival(session: Session, project_id: int) -> _Rival:
    public = kept.published_model(session, project_id)
    return _Rival(None, None) if public is None else _Rival(public.version, public.folder)


def _project_id(session: Session, project: Project) -> int:
    row = subjects.project_row(session, project.slug)
    if row is None:
        raise NotFound(f"The project “{project.title}” has no subjects yet.")
    return row.id


def _views(session: Session, project_id: int) -> list[ModelView]:
    return [
        ModelView(
            row.version, ModelState(row.state), row.reason, row.metrics, row.created_at, release_version, row.folder,
            verdict=row.verdict,
        )
        for row, release_version in kept.models_of_project(session, project_id)
    ]  # fmt: skip
