"""What people say of every subject at once: their answers heard, believed, and what follows for each choice set."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, OpeningStates, Tallies, states_of_all
from game.science.fitting import Weights
from game.store.said import AllSaid
from game.store.tables.play import Abstention
from scoring import consensus
from scoring.arrays import Floats, Ints, Masks
from scoring.consensus import Heard
from scoring.redundancy import voices
from scoring.voter import Word

# Their matrices are in memory at once.
SUBJECTS_AT_ONCE = 5_000


@dataclass(frozen=True)
class People:
    """Every subject that was answered, by ascending `ids` (S,), and all that was said of it: `n` (S,) classifications,
    the `newest` (S,) of them by its id."""

    ids: Ints
    heard: Heard
    tallies: Tallies
    n: Ints
    newest: Ints


def hear(weights: Weights, masks: Mapping[str, Masks], said: AllSaid) -> People:
    """Each subject's answers one after another; abstentions say nothing of the label."""
    ids, subject, n = np.unique(said.subject_id, return_inverse=True, return_counts=True)
    newest = np.zeros_like(ids)
    newest[subject] = said.classification_id
    choice = said.choices(masks)
    tallies = Tallies(
        _counts(subject[choice >= 0], choice[choice >= 0], (len(ids), len(masks))),
        np.bincount(subject[said.abstained(Abstention.BAD_IMAGE)], minlength=len(ids)),
        np.bincount(subject[said.abstained(Abstention.CANT_TELL)], minlength=len(ids)),
    )
    order = np.argsort(subject, kind="stable")
    order = order[choice[order] >= 0]
    given = _Given(subject[order], said.volunteer_id[order], choice[order])
    return People(ids, _heard(weights, np.array(list(masks.values())), given, len(ids)), tallies, n, newest)


def believe(weights: Weights, heard: Heard, model: Word | None = None) -> Believed:
    """What people say, as it is published and as cautiously as subjects retire; and the model's word beside it."""
    published, assured = (consensus.posterior(heard, one) for one in (weights.redundancy, weights.assured))
    return Believed(published, assured, weights.prior, weights.pooled, model)


def all_states(project: Project, believed: Believed, tallies: Tallies) -> list[OpeningStates]:
    """Of each choice set; what is computed on the way is in memory for some subjects at a time."""
    parts = []
    for start in range(0, max(len(tallies.given), 1), SUBJECTS_AT_ONCE):
        some = slice(start, start + SUBJECTS_AT_ONCE)
        word = believed.model
        told = Believed(
            believed.posterior[some], believed.assured[some], believed.prior, believed.pooled,
            None if word is None else Word(word.probability[some], word.evidence[some]),
        )  # fmt: skip
        parts.append(states_of_all(project, told, tallies[some]))
    return [
        OpeningStates(
            same[0].choice_set,
            np.concatenate([one.priority for one in same]),
            [reason for one in same for reason in one.reasons],
        )
        for same in zip(*parts, strict=True)
    ]


@dataclass(frozen=True)
class _Given:
    """N answers that name a choice, subject after subject."""

    subject: Ints  # (N,), 0 … S-1, ascending
    volunteer_id: Ints
    choice: Ints


def _heard(weights: Weights, masks: Masks, given: _Given, n_subjects: int) -> Heard:
    """`masks` (C, K)."""
    ids, volunteer = np.unique(given.volunteer_id, return_inverse=True)
    matrices = np.array([weights.confusions.get(one, weights.pooled) for one in ids.tolist()])
    share = _shares(weights.copies, given)
    log_weight, voice = np.empty((n_subjects, len(weights.prior))), np.empty(n_subjects)
    for start in range(0, n_subjects, SUBJECTS_AT_ONCE):
        stop = min(start + SUBJECTS_AT_ONCE, n_subjects)
        some = slice(*np.searchsorted(given.subject, (start, stop)))
        before = consensus.nothing(np.tile(weights.prior, (stop - start, 1)))
        if some.start == some.stop:
            log_weight[start:stop], voice[start:stop] = before.log_weight, 0
            continue
        theirs = matrices[volunteer[some]]
        log_given = consensus.log_likelihood(theirs, masks[given.choice[some]])
        heard = consensus.hear_all(before, given.subject[some] - start, log_given, voices(theirs), share[some])
        log_weight[start:stop], voice[start:stop] = heard.log_weight, heard.voices
    return Heard(log_weight, voice)


def _shares(copies: Mapping[int, int], given: _Given) -> Floats:
    """(N,), what each answer counts: those who copy each other share one voice where they agree."""
    share = np.ones(len(given.subject))
    copying = np.flatnonzero(np.isin(given.volunteer_id, list(copies)))
    group = np.array([copies[one] for one in given.volunteer_id[copying].tolist()], dtype=np.int64)
    alike = np.stack([given.subject[copying], group, given.choice[copying]])
    _, place, n = np.unique(alike, axis=1, return_inverse=True, return_counts=True)
    share[copying] = 1 / n[place.ravel()]
    return share


def _counts(row: Ints, column: Ints, shape: tuple[int, int]) -> Ints:
    return np.bincount(row * shape[1] + column, minlength=shape[0] * shape[1]).reshape(shape)
