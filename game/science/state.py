"""What the schedule looks at, read from the rows."""

from datetime import datetime

from game.levels import Project
from game.science.schedule import AGGREGATE_AFTER_ANSWERS, REST, ProjectState, ReleaseState
from game.store import Session, beliefs, jobs, subjects
from game.store.tables import Job, Release
from game.store.tables.publications import JobKind, JobState

# How far back the schedule looks for answers since the last release. More than this have surely moved a tenth of it.
ANSWERS_LOOKED_AT = 100_000
ENDED = (JobState.DONE, JobState.FAILED)


def project_state(session: Session, project: Project, now: datetime) -> ProjectState:
    row = subjects.project_row(session, project.slug)
    if row is None:
        return _nothing_yet(len(project.labels), now)
    latest = beliefs.latest_aggregate(session, row.id)
    aggregated_at = None if latest is None else latest.computed_at
    release = jobs.latest_release(session, row.id)
    released_at = None if release is None else release.created_at
    unfinished = [job for kind in JobKind for job in jobs.unfinished(session, kind, row.id)]
    queued = [job.created_at for job in unfinished if job.state == JobState.QUEUED]
    return ProjectState(
        n_labels=len(project.labels),
        n_subjects=beliefs.counts(session, row.id, project.choice_sets[-1])[0],
        n_gold=jobs.n_hidden_gold(session, row.id),
        n_new=jobs.n_answers_since(session, row.id, aggregated_at, AGGREGATE_AFTER_ANSWERS),
        n_changed=jobs.n_subjects_answered_since(session, row.id, released_at, ANSWERS_LOOKED_AT),
        aggregated_at=aggregated_at,
        release=None if release is None else _release_state(session, row.id, release),
        busy=frozenset(JobKind(job.kind) for job in unfinished),
        resting=frozenset(kind for kind in JobKind if _failed_lately(session, row.id, kind, now)),
        waiting_since=min(queued, default=None),
        now=now,
    )


def waiting_model(session: Session, project_id: int) -> str | None:
    """The folder that the newest training made, relative to Settings.models, unless the gate has judged it."""
    trained = jobs.latest_job(session, project_id, JobKind.TRAIN, [JobState.DONE])
    folder = None if trained is None else (trained.result or {}).get("model")
    return None if folder in jobs.model_folders(session, project_id) else folder


def _release_state(session: Session, project_id: int, release: Release) -> ReleaseState:
    training = _after(jobs.latest_job(session, project_id, JobKind.TRAIN, ENDED), release.created_at)
    judging = jobs.latest_job(session, project_id, JobKind.PUBLISH, ENDED)
    waits = waiting_model(session, project_id) is not None
    if training is not None and training.finished_at is not None:
        judging = _after(judging, training.finished_at)
        waits = waits and (judging is None or judging.state == JobState.DONE)
    failed = training is not None and training.state == JobState.FAILED
    return ReleaseState(
        version=release.version,
        n_settled=int(release.counts.get("labelled", 0)),
        trained=training is not None and training.state == JobState.DONE,
        model_waits=waits,
        failure=training.text if failed and training is not None else None,
    )


def _after(job: Job | None, instant: datetime) -> Job | None:
    return job if job is not None and job.created_at >= instant else None


def _failed_lately(session: Session, project_id: int, kind: JobKind, now: datetime) -> bool:
    last = jobs.latest_job(session, project_id, kind, ENDED)
    return last is not None and last.state == JobState.FAILED and now - (last.finished_at or now) < REST


def _nothing_yet(n_labels: int, now: datetime) -> ProjectState:
    return ProjectState(n_labels, 0, 0, 0, 0, None, None, frozenset(), frozenset(), None, now)
