"""What is believed of subjects: always computed from all their answers, never added up."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, Tallies, states_of_all
from game.store import Session, answers, beliefs
from game.store.believed import consensus_rows, renewals
from game.store.rounds import Given
from game.store.science import keep_consensuses, renew_openings
from game.store.tables.play import Abstention
from game.store.witness import MetModel, as_met
from scoring import confusion, consensus
from scoring.arrays import Floats
from scoring.consensus import Heard
from scoring.redundancy import USUAL, voices
from scoring.voter import Word

# Far above any rule's maximum. Gold is answered without end and would otherwise cost, and tell, more with each answer.
NEWEST_ANSWERS = 60
# How many volunteers' matrices a process keeps as numbers, some hundred bytes each.
MATRICES_KEPT = 20_000


@dataclass(frozen=True)
class InForce:
    """What the last aggregation found: pooled confusion matrix (K, K), prior (K,), redundancies, the model it met."""

    pooled: Floats
    prior: Floats
    redundancy: float
    assured: float
    model: MetModel | None


def update_belief(session: Session, project: Project, project_id: int, subject_id: int, now: datetime) -> None:
    """Renews a subject's consensus and openings after an answer. The same work for gold, which has no opening."""
    update_beliefs(session, project, project_id, [subject_id], now)


def update_beliefs(
    session: Session, project: Project, project_id: int, subject_ids: Collection[int], now: datetime
) -> None:
    """The same for many subjects, in as many statements as for one."""
    ids = sorted(set(subject_ids))
    answers.hold_subjects(session, ids)
    found = answers.newest(session, ids, NEWEST_ANSWERS)
    given = [found.get(one, []) for one in ids]
    force = in_force(session, project, project_id)
    heard = hear_answers(session, project, project_id, force, given)
    posteriors, assured = (consensus.posterior(heard, by) for by in (force.redundancy, force.assured))
    believed = Believed(posteriors, assured, force.prior, force.pooled, _words(session, force.model, ids, posteriors))
    tallies = _tallies(project, given)
    always = {"project_id": project_id, "computed_at": now}
    keep_consensuses(session, [row | always for row in consensus_rows(project, ids, posteriors, tallies)])
    renew_openings(session, renewals(ids, states_of_all(project, believed, tallies)), now)


def hear_answers(
    session: Session, project: Project, project_id: int, force: InForce, given: Sequence[Sequence[Given]]
) -> Heard:
    """What is heard of S subjects, each with its answers, where abstentions say nothing: an answer after the other,
    with what the last aggregation knows of each volunteer."""
    masks = project.choice_masks
    kept = [[one for one in some if one.choice in masks] for some in given]
    known = answers.voices(session, project_id, {one.volunteer_id for some in kept for one in some})
    shares: list[float] = []
    for some in kept:
        copies = [known[one.volunteer_id].copies if one.volunteer_id in known else None for one in some]
        shares += consensus.shares(copies, [one.choice for one in some])
    before = consensus.nothing(np.tile(force.prior, (len(kept), 1)))
    if not shares:
        return consensus.hear_all(before, np.zeros(0, np.int64), np.zeros((0, len(force.prior))), *np.zeros((2, 0)))
    said = [one for some in kept for one in some]
    matrices = np.array(
        [_matrix(known[one.volunteer_id].confusion) if one.volunteer_id in known else force.pooled for one in said]
    )
    log_given = consensus.log_likelihood(matrices, np.array([masks[str(one.choice)] for one in said]))
    subject = np.repeat(np.arange(len(kept)), [len(some) for some in kept])
    return consensus.hear_all(before, subject, log_given, voices(matrices), np.array(shares))


def in_force(session: Session, project: Project, project_id: int) -> InForce:
    """Defaults before the first aggregation, and while its labels are not the project's."""
    n_labels = len(project.labels)
    latest = beliefs.in_force(session, project_id)
    if latest is not None and len((found := _read(*latest)).prior) == n_labels:
        return found
    return _before_the_first(n_labels)


def _tallies(project: Project, given: Sequence[Sequence[Given]]) -> Tallies:
    place = {code: n for n, code in enumerate(project.choice_masks)}
    counted = np.zeros((len(given), len(place)), np.int64)
    n_bad_image, n_cant_tell = np.zeros((2, len(given)), np.int64)
    for row, said in enumerate(given):
        for one in said:
            if one.choice is not None and one.choice in place:
                counted[row, place[one.choice]] += 1
            elif one.abstention == Abstention.BAD_IMAGE:
                n_bad_image[row] += 1
            else:
                n_cant_tell[row] += 1
    return Tallies(counted, n_bad_image, n_cant_tell)


def _words(session: Session, model: MetModel | None, subject_ids: Sequence[int], posteriors: Floats) -> Word | None:
    """The model's, of each subject, if it is still the one that the last aggregation met; NaN, and no evidence,
    where it says none. The same work for every subject."""
    if model is None:
        return None
    found = answers.predictions(session, model.model_id, subject_ids)
    words = Word(np.full(posteriors.shape, np.nan), np.zeros(posteriors.shape))
    for row, one in enumerate(subject_ids):
        word = model.word(one, np.array(json.loads(found[one]))) if one in found else None
        if word is not None:
            words.probability[row], words.evidence[row] = word.probability, word.evidence
    return words


# What is read once and never changes is remembered by what was read, so that nothing remembered can be out of date.


@lru_cache(MATRICES_KEPT)
def _matrix(confusion: str) -> Floats:
    return np.array(json.loads(confusion))


@lru_cache(64)
def _read(pooled: str, prior: str, redundancy: float, assured: float, model: str | None) -> InForce:
    met = as_met(None if model is None else json.loads(model))
    return InForce(np.array(json.loads(pooled)), np.array(json.loads(prior)), redundancy, assured, met)


@lru_cache(64)
def _before_the_first(n_labels: int) -> InForce:
    usual = confusion.pooled(np.zeros((0, n_labels, n_labels)))
    return InForce(usual, np.full(n_labels, 1 / n_labels), USUAL, USUAL, None)
