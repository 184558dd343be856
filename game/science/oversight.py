"""What the science team sees before it decides: all versions, what was decided of them, and what is on its way."""

from dataclasses import dataclass

from game.levels import Project
from game.science.decisions import DecisionView, decisions_of, freeze_in_force
from game.science.jobs import JobView, latest_jobs
from game.science.publish import ModelView, models
from game.store import Session, subjects
from game.store.tables.publications import JobKind

SWITCHES_SHOWN = 3


@dataclass(frozen=True)
class Oversight:
    """Everything newest first; `frozen` is the decision in force, `switches` the latest jobs that change versions."""

    versions: tuple[ModelView, ...]
    frozen: DecisionView | None
    decisions: tuple[DecisionView, ...]
    switches: tuple[JobView, ...]


def oversight(session: Session, project: Project) -> Oversight:
    row = subjects.project_row(session, project.slug)
    if row is None:
        return Oversight((), None, (), ())
    switches = [job for job in latest_jobs(session, row.id) if job.kind is JobKind.SWITCH]
    return Oversight(
        versions=tuple(models(session, project)),
        frozen=freeze_in_force(session, row.id),
        decisions=tuple(decisions_of(session, project)),
        switches=tuple(switches[:SWITCHES_SHOWN]),
    )
