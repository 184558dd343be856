"""Named queries about what people's answers have changed since a release."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from game.store.rounds import COUNTS
from game.store.tables import Aggregate, Classification, Consensus, Opening, Volunteer


def answered_by_people(session: Session, project_id: int, since: datetime | None) -> set[int]:
    """Ids of subjects, in or out of play but no gold, with a counting answer by a person, not a simulated volunteer."""
    newest_before = 0 if since is None else _newest_before(session, project_id, since)
    played = select(Opening.subject_id).where(Opening.subject_id == Classification.subject_id).exists()
    said = select(Classification.subject_id).join(Volunteer, Volunteer.id == Classification.volunteer_id)
    later = said.where(Classification.project_id == project_id, Classification.id > newest_before)
    return set(session.scalars(later.where(COUNTS, ~Volunteer.simulated, played).distinct()))


def ever_in_play(session: Session, project_id: int) -> set[int]:
    """Ids of all subjects but gold."""
    return set(session.scalars(select(Opening.subject_id).where(Opening.project_id == project_id).distinct()))


def consensus_labels(session: Session, project_id: int) -> dict[int, int]:
    """Subject id → the label of its consensus, of those that were given a label."""
    rows = select(Consensus.subject_id, Consensus.label).where(Consensus.project_id == project_id)
    return dict(session.execute(rows.where(Consensus.n_given > 0)).all())


def keep_moved(session: Session, project_id: int, release_id: int | None, counts: tuple[int, int]) -> None:
    """With the newest aggregation; `counts` of subjects answered, and moved."""
    newest = select(func.max(Aggregate.id)).where(Aggregate.project_id == project_id).scalar_subquery()
    values = {"since_release_id": release_id, "n_answered": counts[0], "n_moved": counts[1]}
    session.execute(update(Aggregate).where(Aggregate.id == newest).values(**values))


def _newest_before(session: Session, project_id: int, since: datetime) -> int:
    """From the newest backwards: it passes the answers since then, and no others."""
    rows = select(Classification.id).where(Classification.project_id == project_id, Classification.given_at <= since)
    return session.scalar(rows.order_by(Classification.id.desc()).limit(1)) or 0
