"""What a new model changes in play: how soon each open subject is wanted."""

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.store import Session, Store, beliefs, models, transaction
from game.store.tables import Aggregate
from game.store.witness import met_model
from scoring.arrays import Floats
from scoring.confusion import pooled
from scoring.voter import Word, at_its_word

SUBJECTS_AT_ONCE = 500


def renew_priorities(store: Store, project: Project, project_id: int) -> int:
    """Weighs every subject in play again with the published model's predictions; returns how many there were.

    Of a model that no aggregation has met nothing is believed, see `newcomer`. Idempotent; short transactions, so that
    players are not kept waiting.
    """
    after, n = 0, 0
    while True:
        with transaction(store) as session:
            page = models.subjects_in_play(session, project_id, after, SUBJECTS_AT_ONCE)
            if page:
                renew(session, project, beliefs.latest_aggregate(session, project_id), page)
        if not page:
            return n
        after, n = page[-1].subject_id, n + len(page)


def renew(session: Session, project: Project, latest: Aggregate | None, page: list[models.InPlay]) -> None:
    """The same for some subjects."""
    known, (prior, pooled_matrix) = choice_masks(project), _in_force(project, latest)
    given = models.choices_given(session, [one.subject_id for one in page])
    renewed = []
    for one in page:
        posterior = prior if one.posterior is None else np.array(one.posterior)
        codes = [code for code in given.get(one.subject_id, []) if code in known]
        # Only priorities are kept of these: what retires a subject is an answer or an aggregation.
        believed = Believed(posterior, posterior, prior, pooled_matrix, _word(latest, one, prior))
        states = opening_states(project, believed, Tally(codes, one.n_bad_image))
        renewed += [(one.subject_id, str(state.choice_set), state.priority) for state in states]
    models.renew_priorities(session, renewed)


def _word(latest: Aggregate | None, one: models.InPlay, prior: Floats) -> Word | None:
    """Before the first aggregation nobody has anything to say against the model: it is believed as it is."""
    if one.p is None or len(one.p) != len(prior):
        return None
    if latest is None:
        return at_its_word(1.0, prior, prior).word(np.array(one.p))
    met = met_model(latest)
    return met.word(one.subject_id, np.array(one.p)) if met and met.model_id == one.model_id else None


def _in_force(project: Project, latest: Aggregate | None) -> tuple[Floats, Floats]:
    """Prior (K,) and pooled matrix (K, K) of the last aggregation, or what stands before the first."""
    n_labels = len(project.labels)
    if latest is None or len(latest.prior) != n_labels:
        return np.full(n_labels, 1 / n_labels), pooled(np.zeros((0, n_labels, n_labels)))
    return np.array(latest.prior), np.array(latest.pooled)
