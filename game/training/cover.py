"""Percent cover: how much of the ground a label covers, by experts, model and crowd, at the same points.

Volunteers are asked about gold label by label, of rare ones more often than these lie on the ground. So that all three
speak of the ground, a point that was asked about counts for as many as its label has for each that was asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.training.intervals import Draws, Interval, draws, interval
from scoring.arrays import Floats, Ints, Masks

# With fewer points an image's cover is mostly chance.
FEWEST_POINTS = 10
# All three are compared at the points that the crowd has judged, if these are a quarter of all or more.
ANSWERED = 0.25


@dataclass(frozen=True)
class CoverError:
    """Mean over images, each weighing the same, of how far a cover is from the experts'; a share, with its interval."""

    mean: float
    interval: Interval | None


@dataclass(frozen=True)
class LabelCover:
    """Shares of all points; the errors are by image. The crowd's are None where it judged too few points."""

    code: str
    experts: float
    machine: float
    crowd: float | None
    machine_error: CoverError
    crowd_error: CoverError | None


@dataclass(frozen=True)
class Cover:
    """At `n` points in `n_images` images. `machine_error`, `crowd_error`: the mean over labels.

    `answers_a_point`: how many the crowd's cover stands on, by median: of gold there are often more than of others.
    """

    n: int
    n_images: int
    answers_a_point: float | None
    per_label: tuple[LabelCover, ...]
    machine_error: CoverError
    crowd_error: CoverError | None


@dataclass(frozen=True)
class Judged:
    """G points by their `image` (G,): labels (G,) by experts and model; by the crowd -1 where it was not asked, with
    `n_answers` (G,)."""

    image: Ints
    experts: Ints
    machine: Ints
    crowd: Ints
    n_answers: Ints


def cover(judged: Judged, codes: Sequence[str], seed: int) -> Cover | None:
    """None if no image has FEWEST_POINTS."""
    asked = judged.crowd >= 0
    with_crowd = bool(asked.mean() >= ANSWERED)
    counted = _well_covered(judged.image, asked if with_crowd else np.ones(len(asked), dtype=np.bool_))
    if not counted.any():
        return None
    _, image = np.unique(judged.image[counted], return_inverse=True)
    weight = _standing_for(judged.experts, counted)
    drawn = draws(np.arange(image.max() + 1), seed)

    def by_image(label: Ints) -> Floats:
        """(I, K): the share of each image's ground that has each label."""
        cell = image * len(codes) + label[counted]
        ground = np.bincount(cell, weight, (image.max() + 1) * len(codes)).reshape(-1, len(codes))
        return np.asarray(ground / ground.sum(axis=1, keepdims=True))

    experts, machine = by_image(judged.experts), by_image(judged.machine)
    crowd = by_image(judged.crowd) if with_crowd else None
    n_points = np.bincount(image, weight).astype(np.float64)
    wrong = np.abs(machine - experts)
    crowd_wrong = None if crowd is None else np.abs(crowd - experts)
    return Cover(
        n=int(counted.sum()),
        n_images=len(n_points),
        answers_a_point=float(np.median(judged.n_answers[counted])) if with_crowd else None,
        per_label=tuple(
            LabelCover(
                code,
                _overall(experts, n_points, place),
                _overall(machine, n_points, place),
                None if crowd is None else _overall(crowd, n_points, place),
                _error(wrong[:, place], drawn),
                None if crowd_wrong is None else _error(crowd_wrong[:, place], drawn),
            )
            for place, code in enumerate(codes)
        ),
        machine_error=_error(wrong.mean(axis=1), drawn),
        crowd_error=None if crowd_wrong is None else _error(crowd_wrong.mean(axis=1), drawn),
    )


def _well_covered(image: Ints, asked: Masks) -> Masks:
    """(G,): the points asked about, in images with enough of them."""
    _, place = np.unique(image, return_inverse=True)
    return np.asarray(asked & (np.bincount(place, weights=asked)[place] >= FEWEST_POINTS))


def _standing_for(experts: Ints, counted: Masks) -> Floats:
    """(C,): how many of all points each counted one stands for."""
    n_all, n_counted = (np.bincount(label, minlength=experts.max() + 1) for label in (experts, experts[counted]))
    return np.asarray((n_all / np.maximum(n_counted, 1))[experts[counted]])


def _overall(of_image: Floats, n_points: Floats, place: int) -> float:
    return float(of_image[:, place] @ n_points / n_points.sum())


def _error(of_image: Floats, drawn: Draws | None) -> CoverError:
    """Of errors (I,)."""
    if drawn is None:
        return CoverError(float(of_image.mean()), None)
    return CoverError(float(of_image.mean()), interval(drawn.sums(of_image[:, np.newaxis])[:, 0] / len(of_image)))
