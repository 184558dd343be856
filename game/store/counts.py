"""How far a project is: what was counted once and kept, and what came since, so that the past costs nothing.

Answers are only ever added: those up to a row are counted once and for all. A subject leaves play and may come back:
its opening says as what it was counted, and the few that are something else by now stand in an index of their own.
"""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from game.store.prepared import Prepared
from game.store.science import take_consensuses
from game.store.tables import AnswerCount, Classification, Opening, OpeningCount
from game.store.tables.beliefs import NOT_AS_COUNTED, RETIRED_BY_PEOPLE

# No row has so high an id.
EVERY_ROW = 2**62


class Answered(NamedTuple):
    """A project's classifications up to a row, and whose they are; what was simulated is not counted."""

    until_id: int
    n_classifications: int
    n_volunteers: int


class Settled(NamedTuple):
    """Subjects of a project's choice set, and those of them that people's answers retired."""

    n_subjects: int
    n_retired: int


class Mark(NamedTuple):
    """The newest classification of all, and a transaction younger than all that may yet add an older one."""

    newest_id: int
    transaction: int


# Whose first answer came after the row, she is new. An index says which was her first, whatever the past holds. That
# they are taken in their order keeps SQLite from asking every volunteer for them; no more than `until` there can be.
_ANSWERED_SINCE = Prepared(
    text("""
SELECT coalesce(sum(n), 0), coalesce(sum(CASE WHEN first_id > :after THEN 1 ELSE 0 END), 0)
FROM (
    SELECT said.n, (
        SELECT min(hers.id) FROM classifications AS hers
        WHERE hers.volunteer_id = said.volunteer_id AND hers.project_id = :project_id
    ) AS first_id
    FROM (
        SELECT volunteer_id, count(*) AS n FROM (
            SELECT volunteer_id FROM classifications
            WHERE project_id = :project_id AND id > :after AND id <= :until ORDER BY id LIMIT :until
        ) AS newest GROUP BY volunteer_id
    ) AS said
    JOIN volunteers ON volunteers.id = said.volunteer_id
    WHERE NOT volunteers.simulated
) AS since
""")
)
_LATER = Prepared(
    select(Classification.id)
    .where(Classification.id > bindparam("after"))
    .order_by(Classification.id)
    .offset(bindparam("n"))
    .limit(1)
)

_OF_SET = (Opening.project_id == bindparam("project_id"), Opening.choice_set == bindparam("choice_set"))
_KEPT_OF_SET = (
    OpeningCount.project_id == bindparam("project_id"),
    OpeningCount.choice_set == bindparam("choice_set"),
)
_NEW = func.coalesce(func.sum(case((Opening.counted.is_(None), 1), else_=0)), 0)
_NEWLY_RETIRED = func.coalesce(func.sum(case((RETIRED_BY_PEOPLE, 1), (Opening.counted.is_(True), -1), else_=0)), 0)


def _kept(column: Any) -> Any:
    return func.coalesce(select(column).where(*_KEPT_OF_SET).scalar_subquery(), 0)


# One statement, so that no count comes between what is kept and what is not yet counted.
_SETTLED = Prepared(
    select(_kept(OpeningCount.n_subjects) + _NEW, _kept(OpeningCount.n_retired) + _NEWLY_RETIRED).where(
        *_OF_SET, NOT_AS_COUNTED
    )
)
_UNCOUNTED = Prepared(
    select(Opening.subject_id).where(*_OF_SET, NOT_AS_COUNTED).order_by(Opening.subject_id).limit(bindparam("most"))
)


def answered(session: Session, project_id: int) -> Answered:
    """To this moment."""
    return count_answers(session, project_id, kept_answers(session, project_id), EVERY_ROW)


def settled(session: Session, project_id: int, choice_set: str) -> Settled:
    """To this moment."""
    return Settled(*_SETTLED.all(session, {"project_id": project_id, "choice_set": choice_set})[0])


def kept_answers(session: Session, project_id: int) -> Answered:
    columns = (AnswerCount.until_id, AnswerCount.n_classifications, AnswerCount.n_volunteers)
    row = session.execute(select(*columns).where(AnswerCount.project_id == project_id)).first()
    return Answered(0, 0, 0) if row is None else Answered(*row)


