"""What must hold after everything was killed: each finding is a sentence, and none is good."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isclose
from typing import Any

import numpy as np
from sqlalchemy import func, select

from game.levels import GoldUse
from game.play.belief import update_beliefs
from game.science.aggregate import aggregate
from game.store import Session, reading
from game.store.rounds import COUNTS
from game.store.tables import Classification, Consensus, ExpertLabel, Opening, Round, RoundSubject
from scoring.consensus import labels
from tests.faults.players import Played
from tests.faults.stage import Stage

AT_ONCE = 500
CLOSE = 1e-6


@dataclass(frozen=True)
class Answers:
    """Of those that were acknowledged; doubled ones are kept twice, or count twice."""

    n_acknowledged: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]


def kept_answers(stage: Stage, played: Played) -> Answers:
    with reading(stage.world.store) as session:
        keys = Counter(session.scalars(select(Classification.key)))
        rows = select(Classification.round_subject_id).where(COUNTS).group_by(Classification.round_subject_id)
        twice = list(session.scalars(rows.having(func.count() > 1)))
    doubled = [key for key, n in keys.items() if n > 1] + [f"round subject {one}" for one in twice]
    return Answers(len(played.acknowledged), tuple(sorted(played.acknowledged - keys.keys())), tuple(doubled))


def broken_play(stage: Stage, played: Played) -> list[str]:
    """Answers, rounds, and what is counted of each subject."""
    found = [f"Refused for good: {one}" for one in played.refused]
    with reading(stage.world.store) as session:
        keys = set(session.scalars(select(Classification.key)))
        found += [f"Nobody has sent the answer {one}." for one in sorted(keys - played.sent)]
        found += _rounds(session)
        found += _counts(session, stage)
    return found


def broken_consensus(stage: Stage) -> list[str]:
    """A subject's posterior is that of the weights that were known when it was answered last. So first all is weighed
    once more, as the worker does every few minutes; then play derives every subject again from its rows, on a copy that
    is thrown away, by code of its own: both must say the same."""
    aggregate(stage.world.store, stage.project, datetime.now(UTC))
    return unlike_their_rows(stage)


def unlike_their_rows(stage: Stage) -> list[str]:
    """Of subjects that are no gold: what is believed of gold decides nothing."""
    store, project, now = stage.world.store, stage.project, datetime.now(UTC)
    with reading(store) as session:
        gold = set(session.scalars(select(ExpertLabel.subject_id).where(ExpertLabel.use != GoldUse.REFERENCE)))
        ids = [one for one in session.scalars(select(Consensus.subject_id)) if one not in gold]
    found: list[str] = []
    for start in range(0, len(ids), AT_ONCE):
        portion = ids[start : start + AT_ONCE]
        with reading(store) as session:
            before = _believed(session, portion)
            update_beliefs(session, project, stage.project_id, portion, now)
            session.expire_all()
            after = _believed(session, portion)
        for kind, rows in before.items():
            found += [
                f"{kind} {key} is {row}, and follows to be {after[kind][key]}."
                for key, row in rows.items()
                if not _alike(row, after[kind][key])
            ]
    return found


def _rounds(session: Session) -> Iterator[str]:
    answered = set(session.scalars(select(RoundSubject.id).where(RoundSubject.answered_at.is_not(None))))
    given = set(session.scalars(select(Classification.round_subject_id).where(COUNTS)))
    yield from (f"Round subject {one} is answered, or has an answer, but not both." for one in sorted(answered ^ given))
    n_given = Counter(session.scalars(select(Classification.round_id).where(COUNTS)))
    for row in session.execute(select(Round.id, Round.n_subjects, Round.completed_at, Round.points)):
        whole = n_given[row.id] == row.n_subjects
        if whole != (row.completed_at is not None) or whole != (row.points is not None):
            yield f"Round {row.id} has {n_given[row.id]} of {row.n_subjects} answers, and is {row}."


def _counts(session: Session, stage: Stage) -> Iterator[str]:
    columns = select(Classification.subject_id, Classification.choice, Classification.abstention)
    said: dict[int, list[Any]] = {}
    for one in session.execute(columns.where(COUNTS)):
        said.setdefault(one.subject_id, []).append(one)
    kept = {row.subject_id: row for row in session.scalars(select(Consensus))}
    yield from (
        f"Subject {one} has answers, or a consensus, but not both." for one in sorted(said.keys() ^ kept.keys())
    )
    for subject_id in said.keys() & kept.keys():
        row, codes = kept[subject_id], [one.choice for one in said[subject_id] if one.choice is not None]
        masks = np.array([stage.project.choice_masks[code] for code in codes], dtype=np.bool_)
        n_cant_tell = sum(one.abstention == "cant_tell" for one in said[subject_id])
        agreed = float(masks[:, row.label].mean()) if codes else None
        derived = (len(codes), n_cant_tell, agreed, int(labels(np.array([row.posterior]))[0]))
        if derived != (row.n_given, row.n_cant_tell, row.agreement, row.label):
            stands = (row.n_given, row.n_cant_tell, row.agreement, row.label)
            yield f"Subject {subject_id}: {stands} stands where {derived} follows."


def _believed(session: Session, subject_ids: Sequence[int]) -> dict[str, dict[object, tuple[object, ...]]]:
    rows = select(Consensus.subject_id, Consensus.posterior, Consensus.label, Consensus.n_given)
    consensus = session.execute(rows.where(Consensus.subject_id.in_(subject_ids)))
    states = select(Opening.subject_id, Opening.choice_set, Opening.priority, Opening.reason)
    openings = session.execute(states.where(Opening.subject_id.in_(subject_ids)))
    return {
        "The consensus of subject": {row.subject_id: (*row.posterior, row.label, row.n_given) for row in consensus},
        "The opening of subject": {(row.subject_id, row.choice_set): tuple(row[2:]) for row in openings},
    }


def _alike(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(
        isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(one, other, strict=True)
    )
