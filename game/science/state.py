"""What the schedule looks at, read from the rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from game.levels import Project
from game.science.decisions import freeze_in_force, frozen_sentence
from game.science.schedule import (
    AGGREGATE_AFTER_ANSWERS,
    REST,
    TRIES,
    Failure,
    ProjectState,
    ReleaseState,
    rest_after,
)
from game.store import Session, beliefs, counts, jobs, models, subjects
from game.store.tables import Job, Release
from game.store.tables.publications import JobKind, JobState

JOBS_LOOKED_AT = 50
ENDED = (JobState.DONE, JobState.FAILED)


def project_state(session: Session, project: Project, now: datetime) -> ProjectState:
    row = subjects.project_row(session, project.slug)
    if row is None:
        return _nothing_yet(len(project.labels), now)
    latest = beliefs.latest_aggregate(session, row.id)
    aggregated_at = None if latest is None else latest.computed_at
    release = jobs.latest_release_by_people(session, row.id)
    frozen = freeze_in_force(session, row.id)
    # Counted by each aggregation, and worth nothing once another release was made.
    counted = latest is not None and latest.since_release_id == (None if release is None else release.id)
    unfinished = [job for kind in JobKind for job in jobs.unfinished(session, kind, row.id)]
    queued = [job.created_at for job in unfinished if job.state == JobState.QUEUED]
    return ProjectState(
        n_labels=len(project.labels),
        n_subjects=counts.settled(session, row.id, project.choice_sets[-1]).n_subjects,
        n_gold=jobs.n_hidden_gold(session, row.id),
        n_new=jobs.n_answers_since(session, row.id, aggregated_at, AGGREGATE_AFTER_ANSWERS),
        n_answered=latest.n_answered if latest is not None and counted else 0,
        n_changed=latest.n_moved if latest is not None and counted else 0,
        aggregated_at=aggregated_at,
        aggregation_rests_until=_rests_until(session, row.id, now),
        release=None if release is None else _release_state(session, row.id, release),
        release_due_at=_due_at(project, row.created_at if release is None else release.created_at),
        model_waits=_model_waits(session, row.id, now),
        frozen=None if frozen is None else frozen_sentence(frozen),
        n_unseen=_n_unseen(session, row.id),
        busy=frozenset(JobKind(job.kind) for job in unfinished),
        resting=frozenset(kind for kind in JobKind if _failed_lately(session, row.id, kind, now)),
        waiting_since=min(queued, default=None),
        now=now,
    )


def _rests_until(session: Session, project_id: int, now: datetime) -> datetime | None:
    """None where the clock was set back since."""
    last = jobs.latest_job(session, project_id, JobKind.AGGREGATE, [JobState.DONE])
    if last is None or last.started_at is None or last.finished_at is None or last.finished_at > now:
        return None
    return last.finished_at + rest_after(last.finished_at - last.started_at)


def _due_at(project: Project, since: datetime) -> datetime | None:
    return since + timedelta(days=project.retrain_after_days) if project.retrain_after_days else None


def waiting_model(session: Session, project_id: int) -> str | None:
    """The folder that the newest training made, relative to Settings.models, unless the gate has judged it."""
    trained = jobs.latest_job(session, project_id, JobKind.TRAIN, [JobState.DONE])
    folder = None if trained is None else (trained.result or {}).get("model")
    return None if folder in jobs.model_folders(session, project_id) else folder


def trained_on(session: Session, project_id: int, version: int) -> str | None:
    """The model folder that some training made of this release, relative to Settings.models."""
    for training in jobs.ended_jobs(session, project_id, JobKind.TRAIN, JOBS_LOOKED_AT):
        if training.state == JobState.DONE and (training.result or {}).get("release") == version:
            return str((training.result or {})["model"])
    return None


def _n_unseen(session: Session, project_id: int) -> int:
    """What the public model was asked about in vain, as a picture was lost, is not asked about again for that alone."""
    public = models.published_model(session, project_id)
    if public is None:
        return 0
    n_without = models.n_without_prediction(session, project_id)
    last = jobs.latest_job(session, project_id, JobKind.CATCH_UP, [JobState.DONE])
    found = {} if last is None else last.result or {}
    in_vain = found.get("version") == public.version and not found["unseen"] and n_without <= found["n_without"]
    return 0 if in_vain else n_without


def _release_state(session: Session, project_id: int, release: Release) -> ReleaseState:
    trained = trained_on(session, project_id, release.version) is not None or jobs.has_model(session, release.id)
    return ReleaseState(
        version=release.version,
        n_labelled=int(release.counts.get("labelled", 0)),
        trained=trained,
        failure=None if trained else _failure(session, project_id, release),
    )


def _failure(session: Session, project_id: int, release: Release) -> Failure | None:
    """Of the last training on this release; one with wishes of its own says nothing of the next one."""
    return _failure_of(
        [
            training
            for training in jobs.ended_jobs(session, project_id, JobKind.TRAIN, JOBS_LOOKED_AT)
            if training.request.get("release", release.version) == release.version
            and not training.request.get("wishes")
            and training.created_at >= release.created_at
        ]
    )


def _model_waits(session: Session, project_id: int, now: datetime) -> bool:
    """A model that broke the gate is not brought there again by itself; one that an accident kept from it is."""
    trained = jobs.latest_job(session, project_id, JobKind.TRAIN, [JobState.DONE])
    if trained is None or waiting_model(session, project_id) is None:
        return False
    judgings = jobs.ended_jobs(session, project_id, JobKind.PUBLISH, JOBS_LOOKED_AT)
    failure = _failure_of([judging for judging in judgings if judging.id > trained.id])
    return failure is None or not failure.keeps_waiting(now)


def _failure_of(tries: Sequence[Job]) -> Failure | None:
    """Of tries of the same, newest first: None if the last one did not fail."""
    if not tries or tries[0].state != JobState.FAILED:
        return None
    last = tries[0]
    by_accident = bool((last.result or {}).get("accident"))
    n_failed = sum(one.state == JobState.FAILED for one in tries)
    again_at = (last.finished_at or last.created_at) + REST
    return Failure(last.text, again_at if by_accident and n_failed < TRIES else None)


def _failed_lately(session: Session, project_id: int, kind: JobKind, now: datetime) -> bool:
    last = jobs.latest_job(session, project_id, kind, ENDED)
    return last is not None and last.state == JobState.FAILED and now - (last.finished_at or now) < REST


def _nothing_yet(n_labels: int, now: datetime) -> ProjectState:
    return ProjectState(
        n_labels=n_labels, n_subjects=0, n_gold=0, n_new=0, n_answered=0, n_changed=0, aggregated_at=None,
        aggregation_rests_until=None, release=None, release_due_at=None, model_waits=False, frozen=None, n_unseen=0,
        busy=frozenset(), resting=frozenset(), waiting_since=None, now=now,
    )  # fmt: skip
