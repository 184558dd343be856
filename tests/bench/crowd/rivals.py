"""Everybody else's consensus: majority, crowd-kit's methods as they are, and those that only papers have."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from crowdkit.aggregation import (
    GLAD,
    KOS,
    MACE,
    MMSR,
    DawidSkene,
    MajorityVote,
    OneCoinDawidSkene,
    Wawa,
    ZeroBasedSkill,
)

from scoring.arrays import Floats, Ints
from tests.bench.crowd import bayes
from tests.bench.crowd.data import UNKNOWN, CrowdSet

Method = Callable[[CrowdSet], Floats]
GoldMethod = Callable[[CrowdSet, Ints], Floats]


def majority(crowd: CrowdSet) -> Floats:
    """Shares (S, K) of the answers; uniform where nobody answered."""
    n = crowd.votes.sum(axis=1, keepdims=True)
    return np.where(n > 0, crowd.votes / np.maximum(n, 1), 1 / crowd.n_labels)


def majority_with_gold(crowd: CrowdSet, gold: Ints) -> Floats:
    """Majority has no use for gold."""
    return majority(crowd)


def crowd_kit(make: Callable[[], object], crowd: CrowdSet) -> Floats:
    """Posterior (S, K) of one of crowd-kit's methods with its own defaults; one-hot if it only names labels."""
    method = make()
    frame = pd.DataFrame({"task": crowd.subject, "worker": crowd.volunteer, "label": crowd.given})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(method, (Wawa, ZeroBasedSkill)):
            # Their `predict` asks scikit-learn ≥ 1.7 whether they are fitted, which fails; this is what it does next.
            skills = method.fit(frame).skills_
            return spread(MajorityVote().fit_predict_proba(frame, skills), crowd)
        if hasattr(method, "fit_predict_proba"):
            return spread(method.fit_predict_proba(frame), crowd)
        named = method.fit_predict(frame)  # type: ignore[attr-defined]
    posterior = np.full((crowd.n_subjects, crowd.n_labels), 1 / crowd.n_labels)
    posterior[named.index] = np.eye(crowd.n_labels)[named.to_numpy().astype(int)]
    return posterior


def dawid_skene_with_gold(crowd: CrowdSet, gold: Ints) -> Floats:
    """crowd-kit's Dawid-Skene, which clamps true labels; those that nobody answered are left out, it fails on them."""
    frame = pd.DataFrame({"task": crowd.subject, "worker": crowd.volunteer, "label": crowd.given})
    told = np.intersect1d(np.flatnonzero(gold != UNKNOWN), crowd.subject)
    return spread(DawidSkene().fit_predict_proba(frame, pd.Series(gold[told], index=told)), crowd)


def spread(probabilities: pd.DataFrame, crowd: CrowdSet) -> Floats:
    """A frame of tasks × labels as (S, K): labels nobody gave get 0, subjects nobody answered are uniform."""
    full = probabilities.reindex(columns=range(crowd.n_labels), fill_value=0).fillna(0)
    posterior = np.full((crowd.n_subjects, crowd.n_labels), 1 / crowd.n_labels)
    posterior[full.index] = full.to_numpy()
    return posterior


def _binary_only(method: Method, crowd: CrowdSet) -> Floats | None:
    return method(crowd) if crowd.n_labels == 2 else None


METHODS: dict[str, Callable[[CrowdSet], Floats | None]] = {
    "majority": majority,
    "crowd-kit Wawa": partial(crowd_kit, Wawa),
    "crowd-kit ZeroBasedSkill": partial(crowd_kit, ZeroBasedSkill),
    "crowd-kit MMSR": partial(crowd_kit, partial(MMSR, random_state=0)),
    "crowd-kit KOS": partial(_binary_only, partial(crowd_kit, partial(KOS, random_state=0))),
    "crowd-kit OneCoinDawidSkene": partial(crowd_kit, OneCoinDawidSkene),
    "crowd-kit GLAD": partial(crowd_kit, partial(GLAD, silent=True)),
    "crowd-kit MACE": partial(crowd_kit, partial(MACE, random_state=0)),
    "crowd-kit DawidSkene": partial(crowd_kit, DawidSkene),
    "IBCC (own writing)": bayes.ibcc,
    "EBCC (own writing)": bayes.ebcc,
}

WITH_GOLD: dict[str, GoldMethod] = {
    "majority": majority_with_gold,
    "crowd-kit DawidSkene": dawid_skene_with_gold,
    "IBCC (own writing)": bayes.ibcc,
    "EBCC (own writing)": bayes.ebcc,
}
