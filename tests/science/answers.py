"""Answers as play would have kept them, put straight into the rows, so that each test says exactly who said what."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from game.levels import GoldUse, Project
from game.science.fitting import Weights
from game.science.people import believe
from game.store import Session, Store, people, reading, subjects, transaction
from game.store.said import Said
from game.store.tables import Classification, Round, RoundSubject, Withdrawal
from game.store.tables.play import Abstention
from game.version import CODE_VERSION
from scoring import consensus
from scoring.arrays import Floats, Ints, Masks
from scoring.consensus import Heard
from scoring.redundancy import voices
from tests.conftest import NOW
from tests.science.reef import MOOREA

_NUMBERS = itertools.count(1)


def volunteer(store: Store, name: str, *, simulated: bool = False) -> int:
    with transaction(store) as session:
        return people.add_volunteer(session, name, NOW, simulated=simulated).id


def say(
    store: Store, volunteer_id: int, given: Iterable[tuple[int, str | Abstention]], project: Project = MOOREA,
    at: datetime = NOW,
) -> list[int]:  # fmt: skip
    """One finished round in which the volunteer gives each subject its choice; returns the classifications' ids."""
    with transaction(store) as session:
        return add_round(session, volunteer_id, list(given), project, at)


def add_round(
    session: Session, volunteer_id: int, given: list[tuple[int, str | Abstention]], project: Project, at: datetime
) -> list[int]:
    row = subjects.project_row(session, project.slug)
    assert row is not None
    played = Round(
        code=f"round {next(_NUMBERS)}", project_id=row.id, volunteer_id=volunteer_id, level=project.levels[0].key,
        n_subjects=len(given), started_at=at, completed_at=at, points=0,
    )  # fmt: skip
    session.add(played)
    session.flush()
    return [_add(session, played, place, subject_id, choice) for place, (subject_id, choice) in enumerate(given)]


def withdraw(store: Store, classification_id: int) -> None:
    with transaction(store) as session:
        session.add(Withdrawal(classification_id=classification_id, withdrawn_at=NOW))


def subject_ids(store: Store, use: GoldUse, project: Project = MOOREA) -> dict[int, int]:
    """Subject id → true label, of one use, in the order of the import."""
    with reading(store) as session:
        row = subjects.project_row(session, project.slug)
        assert row is not None
        found = subjects.expert_labels(session, row.id, [use])
    return {subject_id: found[subject_id][0] for subject_id in sorted(found)}


def drawn(matrix: Floats, true: int, codes: list[str], rng: np.random.Generator) -> str:
    """What a volunteer with confusion (K, K) [true, given] says of a subject."""
    return codes[int(rng.choice(len(codes), p=matrix[true]))]


def one_coin(reliability: float, n_labels: int) -> Floats:
    """(K, K): right with this probability, else any other label."""
    off = (1 - reliability) / (n_labels - 1)
    return np.full((n_labels, n_labels), off) + (reliability - off) * np.eye(n_labels)


def crowd(n_answers: int, true: Ints, reliabilities: Floats, seed: int) -> list[Said]:
    """Volunteers 1… name the groups of subjects 1…, each subject about as often as another."""
    rng = np.random.default_rng(seed)
    groups = [group.code for group in MOOREA.groups]
    of_label = [groups.index(str(label.group)) for label in MOOREA.labels]
    matrices = [one_coin(float(reliability), len(groups)) for reliability in reliabilities]
    said = []
    for n in range(n_answers):
        volunteer, subject = int(rng.integers(len(matrices))), n % len(true)
        choice = drawn(matrices[volunteer], of_label[int(true[subject])], groups, rng)
        said.append(Said(n + 1, subject + 1, volunteer + 1, choice, None))
    return said


def _add(session: Session, played: Round, place: int, subject_id: int, choice: str | Abstention) -> int:
    handed = RoundSubject(
        code=f"handed {next(_NUMBERS)}", round_id=played.id, position=place, subject_id=subject_id,
        volunteer_id=played.volunteer_id, handed_at=played.started_at, answered_at=played.started_at,
    )  # fmt: skip
    session.add(handed)
    session.flush()
    abstained = isinstance(choice, Abstention)
    added = Classification(
        key=f"answer {next(_NUMBERS)}", round_subject_id=handed.id, round_id=played.id, project_id=played.project_id,
        subject_id=subject_id, volunteer_id=played.volunteer_id, level=played.level, level_version="1",
        code_version=CODE_VERSION, choice=None if abstained else choice, abstention=choice if abstained else None,
        shown_ms=900, given_at=played.started_at + timedelta(seconds=place),
    )  # fmt: skip
    session.add(added)
    session.flush()
    return added.id


def posterior(weights: Weights, masks: Mapping[str, Masks], said: Sequence[Said]) -> Floats:
    """(K,), as it is published, of the answers to one subject."""
    return believe(weights, heard(weights, masks, said)).posterior


def heard(weights: Weights, masks: Mapping[str, Masks], said: Sequence[Said]) -> Heard:
    """One answer after another, as it is written in scoring's README."""
    given = [one for one in said if one.choice in masks]
    counted = consensus.shares([weights.copies.get(one.volunteer_id) for one in given], [one.choice for one in given])
    found = consensus.nothing(weights.prior)
    for one, share in zip(given, counted, strict=True):
        matrix = weights.confusions.get(one.volunteer_id, weights.pooled)
        said_so = consensus.log_likelihood(matrix, masks[str(one.choice)])
        found = consensus.hear(found, said_so, float(voices(matrix)), share)
    return found


def by_subject(said: Sequence[Said]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = {}
    for one in said:
        found.setdefault(one.subject_id, []).append(one)
    return found
