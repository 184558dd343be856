"""Aggregation: EM over all answers of a project renews every reliability, every consensus and every opening."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from game.errors import NotFound
from game.levels import GoldUse, Project
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.science.accepting import Acceptance, Renewal, decide, keep_acceptance, settled_choice
from game.science.fitting import Weights, believe, fit_weights, hear
from game.science.hearing import Model, Predictions, meet, published_predictions
from game.science.labels import sync_labels
from game.science.showing import Crowd, figures
from game.store import Session, Store, beliefs, publications, reading, science, subjects, transaction
from game.store.science import Renewed, Said
from game.store.tables import Aggregate
from game.store.tables.play import Abstention
from game.store.witness import as_kept
from scoring import agreement, confusion
from scoring.arrays import Floats
from scoring.redundancy import USUAL

One = TypeVar("One")

# SQLite has one writer: between two portions of so many rows players get their turn.
ROWS_IN_ONE_TRANSACTION = 250
GOLD = (GoldUse.HIDDEN, GoldUse.TEACHING)
ABSTENTIONS = (Abstention.BAD_IMAGE, Abstention.CANT_TELL)


@dataclass(frozen=True)
class AggregateReport:
    """`n_changed` subjects have another label than before; all zero when nobody has answered yet."""

    n_classifications: int
    n_subjects: int
    n_volunteers: int
    n_gold: int
    n_changed: int
    redundancy: float


@dataclass(frozen=True)
class Read:
    """What one aggregation works on, read at one moment. `said`: every answer; `of_subject`: those on no gold."""

    project_id: int
    said: Sequence[Said]
    of_subject: Mapping[int, Sequence[Said]]
    gold: Mapping[int, tuple[int, GoldUse]]
    labels_before: Mapping[int, int]
    predicted: Predictions | None
    figures_before: Mapping[str, Any] | None
    at: datetime


def aggregate(store: Store, project: Project, now: datetime) -> AggregateReport:
    """Idempotent; writes in short transactions, so that players are not kept waiting.

    Raises NotFound for a project without subjects, Conflict if its labels changed their order.
    """
    with transaction(store) as session:
        if subjects.project_row(session, project.slug) is None:
            raise NotFound(f"The project “{project.title}” has no subjects yet.")
        project_id = sync_labels(session, project, now)
    with reading(store) as session:
        read = _read(session, project_id, now)
    if not read.said:
        return AggregateReport(0, 0, 0, 0, 0, USUAL)
    weights, masks = fit_weights(project, read.said, read.gold), choice_masks(project)
    alone = {one: believe(weights, hear(weights, masks, said)) for one, said in read.of_subject.items()}
    model = meet(read.predicted, weights, {one: p.posterior for one, p in alone.items()}, read.gold)
    believed = {one: replace(p, model=model.word(one)) for one, p in alone.items()}
    settled = {one: settled_choice(project, p, _tally(project, read, one)) for one, p in alone.items()}
    acceptance = decide(project, model, settled, read.gold)
    n_changed = sum(read.labels_before.get(one) != int(p.posterior.argmax()) for one, p in believed.items())
    _keep_weights(store, read, weights, _told(model, acceptance), n_changed)
    for portion in _portions(sorted(believed), ROWS_IN_ONE_TRANSACTION):
        _keep_beliefs(store, project, read, {one: believed[one] for one in portion})
    keep_acceptance(store, project, read.project_id, Renewal(acceptance, weights, model, now))
    _keep_figures(store, project, read, weights, believed)
    n_gold = sum(weights.n_gold.values())
    return AggregateReport(
        len(read.said), len(believed), len(weights.confusions), n_gold, n_changed, weights.redundancy
    )


def by_subject(said: Sequence[Said]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = {}
    for one in said:
        found.setdefault(one.subject_id, []).append(one)
    return found


def _read(session: Session, project_id: int, now: datetime) -> Read:
    said = science.answers_of_project(session, project_id)
    gold = subjects.expert_labels(session, project_id, GOLD)
    latest = beliefs.latest_aggregate(session, project_id)
    return Read(
        project_id=project_id,
        said=said,
        of_subject={subject_id: given for subject_id, given in by_subject(said).items() if subject_id not in gold},
        gold=gold,
        labels_before=science.consensus_labels(session, project_id),
        predicted=published_predictions(session, project_id),
        figures_before=None if latest is None else latest.figures,
        at=now,
    )


def _keep_weights(store: Store, read: Read, weights: Weights, model: dict[str, Any] | None, n_changed: int) -> None:
    rows = [_reliability(read, weights, volunteer_id) for volunteer_id in sorted(weights.confusions)]
    for portion in _portions(rows, ROWS_IN_ONE_TRANSACTION):
        with transaction(store) as session:
            busy = science.take_reliabilities(session, [row["volunteer_id"] for row in portion])
            science.keep_reliabilities(session, [row for row in portion if row["volunteer_id"] not in busy])
    run = Aggregate(
        project_id=read.project_id, pooled=weights.pooled.tolist(), prior=weights.prior.tolist(),
        redundancy=weights.redundancy, assured=weights.assured, n_classifications=len(read.said), n_changed=n_changed,
        model=model, computed_at=read.at,
    )  # fmt: skip
    with transaction(store) as session:
        science.add_aggregate(session, run)


def _keep_figures(
    store: Store, project: Project, read: Read, weights: Weights, believed: Mapping[int, Believed]
) -> None:
    with reading(store) as session:
        settled = set(believed) - publications.subjects_in_play(session, read.project_id)
        n_subjects = subjects.n_subjects(session, read.project_id)
    posteriors = {one: p.posterior for one, p in believed.items()}
    crowd = Crowd(read.said, read.gold, weights, posteriors, settled, n_subjects, weights.asked)
    drawn = figures(project, crowd, np.random.default_rng(len(read.said)), read.figures_before)
    with transaction(store) as session:
        science.keep_figures(session, read.project_id, drawn)


def _reliability(read: Read, weights: Weights, volunteer_id: int) -> dict[str, Any]:
    matrix = weights.confusions[volunteer_id]
    reliability = confusion.reliability(matrix)
    return {
        "volunteer_id": volunteer_id,
        "project_id": read.project_id,
        "confusion": matrix.tolist(),
        "reliability": reliability,
        "informedness": confusion.informedness(reliability, len(matrix)),
        "n_gold": weights.n_gold[volunteer_id],
        "copies": weights.copies.get(volunteer_id),
        "flags": weights.flags.get(volunteer_id),
        "computed_at": read.at,
    }


def _keep_beliefs(store: Store, project: Project, read: Read, believed: Mapping[int, Believed]) -> None:
    """A subject that was answered since all answers were read is left out: play has believed more of it by now."""
    rows = {one: _consensus(project, read, one, p.posterior) for one, p in believed.items()}
    renewed = {one: _openings(project, read, rows[one], p) for one, p in believed.items()}
    with transaction(store) as session:
        busy = science.take_consensuses(session, list(believed))
        extents = science.extent_of_answers(session, list(believed))
        still = [one for one in believed if one not in busy and extents.get(one) == _extent(read.of_subject[one])]
        science.keep_consensuses(session, [rows[one] for one in still])
        science.renew_openings(session, [opening for one in still for opening in renewed[one]], read.at)


def _extent(said: Sequence[Said]) -> tuple[int, int]:
    return len(said), said[-1].classification_id


def _consensus(project: Project, read: Read, subject_id: int, believed: Floats) -> dict[str, Any]:
    said, masks = read.of_subject[subject_id], choice_masks(project)
    choices = np.array([masks[str(one.choice)] for one in said if one.choice in masks], dtype=np.bool_)
    label = int(believed.argmax())
    return {
        "subject_id": subject_id,
        "project_id": read.project_id,
        "posterior": believed.tolist(),
        "label": label,
        "confidence": float(believed[label]),
        "agreement": agreement.agreement(choices, label),
        "n_given": len(choices),
        "n_bad_image": sum(one.abstention == Abstention.BAD_IMAGE for one in said),
        "n_cant_tell": sum(one.abstention == Abstention.CANT_TELL for one in said),
        "computed_at": read.at,
    }


def _told(model: Model, acceptance: Acceptance) -> dict[str, Any] | None:
    return None if model.met is None else as_kept(model.met) | acceptance.told


def _openings(project: Project, read: Read, row: Mapping[str, Any], believed: Believed) -> list[Renewed]:
    subject_id = row["subject_id"]
    states = opening_states(project, believed, _tally(project, read, subject_id))
    return [Renewed(subject_id, state.choice_set, state.priority, state.reason) for state in states]


def _tally(project: Project, read: Read, subject_id: int) -> Tally:
    said, known = read.of_subject[subject_id], choice_masks(project)
    codes = [str(one.choice) for one in said if one.choice in known]
    n_bad_image, n_cant_tell = (sum(one.abstention == why for one in said) for why in ABSTENTIONS)
    return Tally(codes, n_bad_image, n_cant_tell)


def _portions(rows: Sequence[One], size: int) -> Iterator[list[One]]:
    remaining = iter(rows)
    while portion := list(islice(remaining, size)):
        yield portion
