"""Named queries about what was decided of a project's public model."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from game.store.tables import Decision, Model, Project
from game.store.tables.publications import DecisionKind


def hold_project(session: Session, project_id: int) -> None:
    """Until the transaction ends nobody else decides about its model; people's answers go on coming in. SQLite's only
    writer has that already."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update(key_share=True))


def add_decision(session: Session, decision: Decision) -> None:
    session.add(decision)
    session.flush()


def latest_decision(session: Session, project_id: int, kinds: Sequence[DecisionKind]) -> Decision | None:
    rows = select(Decision).where(Decision.project_id == project_id, Decision.kind.in_(kinds))
    return session.scalar(rows.order_by(Decision.id.desc()).limit(1))


def decisions_of_project(
    session: Session, project_id: int, limit: int, version: int | None = None
) -> list[tuple[Decision, int | None]]:
    """Newest first, each with the version of its model; None for one about no model. About one version, or all."""
    rows = select(Decision, Model.version).outerjoin(Model, Model.id == Decision.model_id)
    wanted = rows.where(Decision.project_id == project_id)
    if version is not None:
        wanted = wanted.where(Model.version == version)
    ordered = wanted.order_by(Decision.id.desc()).limit(limit)
    return [(decision, about) for decision, about in session.execute(ordered)]
