"""What a release has to say, before it is written: what follows from all rows of a project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import choice_masks
from game.science.aggregate import GOLD
from game.science.fitting import Weights, fit_weights
from game.science.hearing import Model, Predictions, meet, published_predictions
from game.science.people import People, all_states, believe, hear
from game.store import Session, beliefs, publications, science, subjects
from game.store.publications import ReleasedVolunteer
from game.store.said import AllSaid, ById, places_among
from game.store.witness import MetModel, met_model
from scoring.arrays import Floats, Ints, Masks
from scoring.retirement import RetirementReason


@dataclass(frozen=True)
class Rows:
    """`gold`: subject id → (label, use); `in_play`: ids of subjects that are open for some choice set, ascending;
    `accepted`: of those that the model named alone, `met` is how it was heard then."""

    said: AllSaid
    volunteers: Mapping[int, ReleasedVolunteer]
    gold: Mapping[int, tuple[int, GoldUse]]
    in_play: Ints
    predicted: Predictions | None
    accepted: set[int]
    met: MetModel | None

    def machine(self, subject_id: int) -> tuple[int, Floats] | None:
        """Of a machine-accepted subject: the version of the model that named it, and its P(true | model) (K,)."""
        met, predicted = self.met, self.predicted
        if subject_id not in self.accepted or met is None or predicted is None or met.model_id != predicted.model_id:
            return None
        word = Model(met, predicted.p).word(subject_id)
        return None if word is None else (met.version, word.probability)


@dataclass(frozen=True)
class Findings:
    """About every subject that was answered, (S,) in the order of `people`: what people alone say, and why it may leave
    play.

    `reasons` are those of the finest choice set, None unless every choice set has one. The published model has a part
    in these and in `with_model` (S, K), NaN where it was not heard; in `posterior` (S, K) it has none.
    """

    project: Project
    rows: Rows
    weights: Weights
    model: MetModel | None
    people: People
    posterior: Floats
    with_model: Floats | None
    reasons: list[RetirementReason | None]

    @cached_property
    def retired(self) -> Masks:
        return np.array([reason is not None for reason in self.reasons], dtype=np.bool_)

    def place(self, subject_ids: Ints) -> Ints:
        """Of each of these among those that were answered; -1 for all others."""
        return places_among(self.people.ids, subject_ids)

    def public(self, subject_ids: Ints) -> Masks:
        """Whether anybody may hear of these: no gold but what teaches, and what left play by every reckoning."""
        left = np.append(self.retired, False)[self.place(subject_ids)]
        left &= places_among(self.rows.in_play, subject_ids) < 0
        gold, teaching = (places_among(ids, subject_ids) >= 0 for ids in self._gold)
        return np.where(gold, teaching, left)

    @cached_property
    def _gold(self) -> tuple[Ints, Ints]:
        """Ids of all gold, and of what teaches."""
        gold = sorted(self.rows.gold)
        teaching = [one for one in gold if self.rows.gold[one][1] is GoldUse.TEACHING]
        return np.array(gold, dtype=np.int64), np.array(teaching, dtype=np.int64)


def read_rows(session: Session, project_id: int, *, include_simulated: bool) -> Rows:
    said = publications.released_said(session, project_id, include_simulated=include_simulated)
    return Rows(
        said=said,
        volunteers=publications.released_volunteers(session, np.unique(said.volunteer_id).tolist()),
        gold=subjects.expert_labels(session, project_id, GOLD),
        in_play=np.array(sorted(publications.subjects_in_play(session, project_id)), dtype=np.int64),
        predicted=published_predictions(session, project_id),
        accepted=science.subjects_retired(session, project_id, RetirementReason.MACHINE_ACCEPTED),
        met=met_model(beliefs.latest_aggregate(session, project_id)),
    )


def find(project: Project, rows: Rows) -> Findings:
    """EM over these answers and no others: whoever is left out of a release has no part in any of its figures."""
    weights = fit_weights(project, rows.said, rows.gold)
    people = hear(weights, choice_masks(project), rows.said)
    alone = believe(weights, people.heard)
    ordinary = ~np.isin(people.ids, list(rows.gold))
    model = meet(rows.predicted, weights, ById(people.ids[ordinary], alone.posterior[ordinary]), rows.gold)
    believed = replace(alone, model=model.words(people.ids))
    states = all_states(project, believed, people.tallies)
    reasons = [one[-1] if all(one) else None for one in zip(*(state.reasons for state in states), strict=True)]
    with_model = None
    if believed.model is not None:
        with_model = believed.with_model(alone.posterior)
        with_model[np.isnan(believed.model.probability[:, 0])] = np.nan
    return Findings(project, rows, weights, model.met, people, alone.posterior, with_model, reasons)
