"""What was decided about a project's public model: who, what, when and why. Decisions are only ever added."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from game.errors import Conflict, InvalidInput, NotFound
from game.levels import Project
from game.store import Session, decisions, subjects
from game.store.tables import Decision
from game.store.tables.publications import DecisionKind

# Freezing or thawing: of a project, by somebody, for a reason, at a time.
Deciding = Callable[[Session, Project, str, str, datetime], None]

GATE = "the gate"
MOST_SHOWN = 200
FEWEST_CHARACTERS, MOST_CHARACTERS = 5, 500


@dataclass(frozen=True)
class DecisionView:
    """`version` is that of the model; None where the decision is about none."""

    kind: DecisionKind
    version: int | None
    by: str
    why: str
    decided_at: datetime


def decisions_of(session: Session, project: Project, version: int | None = None) -> list[DecisionView]:
    """About one version, or about all; the newest MOST_SHOWN, newest first."""
    row = subjects.project_row(session, project.slug)
    found = [] if row is None else decisions.decisions_of_project(session, row.id, MOST_SHOWN, version)
    return [_view(decision, about) for decision, about in found]


def freeze_in_force(session: Session, project_id: int) -> DecisionView | None:
    """While there is one, no new model becomes public."""
    latest = decisions.latest_decision(session, project_id, (DecisionKind.FROZEN, DecisionKind.THAWED))
    return None if latest is None or latest.kind != DecisionKind.FROZEN else _view(latest, None)


def freeze(session: Session, project: Project, by: str, why: str, now: datetime) -> None:
    """Raises Conflict if it is frozen already, InvalidInput without a reason."""
    project_id = held_project(session, project)
    if freeze_in_force(session, project_id) is not None:
        raise Conflict("The public model is frozen already.")
    decided = Decision(project_id=project_id, kind=DecisionKind.FROZEN, by=by, why=reason(why), decided_at=now)
    decisions.add_decision(session, decided)


def thaw(session: Session, project: Project, by: str, why: str, now: datetime) -> None:
    """Raises Conflict if nothing is frozen, InvalidInput without a reason."""
    project_id = held_project(session, project)
    if freeze_in_force(session, project_id) is None:
        raise Conflict("The public model is not frozen.")
    decided = Decision(project_id=project_id, kind=DecisionKind.THAWED, by=by, why=reason(why), decided_at=now)
    decisions.add_decision(session, decided)


def held_project(session: Session, project: Project) -> int:
    """The project's id; until the transaction ends nobody else decides. Raises NotFound."""
    row = subjects.project_row(session, project.slug)
    if row is None:
        raise NotFound(f"The project “{project.title}” has no subjects yet.")
    decisions.hold_project(session, row.id)
    return row.id


def reason(why: str) -> str:
    """On one line. Raises InvalidInput if it says too little or too much."""
    said = " ".join(why.split())
    if not FEWEST_CHARACTERS <= len(said) <= MOST_CHARACTERS:
        raise InvalidInput(
            "Say why in %(fewest)s to %(most)s characters: others will want to know.",
            fewest=FEWEST_CHARACTERS,
            most=MOST_CHARACTERS,
        )
    return said


def frozen_sentence(frozen: DecisionView) -> str:
    return f"The public model was frozen by {frozen.by} on {frozen.decided_at:%Y-%m-%d}: “{frozen.why}”"


def _view(decision: Decision, version: int | None) -> DecisionView:
    return DecisionView(DecisionKind(decision.kind), version, decision.by, decision.why, decision.decided_at)