def count_answers(session: Session, project_id: int, before: Answered, until_id: int) -> Answered:
    """What was counted before, and what came after it up to a row."""
    named = {"project_id": project_id, "after": before.until_id, "until": until_id}
    n_classifications, n_volunteers = map(int, _ANSWERED_SINCE.all(session, named)[0])
    return Answered(until_id, before.n_classifications + n_classifications, before.n_volunteers + n_volunteers)


def keep_answers(session: Session, project_id: int, before: Answered, counted: Answered) -> None:
    """In the place of what was kept before; left alone if somebody else has counted meanwhile."""
    kept, values = AnswerCount.__table__, counted._asdict()
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = dialect.insert(kept).values(project_id=project_id, **values)
    still = kept.c.until_id == before.until_id
    session.execute(added.on_conflict_do_update(index_elements=[kept.c.project_id], set_=values, where=still))


def more_than(session: Session, n: int, after_id: int) -> bool:
    """Whether so many classifications and one, of any project, came after a row. Looks at no more of them."""
    return _LATER.scalar(session, {"after": after_id, "n": n}) is not None


def mark(session: Session) -> Mark:
    newest_id = session.scalar(select(func.max(Classification.id)))
    postgres = session.get_bind().dialect.name == "postgresql"
    # Read after the newest row: whoever has a lower id and is not done has a lower number, too.
    number = session.scalar(text("SELECT pg_current_xact_id()::text::bigint")) if postgres else 0
    return Mark(newest_id or 0, number or 0)


def nobody_is_behind(session: Session, marked: Mark) -> bool:
    """Whether no row older than the marked one can come any more. With SQLite's only writer none ever can."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    oldest = session.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return int(oldest or 0) > marked.transaction


def uncounted(session: Session, project_id: int, choice_set: str, most: int) -> list[int]:
    """Ids of subjects whose opening is not what it was counted as."""
    return _UNCOUNTED.scalars(session, {"project_id": project_id, "choice_set": choice_set, "most": most})


def count_openings(session: Session, project_id: int, choice_set: str, most: int) -> int:
    """Counts at most so many, but none that play holds; returns how many it has counted."""
    before = _held(session, project_id, choice_set)
    found = uncounted(session, project_id, choice_set, most)
    free = sorted(set(found) - take_consensuses(session, found))
    these = (Opening.subject_id.in_(free), Opening.choice_set == choice_set, NOT_AS_COUNTED)
    n_new, n_retired, n = session.execute(select(_NEW, _NEWLY_RETIRED, func.count()).where(*these)).one()
    changed = update(Opening).where(*these).values(counted=RETIRED_BY_PEOPLE)
    session.execute(changed, execution_options={"synchronize_session": False})
    before.n_subjects += n_new
    before.n_retired += n_retired
    return int(n)


def kept_openings(session: Session, project_id: int, choice_set: str) -> Settled:
    columns = (OpeningCount.n_subjects, OpeningCount.n_retired)
    row = session.execute(select(*columns).filter_by(project_id=project_id, choice_set=choice_set)).first()
    return Settled(0, 0) if row is None else Settled(*row)


def recounted_openings(session: Session, project_id: int, choice_set: str) -> Settled:
    """What was counted in all, from what each opening was counted as."""
    retired = func.sum(case((Opening.counted.is_(True), 1), else_=0))
    rows = select(func.count(Opening.counted), func.coalesce(retired, 0))
    found = rows.where(Opening.project_id == project_id, Opening.choice_set == choice_set)
    return Settled(*session.execute(found).one())


def keep_openings(session: Session, project_id: int, choice_set: str, before: Settled, counted: Settled) -> None:
    """In the place of what was kept before; left alone if somebody else has counted meanwhile."""
    kept = _held(session, project_id, choice_set)
    if Settled(kept.n_subjects, kept.n_retired) == before:
        kept.n_subjects, kept.n_retired = counted


def _held(session: Session, project_id: int, choice_set: str) -> OpeningCount:
    """Until the transaction ends nobody else counts."""
    key = {"project_id": project_id, "choice_set": choice_set}
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    nothing = dialect.insert(OpeningCount).values(**key, n_subjects=0, n_retired=0)
    session.execute(nothing.on_conflict_do_nothing())
    return session.scalars(select(OpeningCount).filter_by(**key).with_for_update(key_share=True)).one()
