"""What an operator sees and may start: each project's state in one sentence, and the latest jobs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from game.errors import InvalidInput, NotFound
from game.levels import Project
from game.science.jobs import JobView, latest_jobs, request_job
from game.science.schedule import why_not_training
from game.science.state import project_state
from game.store import Session, subjects
from game.store.tables.publications import JobKind

# A prediction needs a picture, which only a visitor brings; a switch a version and a reason.
STARTABLE = tuple(kind for kind in JobKind if kind not in (JobKind.PREDICT, JobKind.SWITCH))


@dataclass(frozen=True)
class ProjectLine:
    project: Project
    why_not_training: str


@dataclass(frozen=True)
class Console:
    """`jobs` newest first."""

    lines: tuple[ProjectLine, ...]
    jobs: tuple[JobView, ...]


def console(session: Session, projects: Iterable[Project], now: datetime) -> Console:
    lines = [ProjectLine(project, why_not_training(project_state(session, project, now))) for project in projects]
    return Console(tuple(lines), tuple(latest_jobs(session)))


def start_job(session: Session, project: Project, kind: JobKind, login: str, now: datetime) -> JobView:
    """The job, or one of its kind that waits or runs already. The caller wakes the worker after the commit.

    Raises InvalidInput for a kind that nobody can start by hand, NotFound while the project has no subjects.
    """
    if kind not in STARTABLE:
        raise InvalidInput(f"A job of the kind “{kind}” cannot be started by hand.")
    row = subjects.project_row(session, project.slug)
    if row is None:
        raise NotFound(f"The project “{project.title}” has no subjects yet.")
    project_id = None if kind is JobKind.CLEAN_UP else row.id
    return request_job(session, kind, project_id, f"{login} asked for it.", {}, now)
