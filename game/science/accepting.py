"""Machine-accepted: subjects that nobody answered and of which the model alone is as sure as the project asks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, Tallies, Tally, offered, opening_states
from game.science.fitting import Weights
from game.science.hearing import Model
from game.science.people import all_states
from game.store import Store, reading, science, transaction
from game.store.science import Renewed
from scoring.arrays import Ints
from scoring.audit import Audit, judged_by_people_alone
from scoring.consensus import best_choice
from scoring.retirement import RetirementReason

ROWS_IN_ONE_TRANSACTION = 250


@dataclass(frozen=True)
class Acceptance:
    """`at`: the confidence from which the project lets the model decide; None for never, as is usual.

    `subjects`: ids of those that the model decides; none where the `audit` shows a broken promise.
    """

    at: float | None
    audit: Audit
    subjects: frozenset[int]

    @property
    def told(self) -> dict[str, Any]:
        """JSON for Aggregate.model: what a project's page shows."""
        if self.at is None:
            return {}
        low, high = self.audit.bounds
        counted = {"n_accepted": len(self.subjects), "n": self.audit.n, "n_wrong": self.audit.n_wrong}
        return {"accepted": {"at": self.at, "kept": _kept(self.at, self.audit), "low": low, "high": high} | counted}


@dataclass(frozen=True)
class Renewal:
    """What the openings of subjects that nobody answered become."""

    acceptance: Acceptance
    weights: Weights
    model: Model
    at: datetime

    def states(self, project: Project, subject_id: int) -> list[Renewed]:
        prior, word = self.weights.prior, self.model.word(subject_id)
        reason = RetirementReason.MACHINE_ACCEPTED if subject_id in self.acceptance.subjects else None
        states = opening_states(project, Believed(prior, prior, prior, self.weights.pooled, word), Tally([], 0))
        return [Renewed(subject_id, state.choice_set, state.priority, reason) for state in states]


def decide(project: Project, model: Model, answered: Mapping[int, int | None], gold: Collection[int]) -> Acceptance:
    """`answered`: ids of all subjects with answers → the finest choice on which people settled, None while they have
    not."""
    at = project.retirement.machine_accepts_at
    if at is None or model.met is None or model.met.witness is None:
        return Acceptance(at, Audit(0, 0), frozenset())
    choices = offered(project, project.choice_sets[-1])
    sure: dict[int, int] = {}
    for subject_id, p in model.predicted.items():
        best, confidence = best_choice(model.met.witness.word(np.array(p)).probability, choices)
        if confidence >= at and subject_id not in gold:
            sure[subject_id] = best
    audited = [one for one in sure if judged_by_people_alone(one) and answered.get(one) is not None]
    audit = Audit(len(audited), sum(answered[one] != sure[one] for one in audited))
    free = [one for one in sure if one not in answered and not judged_by_people_alone(one)]
    return Acceptance(at, audit, frozenset(free if _kept(at, audit) else ()))


def settled_choices(project: Project, ids: Ints, people: Believed, tallies: Tallies) -> dict[int, int | None]:
    """Of every subject that was answered, `ids` (S,): the place of the finest choice on which people alone settled, or
    None while it is in play. Empty in a project that lets the model decide nothing."""
    if project.retirement.machine_accepts_at is None:
        return {}
    reasons = all_states(project, people, tallies)[-1].reasons
    best = (people.posterior @ offered(project, project.choice_sets[-1]).T).argmax(axis=1)
    settled = (RetirementReason.CONFIDENT, RetirementReason.CONTESTED)
    return {
        one: place if reason in settled else None
        for one, place, reason in zip(ids.tolist(), best.tolist(), reasons, strict=True)
    }


def keep_acceptance(store: Store, project: Project, project_id: int, renewed: Renewal) -> None:
    """Takes subjects out of play, and brings back those that the model decides no more. Whoever has an answer by now
    is left to play; only what changes is written, in short transactions."""
    with reading(store) as session:
        before = science.subjects_retired(session, project_id, RetirementReason.MACHINE_ACCEPTED)
    changed = sorted(before ^ renewed.acceptance.subjects)
    for start in range(0, len(changed), ROWS_IN_ONE_TRANSACTION):
        portion = changed[start : start + ROWS_IN_ONE_TRANSACTION]
        with transaction(store) as session:
            free = science.take_unanswered(session, portion)
            states = [
                one for subject_id in portion if subject_id in free for one in renewed.states(project, subject_id)
            ]
            science.renew_openings(session, states, renewed.at)


def _kept(at: float, audit: Audit) -> bool:
    """Who accepts from .98 on promises that no more than 2 in 100 are wrong."""
    return audit.kept(1 - at)
