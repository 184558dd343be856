"""`make bench-model`: how well each way of learning does on photographs that it never saw; three seeds."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from game.training.dataset import IMAGE, POINT, Consensus
from game.training.head import learn, lessons_of
from game.training.views import Recipe, View, recipe_of
from scoring.answers import Answers
from scoring.arrays import Floats, Masks
from scoring.crowd import judge
from tests.bench.crowd.data import folder
from tests.bench.model import methods
from tests.bench.model.data import PATCH_PX, Pictures, koh_tao, moorea
from tests.bench.model.measures import figures
from tests.bench.model.seen import SEEDS, features_of, quiet

WAYS = "ways"
PARTS = (WAYS, *methods.PARTS)
N_FOLDS = 5
N_ANSWERS, RELIABILITY, N_VOLUNTEERS = 4, (0.55, 0.95), 40
# The whole last layer, of one square that is no wider than what is judged: the usual way.
USUAL = {kind: Recipe((View("usual", side),), 224, (18,), (1.0,)) for kind, side in ((POINT, 64), (IMAGE, None))}
GOALS = "Goals: Moorea ≥ .84 by group and ≥ .76 by label, Koh Tao ≥ .74; from a crowd within .02 of from the truth.\n"

Teach = Callable[[Masks, int], Floats]  # Who is held out (S,), seed → probabilities (S, K), of use where held out.


def main() -> None:
    given = argparse.ArgumentParser(prog="tests.bench.model", description=__doc__)
    given.add_argument("parts", nargs="*", metavar="part", help=f"some of {', '.join(PARTS)}; all: docs too")
    options = given.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        given.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = options.parts or PARTS
    if WAYS in parts:
        _say_ways()
    methods.run([part for part in parts if part != WAYS])


def _say_ways() -> None:
    shared = folder().parent
    sys.stdout.write(GOALS)
    for pictures in (moorea(shared), koh_tao(shared)):
        kind = POINT if pictures.subjects[0].point else IMAGE
        for name, teach in _ways(pictures, kind).items():
            _say(pictures, name, teach)


def _ways(pictures: Pictures, kind: str) -> dict[str, Teach]:
    said = np.eye(pictures.n_labels)[pictures.true]
    usual, ours = USUAL[kind], recipe_of(kind, PATCH_PX)
    return {
        "the usual way: last layer, one view": partial(_frozen, pictures, usual, lambda _held, _seed: said),
        "ours": partial(_frozen, pictures, ours, lambda _held, _seed: said),
        "ours, learned from a simulated crowd": partial(_frozen, pictures, ours, partial(_crowd, pictures)),
    }


def _frozen(pictures: Pictures, recipe: Recipe, told: Teach, held: Masks, seed: int) -> Floats:
    features, widths = features_of(pictures, recipe)
    posterior = told(held, seed)[~held]
    consensus = Consensus(np.flatnonzero(~held), posterior, posterior.max(axis=1))
    lessons = replace(lessons_of(pictures.subjects, consensus, features[~held]), image=pictures.photograph[~held])
    return learn(lessons, widths, seed, quiet()).head(features)


def _crowd(pictures: Pictures, held: Masks, seed: int) -> Floats:
    """Consensus (S, K) of four answers a subject by volunteers whose mean reliability is .75, as the game makes it."""
    rng = np.random.default_rng([seed, int(held.argmax())])
    n_subjects, n_labels = len(pictures.true), pictures.n_labels
    reliability = rng.uniform(*RELIABILITY, N_VOLUNTEERS)
    subject = np.repeat(np.arange(n_subjects), N_ANSWERS)
    volunteer = np.concatenate([rng.permutation(N_VOLUNTEERS)[:N_ANSWERS] for _ in range(n_subjects)])
    right = rng.random(len(subject)) < reliability[volunteer]
    mistaken = (pictures.true[subject] + rng.integers(1, n_labels, len(subject))) % n_labels
    given = np.where(right, pictures.true[subject], mistaken)
    answers = Answers(subject, volunteer, given, np.eye(n_labels, dtype=np.bool_))
    return judge(answers, n_subjects, N_VOLUNTEERS, np.full(n_subjects, -1)).posterior


def _say(pictures: Pictures, name: str, teach: Teach) -> None:
    start, found = time.perf_counter(), []
    for seed in SEEDS:
        p = np.empty((len(pictures.true), pictures.n_labels))
        for held in pictures.folds(N_FOLDS, seed):
            p[held] = teach(held, seed)[held]
        found.append(figures(p, pictures))
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
    group, label, macro_f1 = (f"{each:.3f} ± {about:.3f}" for each, about in zip(mean, spread, strict=True))
    sys.stdout.write(
        f"{pictures.name:8} {name:40} groups {group}  labels {label}  macro-F1 {macro_f1}"
        f"  ({time.perf_counter() - start:.0f} s)\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
