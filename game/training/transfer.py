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
from game.training.intervals import Draws, Interval, interval
from game.training.progress import Progress
from game.training.scratch import from_scratch, scratch_recipe
from game.training.views import recipe_of
from scoring.arrays import Floats, Ints

# Of two or three images an interval only goes from the one that gains least to the one that gains most: with three each
# is all that is drawn one time in 27, more often than the 2.5 % that are cut off at either end.
FEWEST_IMAGES = 4
# What was taught on so much less than there is now is no fair rival any more.
OUTGROWN = 1.5
# To be raised whenever the network from scratch is taught, looked with or judged otherwise (scratch.py, head.py,
# views.py, and what the release's labels are made into): it makes every kept rival a stranger, so that an upgraded
# program never compares with what an older one has taught.
SCHOOLING = 1

Images = Callable[[str], bytes]


class Verdict(StrEnum):
    """Weiss, Khoshgoftaar and Wang (2016): whether knowledge from elsewhere helps, or even harms; UNTOLD of too few
    images to say."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Transfer:
    """`gain` in accuracy on the hold-out over `scratch`, which learned from `n_scratch`.

    `low` and `high` are its 95 % interval, None of too few images to say.
    """

    verdict: Verdict
    gain: float
    low: float | None
    high: float | None
    scratch: float
    n_scratch: int


@dataclass(frozen=True)
class Rival:
    """What the network from scratch says: the label (G,) of each hold-out subject, learned from `n` subjects."""

    given: Ints
    n: int


def compare(given: Ints, rival: Rival, true: Ints, drawn: Draws | None) -> Transfer:
    """`given` and `true` (G,) labels; of fewer than FEWEST_IMAGES nothing can be said but the gain."""
    better = (given == true).astype(np.float64) - (rival.given == true)
    gain, scratch = float(better.mean()), float((rival.given == true).mean())
    found = None if drawn is None or drawn.n_images < FEWEST_IMAGES else _interval(better, drawn)
    if found is None:
        return Transfer(Verdict.UNTOLD, gain, None, None, scratch, rival.n)
    verdict = Verdict.POSITIVE if found.low > 0 else Verdict.NEGATIVE if found.high < 0 else Verdict.NEUTRAL
    return Transfer(verdict, gain, found.low, found.high, scratch, rival.n)


def _interval(better: Floats, drawn: Draws) -> Interval | None:
    sums = drawn.sums(np.stack([better, np.ones(len(better))], axis=1))  # (B, 2)
    return interval(sums[:, 0] / np.maximum(sums[:, 1], 1))


def rival(dataset: Dataset, images: Images, cache: Path, seed: int, progress: Progress) -> Rival:
    """The kept one, or a new one if there is none, or if it was taught on much less."""
    file = cache / "scratch" / f"{key_of(dataset, seed, SCHOOLING)}.json"
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


def key_of(dataset: Dataset, seed: int, version: int) -> str:
    """Of what such a `version` of the code made: another hold-out, project, label or size of squares needs another one,
    and what simulated volunteers taught is nothing for people's."""
    pairs = zip(dataset.gold.subject, dataset.gold.true, strict=True)
    gold = [[dataset.subjects[place].code, int(true)] for place, true in pairs]
    about = str(dataset.about.get("project")), bool(dataset.about.get("includes_simulated"))
    asked = [version, *about, dataset.kind, dataset.patch_px, seed, [label.code for label in dataset.labels], gold]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _read(file: Path) -> Rival | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Rival(np.array(kept["given"], np.int64), int(kept["n"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
