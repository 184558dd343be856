"""The statements of an answer's journey: prepared, each for any number of answers, none dearer with a longer past.

They are made once, at import, and take lists as one parameter: what the database prepares for them stays prepared.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, String, Text, and_, bindparam, case, cast, insert, select, update
from sqlalchemy.orm import Session

from game.levels import GoldUse
from game.store.columns import Instant
from game.store.listed import Listed, among, over_listed
from game.store.prepared import Prepared
from game.store.rounds import Given
from game.store.tables import (
    Classification,
    ExpertLabel,
    Prediction,
    Project,
    Reliability,
    Round,
    RoundSubject,
    Subject,
    Volunteer,
    Withdrawal,
)

_CODES = bindparam("codes", type_=Listed(String))
_IDS = bindparam("ids", type_=Listed(BigInteger))


class Handed(NamedTuple):
    """A subject as it was handed out, its round and its volunteer. `sign_in_version` is None once she has left.

    `taught` is the label of teaching gold, `why` the experts' words about it; both None for every other subject.
    """

    id: int
    code: str
    subject_id: int
    round_id: int
    round_code: str
    project_id: int
    slug: str
    volunteer_id: int
    level: str
    n_subjects: int
    started_at: datetime
    completed_at: datetime | None
    sign_in_version: int | None
    simulated: bool
    taught: int | None
    why: str | None


class Kept(NamedTuple):
    """A classification of a round; `counts` unless its volunteer took it back."""

    round_id: int
    round_subject_id: int
    key: str
    choice: str | None
    counts: bool


class Voice(NamedTuple):
    """What the last aggregation knows of a volunteer: confusion matrix (K, K) as JSON, group of copies."""

    confusion: str
    copies: int | None


_handed, _round, _said = RoundSubject.__table__.c, Round.__table__.c, Classification.__table__.c
_teaches = and_(ExpertLabel.subject_id == _handed.subject_id, ExpertLabel.use == GoldUse.TEACHING)

# Rounds are held in the order of their ids, so that two processes never wait for each other.
_HELD = Prepared(
    select(
        _handed.id, _handed.code, _handed.subject_id, _round.id, _round.code, _round.project_id, Project.slug,
        _round.volunteer_id, _round.level, _round.n_subjects, _round.started_at, _round.completed_at,
        case((Volunteer.deleted_at.is_(None), Volunteer.sign_in_version)), Volunteer.simulated, ExpertLabel.label,
        ExpertLabel.why,
    )
    .select_from(RoundSubject)
    .join(Round, _round.id == _handed.round_id)
    .join(Project, Project.id == _round.project_id)
    .join(Volunteer, Volunteer.id == _round.volunteer_id)
    .outerjoin(ExpertLabel, _teaches)
    .where(among(_handed.code, _CODES))
    .order_by(_round.id)
    .with_for_update(of=Round, key_share=True)
)  # fmt: skip

_OF_ROUNDS = Prepared(
    select(
        _said.round_id, _said.round_subject_id, _said.key, _said.choice, Withdrawal.classification_id.is_(None)
    )
    .outerjoin(Withdrawal, Withdrawal.classification_id == _said.id)
    .where(among(_said.round_id, _IDS))
    .order_by(_said.id)
)  # fmt: skip

_ANSWERED = Prepared(
    update(RoundSubject).where(among(_handed.id, _IDS)).values(answered_at=bindparam("at", type_=Instant()))
)
_ADDED = Prepared(
    insert(Classification),
    [
        "key", "round_subject_id", "attempt", "round_id", "project_id", "subject_id", "volunteer_id", "level",
        "level_version", "code_version", "choice", "abstention", "shown_ms", "given_at",
    ],
)  # fmt: skip
_SUBJECTS = Prepared(
    select(Subject.id).where(among(Subject.id, _IDS)).order_by(Subject.id).with_for_update(key_share=True)
)

# The newest are looked up in the index alone, then their rows by id; of these it is asked which were taken back.
_NEWEST_IDS = """
    SELECT newer.id FROM classifications AS newer
    WHERE newer.subject_id = listed.value ORDER BY newer.id DESC LIMIT :most
"""
_NEWEST = """
SELECT said.subject_id, said.volunteer_id, said.choice, said.abstention
FROM {{listed}} {joined}
WHERE NOT EXISTS (SELECT 1 FROM withdrawals WHERE withdrawals.classification_id = said.id)
"""
# SQLite has no lateral join, and PostgreSQL would look for a correlated id in every row.
_NEWEST_OF = {
    "sqlite": f"JOIN classifications AS said ON said.id IN ({_NEWEST_IDS})",
    "postgresql": f"CROSS JOIN LATERAL ({_NEWEST_IDS}) AS newest JOIN classifications AS said ON said.id = newest.id",
}
_NEWEST_ANSWERS = Prepared(
    {name: over_listed(_NEWEST.format(joined=joined))[name] for name, joined in _NEWEST_OF.items()}
)

_VOICES = Prepared(
    select(Reliability.volunteer_id, cast(Reliability.confusion, Text), Reliability.copies).where(
        Reliability.project_id == bindparam("project_id"), among(Reliability.volunteer_id, _IDS)
    )
)
_PREDICTIONS = Prepared(
    select(Prediction.subject_id, cast(Prediction.p, Text)).where(
        Prediction.model_id == bindparam("model_id"), among(Prediction.subject_id, _IDS)
    )
)


def hold(session: Session, codes: Collection[str]) -> dict[str, Handed]:
    """A handed-out subject's code → what it is. Until the transaction ends, nobody else adds to these rounds."""
    return {row[1]: Handed(*row) for row in _HELD.all(session, {"codes": codes})}


def of_rounds(session: Session, round_ids: Collection[int]) -> list[Kept]:
    """Every classification of these rounds, the oldest first."""
    return [Kept(*row) for row in _OF_ROUNDS.all(session, {"ids": round_ids})]


def add(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Adds rows of Classification. What they answer is no longer in flight."""
    _ADDED.run(session, rows)
    _ANSWERED.run(session, [{"ids": [row["round_subject_id"] for row in rows], "at": now}])


def hold_subjects(session: Session, subject_ids: Collection[int]) -> None:
    """Until the transaction ends: of two answers that arrive together, the second is believed with the first."""
    _SUBJECTS.all(session, {"ids": subject_ids})


def newest(session: Session, subject_ids: Collection[int], most: int) -> dict[int, list[Given]]:
    """Subject id → those of its newest classifications, so many at most, that count; none, and there is no entry."""
    given: dict[int, list[Given]] = defaultdict(list)
    rows = _NEWEST_ANSWERS.all(session, {"ids": subject_ids, "most": most})
    for subject_id, volunteer_id, choice, abstention in rows:
        given[subject_id].append(Given(volunteer_id, choice, abstention))
    return given


def voices(session: Session, project_id: int, volunteer_ids: Collection[int]) -> dict[int, Voice]:
    """Volunteer id → what is known of her; a newcomer has no entry."""
    rows = _VOICES.all(session, {"project_id": project_id, "ids": volunteer_ids})
    return {volunteer_id: Voice(confusion, copies) for volunteer_id, confusion, copies in rows}


def predictions(session: Session, model_id: int, subject_ids: Collection[int]) -> dict[int, str]:
    """Subject id → this model's p (K,) as JSON; empty if it is not the published model any more."""
    return dict(_PREDICTIONS.all(session, {"model_id": model_id, "ids": subject_ids}))
