"""Rows of what is believed of many subjects, from the arrays in which it was computed: play's and an aggregation's."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from game.levels import Project
from game.levels.openings import OpeningStates, Tallies
from game.store.science import Renewed
from scoring import agreement, consensus
from scoring.arrays import Floats

_TOLD = ("subject_id", "posterior", "label", "confidence", "agreement", "n_given", "n_bad_image", "n_cant_tell")


def consensus_rows(
    project: Project, subject_ids: Sequence[int], posterior: Floats, tallies: Tallies
) -> list[dict[str, Any]]:
    """Rows of Consensus but for project and time; `posterior` (S, K)."""
    label, n_given = consensus.labels(posterior), tallies.given.sum(axis=1)
    agreed = agreement.agreement(tallies.given, np.array(list(project.choice_masks.values())), label)
    columns = (posterior, label, posterior.max(axis=1), agreed, n_given, tallies.n_bad_image, tallies.n_cant_tell)
    told = zip(subject_ids, *(one.tolist() for one in columns), strict=True)
    rows = [dict(zip(_TOLD, row, strict=True)) for row in told]
    return [row if row["n_given"] else row | {"agreement": None} for row in rows]


def renewals(subject_ids: Sequence[int], states: Sequence[OpeningStates]) -> list[Renewed]:
    return [
        Renewed(one, state.choice_set, priority, reason)
        for state in states
        for one, priority, reason in zip(subject_ids, state.priority.tolist(), state.reasons, strict=True)
    ]
