"""The columns of what is written: a row for every subject, a row for every volunteer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from game.science.bare.beside import NO_GOLD
from game.science.bare.judging import Judged, entropy
from game.science.bare.volunteers import Volunteers

# Name → text, or numbers with NaN for "there is nothing to say".
Columns = Mapping[str, Sequence[str] | NDArray[Any]]


def consensus_columns(judged: Judged) -> Columns:
    """A row for every subject that anybody was asked about; without a label where nothing is known of it."""
    crowd, posterior = judged.crowd, judged.judgement.posterior
    said, known = judged.n_answers > 0, judged.known
    labels = [crowd.labels[label] if of else "" for label, of in zip(judged.label, known, strict=True)]
    return {
        crowd.subject_word: crowd.subjects,
        "label": labels,
        "confidence": np.where(known, posterior.max(axis=1), np.nan),
        **{f"p_{label}": column for label, column in zip(crowd.labels, posterior.T, strict=True)},
        "n": judged.n_answers,
        "agreement": np.where(said, judged.n_agreeing / np.maximum(judged.n_answers, 1), np.nan),
        "entropy": entropy(posterior),
        "effective_votes": judged.judgement.n_effective,
        "gold": (judged.gold != NO_GOLD).astype(np.int64),
    }


def volunteer_columns(judged: Judged, found: Volunteers) -> Columns:
    """A row for every volunteer; `said_b_when_a` is P(b given | a true), entry [a, b] of the confusion matrix."""
    measured, labels = found.measured, judged.crowd.labels
    return {
        "volunteer": judged.crowd.volunteers,
        "n": found.n,
        "n_gold": found.n_gold,
        "reliability": measured.reliability,
        "reliability_low": measured.low,
        "reliability_high": measured.high,
        "informedness": found.informedness,
        "flags": found.flags,
        "reasons": found.reasons,
        **{
            f"said_{given}_when_{true}": measured.confusion[:, t, g]
            for t, true in enumerate(labels)
            for g, given in enumerate(labels)
        },
    }
