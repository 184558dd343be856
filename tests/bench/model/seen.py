"""What the frozen network sees of each set, and the game's head on it: what every method here begins with."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.training.dataset import IMAGE, POINT
from game.training.features import Features, eye_of, see
from game.training.head import Head, Lessons, fit_heads, folds, importance
from game.training.network import pretrained
from game.training.progress import Progress
from game.training.views import Recipe, View, recipe_of
from scoring.arrays import Floats, Masks, log
from tests.bench.crowd.data import folder
from tests.bench.model.data import PATCH_PX, Pictures, galaxies, koh_tao, moorea, plankton

KEPT = Path(tempfile.gettempdir()) / "model-bench"
SEEDS = (0, 1, 2)
# A third of Moorea's points, 66 a photograph: all of them teach little more, and take three times as long.
EVERY = 3
# Every method learns from two thirds of the photographs and is judged by the others, another third for each seed.
N_SPLITS = 3
LAYERS = (3, 6, 10, 13, 16, 18)
EVERY_LAYER = {
    POINT: Recipe((View("centre", 64), View("context", 128)), 128, LAYERS, (0.5, 1.0)),
    IMAGE: Recipe((View("whole", None),), 224, LAYERS, (1.0,)),
}
# Fewer ridges than the game tries: the loosest are hardly ever the best, and take the longest.
RIDGES = (3.0, 1.0, 0.3)
N_LEFT_OUT = 2


def reefs() -> list[Pictures]:
    quadrats = moorea(folder().parent)
    return [quadrats.only(np.arange(0, len(quadrats.true), EVERY)), koh_tao(folder().parent)]


def projects() -> list[Pictures]:
    return [*reefs(), galaxies(folder().parent), plankton()]


@dataclass(frozen=True)
class Seen:
    """Features `x` (S, D) of a set's subjects, block by block; `widths` sum to D."""

    pictures: Pictures
    x: Floats
    widths: tuple[int, ...]


def held_out(pictures: Pictures, seed: int) -> Masks:
    """(S,), a third of the photographs."""
    return next(iter(pictures.folds(N_SPLITS, seed)))


def kind_of(pictures: Pictures) -> str:
    return POINT if pictures.subjects[0].point else IMAGE


def features_of(pictures: Pictures, recipe: Recipe) -> tuple[Features, tuple[int, ...]]:
    backbone = pretrained(KEPT, recipe)
    assert backbone is not None, "The packaged weights are missing."
    eye = eye_of(backbone.trunk, recipe)
    return see(pictures.subjects, eye, pictures.content, KEPT / pictures.name, quiet()), eye.widths


def ours(pictures: Pictures) -> Seen:
    """As the game looks at it."""
    x, widths = features_of(pictures, recipe_of(kind_of(pictures), PATCH_PX))
    return Seen(pictures, x.astype(np.float64), widths)


def blocks(pictures: Pictures) -> list[tuple[int, Floats]]:
    """Of every view, layer and share: the layer's number and its channels (S, C)."""
    recipe = EVERY_LAYER[kind_of(pictures)]
    x, widths = features_of(pictures, recipe)
    parts = np.split(x.astype(np.float64), np.cumsum(widths)[:-1], axis=1)
    numbers = [layer for _ in recipe.views for layer in recipe.taps for _ in recipe.pools]
    return list(zip(numbers, parts, strict=True))


def alike(pictures: Pictures) -> Seen:
    """The same of every project: layers 13 and 18 of the widest view, as a whole."""
    last = blocks(pictures)[-len(LAYERS) * len(EVERY_LAYER[kind_of(pictures)].pools) :]
    wholes = dict(last)  # Of several shares the last one stays, which is the whole.
    return Seen(pictures, np.hstack([wholes[13], wholes[18]]), (wholes[13].shape[1], wholes[18].shape[1]))


def ridge_head(lessons: Lessons, widths: Sequence[int], seed: int) -> Head:
    """The game's head with the best of fewer ridges, judged on two of its five folds: as good, and quicker."""
    weight, fold = importance(lessons), folds(lessons.image, seed)
    losses = dict.fromkeys(RIDGES, 0.0)
    for out in np.unique(fold)[:N_LEFT_OUT]:
        kept = fold != out
        for ridge, head in fit_heads(some_of(lessons, kept), weight[kept], widths, RIDGES).items():
            surprise = -(lessons.posterior[~kept] * log(head(lessons.features[~kept]))).sum(axis=1)
            losses[ridge] += float(weight[~kept] @ surprise)
    best = min(RIDGES, key=lambda ridge: losses[ridge])
    return fit_heads(lessons, weight, widths, (best,))[best]


def some_of(lessons: Lessons, kept: Masks) -> Lessons:
    return Lessons(lessons.features[kept], lessons.posterior[kept], lessons.confidence[kept], lessons.image[kept])


def standard(one: Seen) -> Floats:
    """(S, D) standardised by all pictures of the project, for which no label is needed; all blocks weigh the same."""
    scale = (one.x.std(axis=0) + 1e-3) * np.sqrt(np.repeat(one.widths, one.widths) * len(one.widths) / one.x.shape[1])
    return np.asarray((one.x - one.x.mean(axis=0)) / scale)


def told(one: Seen, taught: Masks) -> Lessons:
    """What experts say of `taught` (S,)."""
    truth = np.eye(one.pictures.n_labels)[one.pictures.true[taught]]
    return Lessons(one.x[taught], truth, np.ones(len(truth)), one.pictures.photograph[taught])


def quiet() -> Progress:
    return Progress(lambda _line: None)
