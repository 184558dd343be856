"""Another version in the public model's place, as people decide: one that the gate rejected, or an earlier one."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from game.artifacts.folders import verify
from game.errors import Conflict, NotFound
from game.levels import Project
from game.science.decisions import freeze_in_force, frozen_sentence, held_project, reason
from game.science.jobs import JobView, request_job
from game.science.predictions import read_predictions
from game.science.priorities import renew_priorities
from game.science.publish import ModelView, model_of
from game.store import Session, Store, decisions, reading, subjects, transaction
from game.store import models as kept
from game.store.tables import Decision
from game.store.tables.publications import DecisionKind, JobKind, ModelState


@dataclass(frozen=True)
class Switch:
    """Who wants which version to be public, and why."""

    version: int
    by: str
    why: str


def switch_kind(session: Session, project: Project, version: int) -> DecisionKind:
    """What making this version public would be. Raises NotFound, Conflict if it is public already, or if it never was
    and the public model is frozen."""
    model = model_of(session, project, version)
    if model.state is ModelState.PUBLISHED:
        raise Conflict(f"Version {version} is the public model already.")
    if model.state is ModelState.REPLACED:
        return DecisionKind.PUT_BACK
    row = subjects.project_row(session, project.slug)
    frozen = None if row is None else freeze_in_force(session, row.id)
    if frozen is not None:
        raise Conflict(
            f"{frozen_sentence(frozen)} Thaw it first; only what was public before can be put back meanwhile."
        )
    return DecisionKind.FORCED


def request_switch(session: Session, project: Project, switch: Switch, now: datetime) -> JobView:
    """The caller wakes the worker after the commit. Raises as switch_kind does, Conflict if another version is on its
    way, InvalidInput without a reason."""
    switch_kind(session, project, switch.version)
    wanted = asdict(switch) | {"why": reason(switch.why)}
    project_id = held_project(session, project)
    job = request_job(session, JobKind.SWITCH, project_id, f"{switch.by}: {wanted['why']}", wanted, now)
    if job.request.get("version") != switch.version:
        raise Conflict(f"Version {job.request.get('version')} is on its way already; wait until it is public.")
    return job


def make_switch(store: Store, project: Project, models_folder: Path, switch: Switch, now: datetime) -> ModelView:
    """State, predictions and the decision change in one transaction; then what play asks for follows.

    Done again after a crash it decides nothing twice. Raises as switch_kind does, ArtifactError if the version's files
    are lost or damaged: then nothing has changed.
    """
    with reading(store) as session:
        wanted = model_of(session, project, switch.version)
        row = subjects.project_row(session, project.slug)
        known = {} if row is None else kept.subject_ids(session, row.id)
    verify(models_folder / wanted.folder)
    predictions = read_predictions(models_folder / wanted.folder, project, known)
    with transaction(store) as session:
        project_id = held_project(session, project)
        model = kept.model_by_version(session, project_id, switch.version)
        if model is None:
            raise NotFound(f"Version {switch.version} is gone.")
        if model.state != ModelState.PUBLISHED:
            decision = Decision(
                project_id=project_id, model_id=model.id, kind=switch_kind(session, project, switch.version),
                by=switch.by, why=reason(switch.why), decided_at=now,
            )  # fmt: skip
            kept.make_public(session, model, predictions)
            decisions.add_decision(session, decision)
    renew_priorities(store, project, project_id)
    with reading(store) as session:
        return model_of(session, project, switch.version)
