"""Named queries about what is drawn of a project's volunteers: whom the science team may want to look at."""

from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from game.store.rounds import COUNTS
from game.store.tables import Classification, Reliability, Volunteer

MOST = 500
_SOME = Reliability.flags.is_not(None)


class Flagged(NamedTuple):
    """A volunteer's row with flags, [{kind, …}]; `n_alike`: others in the same group of copies."""

    pseudonym: str
    simulated: bool
    reliability: float
    informedness: float
    n_gold: int
    flags: list[dict[str, object]]
    n_alike: int
    n_answers: int


def flagged(session: Session, project_id: int) -> list[Flagged]:
    """The least informed first, at most MOST."""
    other = aliased(Reliability)
    alike = (
        select(func.count())
        .where(other.project_id == project_id, other.copies == Reliability.copies)
        .where(other.volunteer_id != Reliability.volunteer_id)
        .scalar_subquery()
    )
    answers = (
        select(func.count())
        .where(COUNTS, Classification.project_id == project_id)
        .where(Classification.volunteer_id == Reliability.volunteer_id)
        .scalar_subquery()
    )
    rows = (
        select(
            Volunteer.pseudonym, Volunteer.simulated, Reliability.reliability, Reliability.informedness,
            Reliability.n_gold, Reliability.flags, alike, answers,
        )
        .join(Volunteer, Volunteer.id == Reliability.volunteer_id)
        .where(Reliability.project_id == project_id, _SOME)
        .order_by(Reliability.informedness, Reliability.volunteer_id)
    )  # fmt: skip
    found = [Flagged(*row) for row in session.execute(rows)]
    return [one for one in found if one.flags][:MOST]


def n_flagged(session: Session, project_id: int) -> int:
    of_project = Reliability.project_id == project_id
    return sum(bool(one) for one in session.scalars(select(Reliability.flags).where(of_project, _SOME)))


def includes_simulated(session: Session, project_id: int) -> bool:
    """Whether the last aggregation knew answers of simulated volunteers."""
    known = (Reliability.volunteer_id == Volunteer.id, Reliability.project_id == project_id)
    simulated = select(Volunteer.id).where(Volunteer.simulated, exists().where(*known))
    return session.scalar(simulated.limit(1)) is not None
