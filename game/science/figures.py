"""What is shown of a project's consensus to everybody, and of odd answers to its science team alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from game.levels import Project
from game.store import Session, beliefs, subjects
from game.store import figures as rows


@dataclass(frozen=True)
class ConsensusFigures:
    """`drawn` is what showing.figures made at `computed_at` or earlier; `model` is how the published model was heard
    then, as store.witness and accepting tell it, None where there was none."""

    drawn: Mapping[str, Any]
    model: Mapping[str, Any] | None
    computed_at: datetime
    includes_simulated: bool


@dataclass(frozen=True)
class Flag:
    """One measurement (scoring.flags): of `n` answers `found` was measured, `expected` of an average volunteer."""

    kind: str
    n: int | None
    found: float | None
    expected: float | None


@dataclass(frozen=True)
class FlaggedVolunteer:
    """`informedness` is what her word is worth, 1 at most, 0 for none; `n_alike` others answer as she does."""

    pseudonym: str
    simulated: bool
    reliability: float
    informedness: float
    n_answers: int
    n_gold: int
    n_alike: int
    flags: tuple[Flag, ...]


def consensus_figures(session: Session, project: Project) -> ConsensusFigures | None:
    """None until an aggregation has drawn some."""
    row = subjects.project_row(session, project.slug)
    latest = None if row is None else beliefs.latest_aggregate(session, row.id)
    if latest is None or latest.figures is None:
        return None
    return ConsensusFigures(
        latest.figures, latest.model, latest.computed_at, rows.includes_simulated(session, latest.project_id)
    )


def flagged_volunteers(session: Session, project: Project) -> list[FlaggedVolunteer]:
    """For the science team only: a flag is a measurement, not a verdict, and nobody else is to hear of it."""
    row = subjects.project_row(session, project.slug)
    return [] if row is None else [_flagged(one) for one in rows.flagged(session, row.id)]


def n_flagged(session: Session, project: Project) -> int:
    row = subjects.project_row(session, project.slug)
    return 0 if row is None else rows.n_flagged(session, row.id)


def _flagged(row: rows.Flagged) -> FlaggedVolunteer:
    flags = [
        Flag(str(one["kind"]), one.get("n"), one.get("found"), one.get("expected"))  # type: ignore[arg-type]
        for one in row.flags
    ]
    return FlaggedVolunteer(
        row.pseudonym, row.simulated, row.reliability, row.informedness, row.n_answers, row.n_gold, row.n_alike,
        tuple(flags),
    )  # fmt: skip
