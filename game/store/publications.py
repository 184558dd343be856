"""Named queries about releases: what goes into one, and which there are."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from game.errors import Conflict
from game.store.prepared import streamed
from game.store.rounds import COUNTS
from game.store.said import AllSaid, all_of
from game.store.science import said_in
from game.store.tables import Classification, Opening, Release, Subject, Volunteer

IDS_IN_ONE_STATEMENT = 500


class ReleasedAnswers(NamedTuple):
    """Some counting classifications, column by column, with all that is published of them. `key`, made by a browser,
    is not."""

    classification_id: tuple[int, ...]
    subject_id: tuple[int, ...]
    subject: tuple[str, ...]
    volunteer_id: tuple[int, ...]
    choice: tuple[str | None, ...]
    abstention: tuple[str | None, ...]
    key: tuple[str, ...]
    level: tuple[str, ...]
    level_version: tuple[str, ...]
    code_version: tuple[str, ...]
    shown_ms: tuple[int, ...]
    given_ms: tuple[int, ...]


class ReleasedVolunteer(NamedTuple):
    pseudonym: str
    role: str
    simulated: bool


def released_said(session: Session, project_id: int, *, include_simulated: bool) -> AllSaid:
    """In the order in which they were given; answers that were taken back are left out."""
    rows = _by_people(said_in(project_id), include_simulated).order_by(Classification.id)
    return all_of(streamed(session, rows))


def released_answers(session: Session, project_id: int, *, include_simulated: bool) -> Iterator[ReleasedAnswers]:
    """The same, in portions, with all that is published of them."""
    columns = select(
        Classification.id, Classification.subject_id, Subject.code, Classification.volunteer_id, Classification.choice,
        Classification.abstention, Classification.key, Classification.level, Classification.level_version,
        Classification.code_version, Classification.shown_ms, type_coerce(Classification.given_at, BigInteger),
    ).join(Subject, Subject.id == Classification.subject_id)  # fmt: skip
    rows = _by_people(columns.where(COUNTS, Classification.project_id == project_id), include_simulated)
    for some in streamed(session, rows.order_by(Classification.id)):
        yield ReleasedAnswers(*zip(*some, strict=True))


def _by_people(rows: Any, include_simulated: bool) -> Any:
    if include_simulated:
        return rows
    return rows.join(Volunteer, Volunteer.id == Classification.volunteer_id).where(~Volunteer.simulated)


def n_answers(session: Session, project_id: int) -> int:
    """Everybody's, simulated volunteers' too."""
    return session.scalar(select(func.count()).where(COUNTS, Classification.project_id == project_id)) or 0


def released_volunteers(session: Session, volunteer_ids: Sequence[int]) -> dict[int, ReleasedVolunteer]:
    """Whoever deleted her account is there under the name of her empty shell."""
    columns = select(Volunteer.id, Volunteer.pseudonym, Volunteer.role, Volunteer.simulated)
    found: dict[int, ReleasedVolunteer] = {}
    for start in range(0, len(volunteer_ids), IDS_IN_ONE_STATEMENT):
        some = columns.where(Volunteer.id.in_(volunteer_ids[start : start + IDS_IN_ONE_STATEMENT]))
        found |= {row[0]: ReleasedVolunteer(*row[1:]) for row in session.execute(some)}
    return found


def subjects_in_play(session: Session, project_id: int) -> set[int]:
    """Ids of subjects that are open for at least one choice set."""
    rows = select(Opening.subject_id).where(Opening.project_id == project_id, Opening.retired_at.is_(None))
    return set(session.scalars(rows.distinct()))


def next_version(session: Session, project_id: int) -> int:
    return 1 + (session.scalar(select(func.max(Release.version)).where(Release.project_id == project_id)) or 0)


def add_release(session: Session, added: Release) -> None:
    """Raises Conflict if somebody else has claimed this version."""
    session.add(added)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("Another release of this project was made at the same time; this one was not kept.") from None


def releases(session: Session, project_id: int) -> list[Release]:
    """Newest first."""
    rows = select(Release).where(Release.project_id == project_id)
    return list(session.scalars(rows.order_by(Release.version.desc())))
