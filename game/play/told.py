"""What a player hears of each picture once her round is complete: what she, the crowd and the model said.

Never before, and of gold in the very same way. Gold collects answers without end, where other subjects leave play after
a few; so the crowd speaks of gold with as many answers as of an ordinary subject of the same round, drawn by lot.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.levels import Choice, Level, Project
from game.levels.openings import choice_masks
from game.play.belief import NEWEST_ANSWERS, InForce, hear_answers, in_force
from game.store import Session, beliefs, rounds, subjects
from game.store.rounds import Given
from game.store.tables import Classification, Round, RoundSubject
from scoring import consensus
from scoring.arrays import Floats, Masks


@dataclass(frozen=True)
class Told:
    """Of the picture at this `position`. `own` is None for an abstention, `crowd` while nobody else had answered before
    the round was complete, `model` where no model has looked at it."""

    position: int
    own: Choice | None
    crowd: Choice | None
    model: Choice | None


def tell(session: Session, project: Project, level: Level, row: Round) -> tuple[Told, ...]:
    """Of a completed round, in its order; what others answer later changes nothing."""
    answers = rounds.answers_of_round(session, row.id)
    handed = [one for one in rounds.round_subjects(session, row.id) if one.id in answers]
    others = _others(session, project, row, handed, max(answers[one.id].id for one in handed))
    predicted = beliefs.predictions_of(session, [one.subject_id for one in handed])
    force, choices = in_force(session, project, row.project_id), _masks(level)
    told = []
    for one, given in zip(handed, others, strict=True):
        crowd = _crowd(session, project, row.project_id, force, given)
        said = (crowd, predicted.get(one.subject_id))
        named = [
            None
            if p is None or len(p) != len(project.labels)
            else level.choices[consensus.best_choice(np.array(p), choices)[0]]
            for p in said
        ]
        told.append(Told(one.position, _own(level, answers[one.id]), *named))
    return tuple(told)


def _others(
    session: Session, project: Project, row: Round, handed: Sequence[RoundSubject], until: int
) -> list[list[Given]]:
    """What others had given to each subject by the classification `until`, newest first: of gold no more than of a
    subject in play."""
    known = choice_masks(project)
    found = [
        rounds.answers_of_others(session, one.subject_id, row.volunteer_id, until, NEWEST_ANSWERS) for one in handed
    ]
    given = [[answer for answer in answers if answer.choice in known] for answers in found]
    gold = subjects.gold_among(session, [one.subject_id for one in handed])
    depths = [len(one) for one, subject in zip(given, handed, strict=True) if subject.subject_id not in gold]
    return [
        answers[: depths[_lot(subject.code, len(depths))]] if depths and subject.subject_id in gold else answers
        for answers, subject in zip(given, handed, strict=True)
    ]


def _crowd(session: Session, project: Project, project_id: int, force: InForce, given: list[Given]) -> Floats | None:
    """(K,), as it is published: people alone."""
    if not given:
        return None
    heard = hear_answers(session, project, project_id, force, [given])
    return np.asarray(consensus.posterior(heard, force.redundancy)[0])


def _own(level: Level, answer: Classification) -> Choice | None:
    return next((choice for choice in level.choices if choice.code == answer.choice), None)


def _masks(level: Level) -> Masks:
    """(C, K)."""
    return np.array([choice.mask for choice in level.choices], dtype=np.bool_)


def _lot(code: str, n: int) -> int:
    """One of 0 … n - 1, for ever the same for a subject of a round."""
    return int.from_bytes(hashlib.sha256(code.encode()).digest()[:8]) % n
