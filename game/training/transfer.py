"""Did it help that the network had learned to see elsewhere? Compared with one taught from scratch on this project.

Teaching from scratch takes longer than all the rest of a training, so what such a network says of the hold-out is kept,
and counts until there is half as much again to learn from.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from game.artifacts.files import keep_file
from game.training.dataset import Dataset
from game.training.features import eye_of, see
from game.training.head import learn, lessons_of
from game.training.intervals import Draws, interval
from game.training.progress import Progress
from game.training.scratch import from_scratch, scratch_recipe
from game.training.views import recipe_of
from scoring.arrays import Ints

# What was taught on so much less than there is now is no fair rival any more.
OUTGROWN = 1.5

Images = Callable[[str], bytes]


class Verdict(StrEnum):
    """Weiss, Khoshgoftaar and Wang (2016): whether knowledge from elsewhere helps, or even harms."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


@dataclass(frozen=True)
class Transfer:
    """`gain` in accuracy on the hold-out, with its 95 % interval, over `scratch`, which learned from `n_scratch`."""

    verdict: Verdict
    gain: float
    low: float
    high: float
    scratch: float
    n_scratch: int


@dataclass(frozen=True)
class Rival:
    """What the network from scratch says: the label (G,) of each hold-out subject, learned from `n` subjects."""

    given: Ints
    n: int


def compare(given: Ints, rival: Rival, true: Ints, drawn: Draws | None) -> Transfer:
    """`given` and `true` (G,) labels; without enough images to draw from nothing can be said but the gain."""
    better = (given == true).astype(np.float64) - (rival.given == true)
    gain, scratch = float(better.mean()), float((rival.given == true).mean())
    found = None
    if drawn is not None:
        sums = drawn.sums(np.stack([better, np.ones(len(better))], axis=1))  # (B, 2)
        found = interval(sums[:, 0] / np.maximum(sums[:, 1], 1))
    low, high = (-1.0, 1.0) if found is None else (found.low, found.high)
    verdict = Verdict.POSITIVE if low > 0 else Verdict.NEGATIVE if high < 0 else Verdict.NEUTRAL
    return Transfer(verdict, gain, low, high, scratch, rival.n)


def rival(dataset: Dataset, images: Images, cache: Path, seed: int, progress: Progress) -> Rival:
    """The kept one, or a new one if there is none, or if it was taught on much less."""
    file = cache / "scratch" / f"{key_of(dataset, seed)}.json"
    kept = _read(file)
    if kept is None or len(dataset.consensus.subject) > OUTGROWN * kept.n:
        kept = _taught(dataset, images, cache, seed, progress)
        keep_file(file, json.dumps({"given": kept.given.tolist(), "n": kept.n}).encode())
    return kept


def _taught(dataset: Dataset, images: Images, cache: Path, seed: int, progress: Progress) -> Rival:
    recipe = scratch_recipe(recipe_of(dataset.kind, dataset.patch_px))
    eye = eye_of(from_scratch(dataset, recipe, images, seed, progress).trunk, recipe)
    places = np.concatenate([dataset.consensus.subject, dataset.gold.subject])
    seen = see([dataset.subjects[place] for place in places], eye, images, cache / "features", progress)
    n = len(dataset.consensus.subject)
    learned = learn(lessons_of(dataset.subjects, dataset.consensus, seen[:n]), eye.widths, seed, progress)
    return Rival(learned.head(seen[n:]).argmax(axis=1), n)


def key_of(dataset: Dataset, seed: int) -> str:
    """Another hold-out, another project or other labels need another rival."""
    pairs = zip(dataset.gold.subject, dataset.gold.true, strict=True)
    gold = [[dataset.subjects[place].code, int(true)] for place, true in pairs]
    asked = [str(dataset.about.get("project")), seed, [label.code for label in dataset.labels], gold]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _read(file: Path) -> Rival | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Rival(np.array(kept["given"], np.int64), int(kept["n"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
