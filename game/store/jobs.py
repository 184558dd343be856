"""Named queries about jobs. The rows are the truth; the queue between the processes only wakes a worker up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from game.levels import GoldUse
from game.store.tables import (
    Classification,
    ExpertLabel,
    Job,
    Model,
    Project,
    Release,
)
from game.store.tables.publications import JobKind, JobState

# Any number will do, as long as nothing else in the house locks the same one.
_JOBS_LOCK = 704_225


def lock_jobs(session: Session) -> None:
    """Until the transaction ends nobody else asks for a job or takes one. SQLite's only writer has that already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_JOBS_LOCK)))


def add_job(session: Session, job: Job) -> Job:
    session.add(job)
    session.flush()
    return job


def job_by_code(session: Session, code: str) -> tuple[Job, str | None] | None:
    """The job and its project's slug."""
    row = session.execute(_WITH_SLUG.where(Job.code == code)).first()
    return None if row is None else (row[0], row[1])


def slug_of(session: Session, project_id: int | None) -> str | None:
    return session.scalar(select(Project.slug).where(Project.id == project_id))


def unfinished(session: Session, kind: JobKind, project_id: int | None) -> list[Job]:
    """Queued or running jobs of a kind and project, the running first."""
    rows = select(Job).where(Job.kind == kind, Job.project_id.is_not_distinct_from(project_id))
    waiting = rows.where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
    return list(session.scalars(waiting.order_by(Job.state.desc(), Job.id)))


def claim(session: Session, code: str, now: datetime) -> bool:
    """Makes a queued job running, for one asker only.

    False if it is not queued any more, or if its like is running: the same kind for the same project; of training,
    which takes the whole machine, any. A job of kind predict waits for nobody.
    """
    other = aliased(Job)
    alike = and_(
        other.state == JobState.RUNNING,
        other.kind == Job.kind,
        Job.kind != JobKind.PREDICT,
        or_(Job.kind == JobKind.TRAIN, other.project_id.is_not_distinct_from(Job.project_id)),
    )
    queued = update(Job).where(Job.code == code, Job.state == JobState.QUEUED, ~exists().where(alike))
    taken = queued.values(state=JobState.RUNNING, started_at=now, seen_at=now, progress=0.0, text="")
    return _n_changed(session, taken) == 1


def change_claimed(session: Session, code: str, started_at: datetime | None, values: dict[str, Any]) -> bool:
    """Changes a running job for the one who claimed it at `started_at`; False if it is not hers any more."""
    mine = update(Job).where(Job.code == code, Job.state == JobState.RUNNING, Job.started_at == started_at)
    return _n_changed(session, mine.values(**values)) == 1


def queued_codes(session: Session) -> list[str]:
    """Oldest first."""
    return list(session.scalars(select(Job.code).where(Job.state == JobState.QUEUED).order_by(Job.id)))


def silent(session: Session, since: datetime) -> list[Job]:
    """Running jobs that nobody has renewed since then."""
    return list(session.scalars(select(Job).where(Job.state == JobState.RUNNING, Job.seen_at < since)))


def latest_jobs(session: Session, project_id: int | None, limit: int) -> list[tuple[Job, str | None]]:
    """Newest first, of one project or, for None, of all, each with its project's slug."""
    rows = _WITH_SLUG if project_id is None else _WITH_SLUG.where(Job.project_id == project_id)
    return [(job, slug) for job, slug in session.execute(rows.order_by(Job.id.desc()).limit(limit))]


def latest_job(session: Session, project_id: int | None, kind: JobKind, states: Sequence[JobState]) -> Job | None:
    rows = select(Job).where(Job.project_id.is_not_distinct_from(project_id), Job.kind == kind, Job.state.in_(states))
    return session.scalar(rows.order_by(Job.id.desc()).limit(1))


def ended_jobs(session: Session, project_id: int, kind: JobKind, limit: int) -> list[Job]:
    """Newest first."""
    rows = select(Job).where(Job.project_id == project_id, Job.kind == kind, Job.finished_at.is_not(None))
    return list(session.scalars(rows.order_by(Job.id.desc()).limit(limit)))


def n_by_state(session: Session) -> dict[JobState, int]:
    """Every state is there."""
    found = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
    return {state: found.get(state, 0) for state in JobState}


def latest_release_by_people(session: Session, project_id: int) -> Release | None:
    """The newest that leaves simulated volunteers out."""
    rows = select(Release).where(Release.project_id == project_id, ~Release.includes_simulated)
    return session.scalar(rows.order_by(Release.version.desc()).limit(1))


def has_model(session: Session, release_id: int) -> bool:
    return session.scalar(select(Model.id).where(Model.release_id == release_id).limit(1)) is not None


def model_folders(session: Session, project_id: int) -> set[str]:
    return set(session.scalars(select(Model.folder).where(Model.project_id == project_id)))


def n_answers_since(session: Session, project_id: int, since: datetime | None, limit: int) -> int:
    """Looks at the newest `limit` classifications only, so that it costs the same in the thousandth week."""
    newest = select(Classification.given_at).where(Classification.project_id == project_id)
    last = newest.order_by(Classification.id.desc()).limit(limit).subquery()
    rows = select(func.count()).select_from(last)
    return session.scalar(rows if since is None else rows.where(last.c.given_at > since)) or 0


def n_hidden_gold(session: Session, project_id: int) -> int:
    rows = select(func.count()).where(ExpertLabel.project_id == project_id, ExpertLabel.use == GoldUse.HIDDEN)
    return session.scalar(rows) or 0


_WITH_SLUG = select(Job, Project.slug).outerjoin(Project, Project.id == Job.project_id)


def _n_changed(session: Session, statement: Any) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    session.expire_all()
    return int(getattr(done, "rowcount", 0))
