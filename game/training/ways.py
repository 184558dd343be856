"""The spectrum of transfer learning: what may be taken over from elsewhere as it is, and what is taught anew."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from game.artifacts.ways import Way
from game.errors import TrainingError
from game.training.crew import Crew
from game.training.dataset import Dataset
from game.training.features import Eye, Features
from game.training.head import Learned, Lessons, importance
from game.training.network import Backbone
from game.training.progress import Progress
from scoring.arrays import Floats, Masks, log

# What an operator who asks for nothing grants to the ways that teach layers, in seconds as effort.py counts them.
BUDGET_S = 120.0


class NotPossible(TrainingError):
    """Why a way cannot be gone, or is not."""


@dataclass(frozen=True)
class Asked:
    """`other`: the model folder of another project, for DIRECT."""

    way: Way = Way.AUTO
    budget_s: float = BUDGET_S
    other: Path | None = None


@dataclass(frozen=True)
class Course:
    """What there is to learn, where pictures and features are, and by how many processes it is done."""

    dataset: Dataset
    lessons: Lessons
    images: Callable[[str], bytes]
    cache: Path
    seed: int
    progress: Progress
    n_processes: int = 1

    @property
    def crew(self) -> Crew:
        return Crew(self.n_processes, self.progress)


@dataclass(frozen=True)
class Teacher:
    """Who has taught a model that is taken as it is; of ImageNet there is a title and no more.

    `unknown`: codes of our labels that it does not know, and so never says.
    """

    title: str
    unknown: tuple[str, ...]
    project: str | None = None
    release: int | None = None
    licence: str | None = None
    credit: str | None = None
    cite: str | None = None
    includes_simulated: bool = False


@dataclass(frozen=True)
class Taught:
    """What a way has come to: a network, its features (S, D) of all subjects, and a head on them.

    `teacher` is there where nothing of it was learned here.
    """

    backbone: Backbone
    eye: Eye
    features: Features
    learned: Learned
    teacher: Teacher | None = None


@dataclass(frozen=True)
class Trial:
    """How a way did on images that it had not seen, by what the crowd says; None if that was not measured.

    `loss` in nats, `accuracy` as agreement with the crowd's label; `gain` is how much less its loss is than that of
    frozen layers, `error` the gain's standard error.
    """

    way: Way
    why: str
    chosen: bool = False
    loss: float | None = None
    accuracy: float | None = None
    gain: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Gain:
    """In nats a subject, with its standard error: infinite where all lies in one image."""

    gain: float
    error: float

    @property
    def sure(self) -> bool:
        return self.gain > self.error


def gain_over(frozen: Floats, other: Floats, lessons: Lessons, judged: Masks | None = None) -> Gain:
    """Of predictions `other` over `frozen` (N, K), among those `judged` (N,), else all.

    Images are what is drawn by chance, not subjects: the error is that of a ratio of sums over images, Cochran (1977),
    eq. 6.13.
    """
    judged = np.ones(len(frozen), np.bool_) if judged is None else judged
    weight = importance(lessons)[judged]
    better = (lessons.posterior * (log(other) - log(frozen)))[judged].sum(axis=1)
    gain = float(weight @ better / weight.sum())
    _, image = np.unique(lessons.image[judged], return_inverse=True)
    n_images = int(image.max()) + 1
    if n_images < 2:
        return Gain(gain, math.inf)
    apart = np.bincount(image, weight * (better - gain))  # (I,), sums to 0.
    return Gain(gain, float(np.sqrt(n_images / (n_images - 1) * (apart**2).sum()) / weight.sum()))


def trial(one: Trial, p: Floats, lessons: Lessons) -> Trial:
    """With what predictions `p` (N, K) are worth."""
    weight = importance(lessons)
    loss = float(-(weight @ (lessons.posterior * log(p)).sum(axis=1)) / weight.sum())
    right = float((p.argmax(axis=1) == lessons.posterior.argmax(axis=1)).mean())
    return replace(one, loss=loss, accuracy=right)
