"""Jobs as the science side knows them: asked for, taken by one worker, renewed while it works, ended, never lost."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from game.errors import Conflict, NotFound
from game.store import Session, jobs
from game.store.tables import Job
from game.store.tables.publications import JobKind, JobState

# A worker renews its jobs every few seconds; after this much silence it is taken for dead.
SILENCE = timedelta(seconds=45)
MAX_INTERRUPTIONS = 2
LOG_CHARACTERS = 20_000


@dataclass(frozen=True)
class JobView:
    """A job as pages show it. `progress` in [0, 1]; `project` is a slug, None for work on all projects.

    `started_at` is also the claim: only the worker that began the job at that instant may go on with it.
    """

    code: str
    kind: JobKind
    state: JobState
    project_id: int | None
    project: str | None
    reason: str
    progress: float
    text: str
    log: str
    request: dict[str, Any]
    result: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def request_job(
    session: Session, kind: JobKind, project_id: int | None, reason: str, request: dict[str, Any], now: datetime
) -> JobView:
    """Queues a job; one of the same kind and project that is queued or running is returned instead of a second.

    Pictures to predict are each their own request. The caller wakes the worker with the code once this is committed.
    """
    jobs.lock_jobs(session)
    for begun in jobs.unfinished(session, kind, project_id):
        if kind is not JobKind.PREDICT or begun.request == request:
            return _view(begun, jobs.slug_of(session, project_id))
    return _add(session, kind, project_id, reason, request, now)


def begin_job(
    session: Session, kind: JobKind, project_id: int | None, reason: str, request: dict[str, Any], now: datetime
) -> JobView:
    """A job that the caller does at once, in the place of a like one that waits. Raises Conflict while one runs."""
    jobs.lock_jobs(session)
    waiting = [job for job in jobs.unfinished(session, kind, project_id) if job.request == request]
    code = waiting[0].code if waiting else _add(session, kind, project_id, reason, request, now).code
    claimed = claim_job(session, code, now)
    if claimed is None:
        raise Conflict(f"Another job of this kind ({kind}) is running; this one waits for its end.")
    return claimed


def claim_job(session: Session, code: str, now: datetime) -> JobView | None:
    """The job, now the caller's; None if another has it or it must wait for its like."""
    jobs.lock_jobs(session)
    return find_job(session, code) if jobs.claim(session, code, now) else None


def find_job(session: Session, code: str) -> JobView:
    """Raises NotFound."""
    found = jobs.job_by_code(session, code)
    if found is None:
        raise NotFound("There is no such job.")
    return _view(*found)


def latest_jobs(session: Session, project_id: int | None = None, limit: int = 50) -> list[JobView]:
    """Newest first; of all projects for None."""
    return [_view(job, slug) for job, slug in jobs.latest_jobs(session, project_id, limit)]


def renew_job(session: Session, job: JobView, progress: float, text: str, said: str, now: datetime) -> bool:
    """Says that the worker lives, how far it is, and what it `said`; False if the job was taken away from it."""
    values = {"seen_at": now, "progress": progress, "text": text}
    if said:
        values["log"] = _longer(find_job(session, job.code).log, said)
    return jobs.change_claimed(session, job.code, job.started_at, values)


def finish_job(session: Session, job: JobView, result: dict[str, Any], now: datetime) -> bool:
    values = {"state": JobState.DONE, "progress": 1.0, "result": result, "seen_at": now, "finished_at": now}
    return jobs.change_claimed(session, job.code, job.started_at, values)


def fail_job(session: Session, job: JobView, sentence: str, now: datetime, *, accident: bool = False) -> bool:
    """After an `accident` the like may be tried again by itself."""
    result = {"accident": True} if accident else None
    values = {"state": JobState.FAILED, "text": sentence, "result": result, "seen_at": now, "finished_at": now}
    return jobs.change_claimed(session, job.code, job.started_at, values)


def put_back(session: Session, job: JobView, now: datetime) -> bool:
    """Back into the queue, because its worker was told to stop. Whoever takes it begins anew."""
    log = _longer(find_job(session, job.code).log, "The worker was stopped; the job waits for the next one.\n")
    values = {"state": JobState.QUEUED, "text": "", "progress": 0.0, "started_at": None, "seen_at": now, "log": log}
    return jobs.change_claimed(session, job.code, job.started_at, values)


def interrupt_job(session: Session, job: JobView, why: str, now: datetime) -> bool:
    """Back into the queue at once, because of something that passes. If it happens too often the job fails."""
    found = jobs.job_by_code(session, job.code)
    if found is None or found[0].state != JobState.RUNNING or found[0].started_at != job.started_at:
        return False
    _interrupt(found[0], f"{why}\n", "The database was away %d times while it was at work", now)
    return True


def recover_jobs(session: Session, now: datetime) -> list[JobView]:
    """Jobs whose worker died wait again; one that has outlived too many workers fails, as it may be what kills them."""
    jobs.lock_jobs(session)
    recovered = []
    for row in jobs.silent(session, now - SILENCE):
        said = "The worker fell silent in the middle of this job.\n"
        _interrupt(row, said, "Its worker died %d times while it was at work", now)
        recovered.append(_view(row, None))
    return recovered


def _interrupt(row: Job, said: str, failure: str, now: datetime) -> None:
    n_interruptions = int((row.result or {}).get("interruptions", 0)) + 1
    row.result = {"interruptions": n_interruptions}
    row.log, row.seen_at = _longer(row.log, said), now
    if n_interruptions > MAX_INTERRUPTIONS:
        row.state, row.finished_at = JobState.FAILED, now
        row.text = f"{failure % n_interruptions}; it is not tried again by itself."
    else:
        row.state, row.started_at, row.progress, row.text = JobState.QUEUED, None, 0.0, ""


def _add(
    session: Session, kind: JobKind, project_id: int | None, reason: str, request: dict[str, Any], now: datetime
) -> JobView:
    added = Job(
        code=secrets.token_hex(12), project_id=project_id, kind=kind, state=JobState.QUEUED, reason=reason,
        progress=0.0, text="", log="", request=request, created_at=now,
    )  # fmt: skip
    return _view(jobs.add_job(session, added), jobs.slug_of(session, project_id))


def _longer(log: str, said: str) -> str:
    """The end of a log is what explains a failure."""
    return (log + said)[-LOG_CHARACTERS:]


def _view(row: Job, slug: str | None) -> JobView:
    return JobView(
        row.code, JobKind(row.kind), JobState(row.state), row.project_id, slug, row.reason, row.progress, row.text,
        row.log, dict(row.request), row.result, row.created_at, row.started_at, row.finished_at,
    )  # fmt: skip
