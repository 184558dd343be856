"""Asks for the jobs that are due: what the schedule says of each project, and what dead workers left behind."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from game.levels import Project
from game.science.jobs import recover_jobs, request_job
from game.science.schedule import next_job
from game.science.state import project_state
from game.store import Session, Store, jobs, reading, subjects, transaction
from game.store.tables.publications import JobKind, JobState

CLEAN_UP_AFTER = timedelta(days=1)


def ask_for_what_is_due(store: Store, projects: Mapping[str, Project], now: datetime) -> list[str]:
    """The codes of all jobs that wait afterwards, oldest first. Idempotent: nothing is asked for twice."""
    with transaction(store) as session:
        recover_jobs(session, now)
        if _clean_up_is_due(session, now):
            request_job(session, JobKind.CLEAN_UP, None, "It has been a day since the last time.", {}, now)
    for project in projects.values():
        while _asked_for_next(store, project, now):
            pass
    with reading(store) as session:
        return jobs.queued_codes(session)


def _asked_for_next(store: Store, project: Project, now: datetime) -> bool:
    """Looks in a reading session first: every minute of every worker must not cost a write."""
    with reading(store) as session:
        wanted, _ = next_job(project_state(session, project, now))
    if wanted is None:
        return False
    with transaction(store) as session:
        # Another thread may have asked, and even have done it, since.
        jobs.lock_jobs(session)
        state = project_state(session, project, now)
        kind, reason = next_job(state)
        row = subjects.project_row(session, project.slug)
        if row is None or kind is not wanted:
            return False
        request = {"release": state.release.version} if kind is JobKind.TRAIN and state.release else {}
        request_job(session, kind, row.id, reason, request, now)
    return True


def _clean_up_is_due(session: Session, now: datetime) -> bool:
    last = jobs.latest_job(session, None, JobKind.CLEAN_UP, list(JobState))
    return last is None or now - last.created_at >= CLEAN_UP_AFTER
