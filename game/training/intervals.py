"""How far off a figure may be by the choice of images: they are drawn again and again, each with all its subjects."""

from dataclasses import dataclass

import numpy as np

from scoring.arrays import Floats, Ints

N_DRAWS = 1000
# 95 % of the draws lie between these percentiles.
TAILS = (2.5, 97.5)
# Of one image nobody can tell how different the next one would be.
FEWEST_IMAGES = 2


@dataclass(frozen=True)
class Interval:
    """95 %."""

    low: float
    high: float


def brackets(apart: Interval | None, digits: int = 2, sign: str = "") -> str:
    """For a sentence. Where all images say the same, an interval has no width, and tells nothing."""
    if apart is None:
        return ""
    if apart.low == apart.high:
        return " [too few, or too alike, to say]"
    return f" [{apart.low:{sign}.{digits}f}, {apart.high:{sign}.{digits}f}]"


@dataclass(frozen=True)
class Draws:
    """`times` (B, I): how often each draw has each image; `image` (G,) of each subject, 0…I-1."""

    times: Floats
    image: Ints

    @property
    def n_images(self) -> int:
        return int(self.times.shape[1])

    def sums(self, of_subject: Floats) -> Floats:
        """(B, C): of each draw the sum over its subjects of the columns (G, C)."""
        per_image = np.zeros((self.times.shape[1], of_subject.shape[1]))
        np.add.at(per_image, self.image, of_subject)
        return np.asarray(self.times @ per_image)


def draws(image: Ints, seed: int) -> Draws | None:
    """Efron and Tibshirani (1993), ch. 8: what is drawn is the image, as its subjects are alike. None for too few."""
    _, place = np.unique(image, return_inverse=True)
    n_images = int(place.max(initial=-1)) + 1
    if n_images < FEWEST_IMAGES:
        return None
    chance = np.full(n_images, 1 / n_images)
    return Draws(np.random.default_rng(seed).multinomial(n_images, chance, N_DRAWS).astype(np.float64), place)


def interval(drawn: Floats) -> Interval | None:
    """Percentiles of a figure's draws (B,); those in which there was nothing to measure are NaN and left out."""
    known = drawn[~np.isnan(drawn)]
    return Interval(*(float(each) for each in np.percentile(known, TAILS))) if len(known) else None


def unbiased_interval(drawn: Floats, found: float) -> Interval | None:
    """For a figure in [0, 1] that every further draw makes larger, such as a sum of gaps: moved back by that much."""
    apart = interval(drawn - (np.nanmean(drawn) - found))
    return None if apart is None else Interval(*(float(np.clip(each, 0, 1)) for each in (apart.low, apart.high)))
