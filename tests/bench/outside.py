"""How a model from elsewhere is heard in `fathom consensus --predictions`, with what gold says of it and without.

    python -m tests.bench.outside [seeds]

Real answers, the first two of each subject in random order, and 50 gold. A model has learned the truth of a fifth of
the subjects, of which it says nothing, by the game's own head: of labelme from features of its pictures, of the others
from sixteen that are drawn. A mistaken one learned from somebody who called six in ten of the first label the second.
And one that is exact, about features that are drawn: it says how probable each label is, and nothing can be put right.
"""

from __future__ import annotations

import sys

import numpy as np

from game.training.head import Lessons
from scoring.arrays import Floats, Masks, log, softmax
from scoring.crowd import judge
from scoring.redundancy import publish
from scoring.voter import evidence
from tests.bench.crowd.data import UNKNOWN, CrowdSet, draw_gold, folder, read
from tests.bench.hearing import (
    APART,
    COMPARED_AT,
    N_FEATURES,
    N_GOLD,
    SETS,
    about,
    drawn_looks,
    figures_of,
    first_answers,
    learned,
)

TAUGHT_SHARE, TAKEN_FOR_THE_SECOND = 0.2, 0.6
KINDS = TAUGHT, MISTAKEN, EXACT = "taught", "mistaken", "exact"
WAYS = ("without what gold says (before)", "people alone", "with what gold says")


def measure(crowd: CrowdSet, seed: int, kind: str) -> Floats:
    """By way: accuracy, log-loss, ECE, the share of subjects that reach 95 %, and the accuracy of these, (3, 5)."""
    rng = np.random.default_rng([seed, 7])
    gold = draw_gold(crowd, N_GOLD, np.random.default_rng(seed))
    some = first_answers(crowd, COMPARED_AT, np.random.default_rng(seed))
    found = judge(some.answers, crowd.n_subjects, crowd.n_volunteers, gold)
    said = publish(found.log_weight, found.voices, found.redundancy)
    said[gold != UNKNOWN] = np.eye(crowd.n_labels)[gold[gold != UNKNOWN]]
    p = _exact(crowd, rng) if kind == EXACT else _taught(crowd, gold != UNKNOWN, rng, mistaken=kind == MISTAKEN)
    asked = np.flatnonzero(np.isfinite(p[:, 0]) & (gold == UNKNOWN) & (crowd.true != UNKNOWN))
    told = (evidence(p, said, np.full(crowd.n_subjects, UNKNOWN)), np.zeros_like(p), evidence(p, said, gold))
    return np.array([figures_of(softmax(log(said) + one), crowd, asked) for one in told])


def _taught(crowd: CrowdSet, is_gold: Masks, rng: np.random.Generator, *, mistaken: bool) -> Floats:
    """(S, K), NaN where it has learned."""
    looks = crowd.features if crowd.features is not None else drawn_looks(crowd, rng)
    known = rng.permutation(np.flatnonzero((crowd.true != UNKNOWN) & ~is_gold))
    taught = known[: int(TAUGHT_SHARE * len(known))]
    labels = crowd.true[taught].copy()
    if mistaken:
        labels[(labels == 0) & (rng.random(len(labels)) < TAKEN_FOR_THE_SECOND)] = 1
    lessons = Lessons(looks[taught].astype(np.float64), np.eye(crowd.n_labels)[labels], np.ones(len(taught)), taught)
    p = learned(lessons, np.ones(len(taught), np.bool_))(looks)
    p[taught] = np.nan
    return p


def _exact(crowd: CrowdSet, rng: np.random.Generator) -> Floats:
    """(S, K): P(true | looks), of looks that are normal about a mean for each label."""
    means = rng.normal(0, APART, (crowd.n_labels, N_FEATURES))
    looks = means[np.maximum(crowd.true, 0)] + rng.normal(0, 1, (crowd.n_subjects, N_FEATURES))
    common = np.bincount(crowd.true[crowd.true != UNKNOWN], minlength=crowd.n_labels) + 1
    return softmax(looks @ means.T - (means**2).sum(axis=1) / 2 + np.log(common))


def main() -> None:
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    columns = ("accuracy", "log-loss", "ECE", "share at 95 %", "of these right")
    for kind in KINDS:
        for name in SETS:
            crowd = read(folder() / name)
            found = np.array([measure(crowd, seed, kind) for seed in seeds])  # (seeds, 3, 5)
            sys.stdout.write(f"\n| {name}, {kind} | {' | '.join(columns)} |\n|{'---|' * 6}\n")
            for place, way in enumerate(WAYS):
                cells = [about(one) for one in (found[:, place] - found[:, 0] * (place > 0)).T]
                sys.stdout.write(f"| {way} | {' | '.join(cells)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
