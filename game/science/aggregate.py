"""Aggregation: EM over all answers of a project renews every reliability, every consensus and every opening."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from game.errors import NotFound
from game.levels import GoldUse, Project
from game.levels.openings import Believed, OpeningStates, choice_masks
from game.science.accepting import Acceptance, Renewal, decide, keep_acceptance, settled_choices
from game.science.fitting import Weights, fit_weights
from game.science.hearing import Model, Predictions, meet, published_predictions
from game.science.labels import sync_labels
from game.science.people import People, all_states, believe, hear
from game.science.showing import Crowd, figures
from game.store import Session, Store, beliefs, publications, reading, science, subjects, transaction
from game.store.believed import consensus_rows, renewals
from game.store.said import AllSaid, ById
from game.store.tables import Aggregate
from game.store.witness import as_kept
from scoring import confusion, consensus
from scoring.redundancy import USUAL

One = TypeVar("One")

# SQLite has one writer: between two portions of so many rows players get their turn.
ROWS_IN_ONE_TRANSACTION = 250
GOLD = (GoldUse.HIDDEN, GoldUse.TEACHING)


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
    """What one aggregation works on, read at one moment. `said`: every answer, gold's too."""

    project_id: int
    said: AllSaid
    gold: Mapping[int, tuple[int, GoldUse]]
    labels_before: Mapping[int, int]
    predicted: Predictions | None
    figures_before: Mapping[str, Any] | None
    at: datetime


@dataclass(frozen=True)
class _Found:
    """Of every subject that was answered and is no gold, (S,) in the order of `people`."""

    people: People
    believed: Believed
    states: Sequence[OpeningStates]


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
    if not len(read.said):
        return AggregateReport(0, 0, 0, 0, 0, USUAL)
    weights = fit_weights(project, read.said, read.gold)
    people = hear(weights, choice_masks(project), read.said[~np.isin(read.said.subject_id, list(read.gold))])
    alone = believe(weights, people.heard)
    by_people = ById(people.ids, alone.posterior)
    model = meet(read.predicted, weights, by_people, read.gold)
    believed = replace(alone, model=model.words(people.ids))
    found = _Found(people, believed, all_states(project, believed, people.tallies))
    acceptance = decide(project, model, settled_choices(project, people.ids, alone, people.tallies), read.gold)
    labels = consensus.labels(alone.posterior)
    n_changed = sum(
        read.labels_before.get(one) != label for one, label in zip(people.ids.tolist(), labels.tolist(), strict=True)
    )
    _keep_weights(store, read, weights, _told(model, acceptance), n_changed)
    for start in range(0, len(people.ids), ROWS_IN_ONE_TRANSACTION):
        _keep_beliefs(store, project, read, found, slice(start, start + ROWS_IN_ONE_TRANSACTION))
    keep_acceptance(store, project, read.project_id, Renewal(acceptance, weights, model, now))
    _keep_figures(store, project, read, weights, by_people)
    n_gold = sum(weights.n_gold.values())
    n_volunteers = len(weights.confusions)
    return AggregateReport(len(read.said), len(people.ids), n_volunteers, n_gold, n_changed, weights.redundancy)


def _read(session: Session, project_id: int, now: datetime) -> Read:
    latest = beliefs.latest_aggregate(session, project_id)
    return Read(
        project_id=project_id,
        said=science.answers_of_project(session, project_id),
        gold=subjects.expert_labels(session, project_id, GOLD),
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


def _keep_figures(store: Store, project: Project, read: Read, weights: Weights, believed: ById) -> None:
    with reading(store) as session:
        settled = set(believed) - publications.subjects_in_play(session, read.project_id)
        n_subjects = subjects.n_subjects(session, read.project_id)
    crowd = Crowd(read.said, read.gold, weights, believed, settled, n_subjects, weights.asked)
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


def _keep_beliefs(store: Store, project: Project, read: Read, found: _Found, some: slice) -> None:
    """A subject that was answered since all answers were read is left out: play has believed more of it by now."""
    people, states = found.people, [state[some] for state in found.states]
    ids = people.ids[some].tolist()
    rows = consensus_rows(project, ids, found.believed.posterior[some], people.tallies[some])
    always = {"project_id": read.project_id, "computed_at": read.at}
    known = dict(zip(ids, zip(people.n[some].tolist(), people.newest[some].tolist(), strict=True), strict=True))
    with transaction(store) as session:
        busy = science.take_consensuses(session, ids)
        extents = science.extent_of_answers(session, ids)
        still = {one for one in ids if one not in busy and extents.get(one) == known[one]}
        science.keep_consensuses(session, [row | always for row in rows if row["subject_id"] in still])
        science.renew_openings(session, [one for one in renewals(ids, states) if one.subject_id in still], read.at)


def _told(model: Model, acceptance: Acceptance) -> dict[str, Any] | None:
    return None if model.met is None else as_kept(model.met) | acceptance.told


def _portions(rows: Sequence[One], size: int) -> Iterator[list[One]]:
    remaining = iter(rows)
    while portion := list(islice(remaining, size)):
        yield portion
