"""What is believed of a subject: always computed from all its answers, never added up."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.store import Session, beliefs, rounds
from game.store.rounds import Given
from game.store.tables.play import Abstention
from game.store.witness import MetModel, met_model
from scoring import agreement, confusion, consensus
from scoring.arrays import Floats
from scoring.consensus import Heard
from scoring.redundancy import USUAL, voices
from scoring.voter import Word

# Far above any rule's maximum. Gold is answered without end and would otherwise cost, and tell, more with each answer.
NEWEST_ANSWERS = 60


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
    beliefs.hold_subject(session, subject_id)
    answers = rounds.answers_of_subject(session, subject_id, NEWEST_ANSWERS)
    masks = choice_masks(project)
    given = [answer for answer in answers if answer.choice in masks]
    codes = [answer.choice for answer in given if answer.choice is not None]
    force = in_force(session, project, project_id)
    heard = hear_answers(session, project, project_id, force, given)
    posterior = consensus.posterior(heard, force.redundancy)
    n_bad_image = sum(answer.abstention == Abstention.BAD_IMAGE for answer in answers)
    n_cant_tell = len(answers) - len(codes) - n_bad_image
    label = int(posterior.argmax())
    stacked = np.array([masks[code] for code in codes], dtype=np.bool_).reshape(len(codes), len(project.labels))
    row = {
        "subject_id": subject_id,
        "project_id": project_id,
        "posterior": posterior.tolist(),
        "label": label,
        "confidence": float(posterior[label]),
        "agreement": agreement.agreement(stacked, label),
        "n_given": len(codes),
        "n_bad_image": n_bad_image,
        "n_cant_tell": n_cant_tell,
        "computed_at": now,
    }
    beliefs.keep_consensus(session, row)
    word = _word(session, force.model, subject_id)
    believed = Believed(posterior, consensus.posterior(heard, force.assured), force.prior, force.pooled, word)
    for state in opening_states(project, believed, Tally(codes, n_bad_image, n_cant_tell)):
        beliefs.update_opening(session, subject_id, state.choice_set, state.priority, state.reason, now)


def hear_answers(session: Session, project: Project, project_id: int, force: InForce, given: list[Given]) -> Heard:
    """An answer after the other, none an abstention, with what the last aggregation knows of each volunteer."""
    known = beliefs.known_volunteers(session, project_id, [answer.volunteer_id for answer in given])
    masks = choice_masks(project)
    copies = [known[one.volunteer_id].copies if one.volunteer_id in known else None for one in given]
    heard = consensus.nothing(force.prior)
    for one, share in zip(given, consensus.shares(copies, [one.choice for one in given]), strict=True):
        matrix = np.array(known[one.volunteer_id].confusion) if one.volunteer_id in known else force.pooled
        said_so = consensus.log_likelihood(matrix, masks[str(one.choice)])
        heard = consensus.hear(heard, said_so, float(voices(matrix)), share)
    return heard


def _word(session: Session, model: MetModel | None, subject_id: int) -> Word | None:
    """The model's, if it is still the one that the last aggregation met. The same work for every subject."""
    if model is None:
        return None
    p = beliefs.prediction(session, subject_id, model.model_id)
    return model.word(subject_id, None if p is None else np.array(p))


def in_force(session: Session, project: Project, project_id: int) -> InForce:
    """Defaults before the first aggregation, and while its labels are not the project's."""
    n_labels = len(project.labels)
    latest = beliefs.latest_aggregate(session, project_id)
    if latest is None or len(latest.prior) != n_labels:
        return InForce(
            confusion.pooled(np.zeros((0, n_labels, n_labels))), np.full(n_labels, 1 / n_labels), USUAL, USUAL, None
        )
    pooled, prior = np.array(latest.pooled), np.array(latest.prior)
    return InForce(pooled, prior, latest.redundancy, latest.assured, met_model(latest))
