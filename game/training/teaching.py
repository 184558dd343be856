"""Last block, all layers: what teaching them would take, what it brings on images left out, and the network then."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch import nn

from game.artifacts.ways import Way
from game.training.effort import effort
from game.training.features import Features, eye_of
from game.training.head import Head, Lessons, fit_heads, folds, importance, one_thread
from game.training.lectures import N_COPIES, Examples, copies, squares
from game.training.scratch import SMALL_CNN
from game.training.tune import N_EPOCHS, Lecture, Network
from game.training.ways import Course, Gain, NotPossible, Taught, gain_over
from scoring.arrays import Floats, Ints, Masks

# All of it is as dear as three heads, and each subject is judged by layers that did not see its image.
N_FOLDS = 3
# Of fewer subjects a head alone learns more than layers do.
FEWEST = 200
# What these look like is held in memory, 200 kB each.
MOST = 10_000

WORDS = {Way.LAST_BLOCK: "the last block", Way.ALL: "all layers"}


@dataclass(frozen=True)
class CrossFitted:
    """(N, K) by taught layers and by the frozen ones, each learned without the image; only those `judged` (N,)."""

    unseen: Floats
    frozen: Floats
    judged: Masks
    n_folds: int

    def gain(self, lessons: Lessons) -> Gain:
        return gain_over(self.frozen, self.unseen, lessons, self.judged)


@dataclass(frozen=True)
class Teaching:
    """One way of going on from what was learned with frozen layers."""

    way: Way
    frozen: Taught
    course: Course

    @property
    def first(self) -> int:
        """The number of the first layer that is taught; normalisation alone makes no block."""
        return 0 if self.way is Way.ALL else last_block(self.frozen.backbone.trunk)

    @cached_property
    def examples(self) -> Examples:
        """Of all lessons; seconds and much memory, so that they are made when they are first asked for."""
        dataset, recipe = self.course.dataset, self.frozen.eye.recipe
        subjects = [dataset.subjects[place] for place in dataset.consensus.subject]
        self.course.progress("tune", 0, 1, f"Looking at varied pictures, to teach {WORDS[self.way]}")
        if self.first == 0:
            return squares(subjects, recipe, self.course.images)
        below = self.frozen.backbone.trunk[: self.first]
        return copies(subjects, below, recipe, self.course.images, self.course.seed)

    def takes_s(self) -> float:
        """By count, not by the clock: see effort.py."""
        each = effort(self.frozen.backbone.trunk, self.frozen.eye.recipe, self.first)
        n, n_all = len(self.course.lessons.image), len(self.course.dataset.subjects)
        return each.copying_s(N_COPIES * n) + each.teaching_s(N_FOLDS * N_EPOCHS * n) + each.looking_s(n + n_all)

    def check(self) -> None:
        """Raises NotPossible where there is nothing to go on from, too little to go on with, or too much to hold."""
        n = len(self.course.lessons.image)
        if self.frozen.backbone.name == SMALL_CNN:
            raise NotPossible("not possible: the network was taught on this project from its first layer on already")
        if n < FEWEST:
            raise NotPossible(f"not tried: {n} subjects are too few to teach layers by ({FEWEST} at least)")
        if n > MOST:
            raise NotPossible(f"not tried: {n:,} subjects are more than fit into memory ({MOST:,} at most)")

    def cross_fitted(self, *, patient: bool) -> CrossFitted:
        """Unless `patient` it is given up as soon as it is no better than frozen layers."""
        lessons = self.course.lessons
        unseen, frozen = np.full((2, *lessons.posterior.shape), np.nan)
        judged = np.zeros(len(unseen), np.bool_)
        fold = folds(lessons.image, self.course.seed, N_FOLDS)
        for out in range(int(fold.max()) + 1):
            kept, left = np.flatnonzero(fold != out), np.flatnonzero(fold == out)
            start = self._head(kept)
            taught = self.tuned(start, kept, f"part {out + 1} of {N_FOLDS} left out")
            subjects = self.course.dataset.consensus.subject[left]
            frozen[left], unseen[left] = start(lessons.features[left]), taught.head(self.features(taught, subjects))
            judged[left] = True
            found = CrossFitted(unseen, frozen, judged, out + 1)
            if not patient and found.gain(lessons).gain <= 0:
                break
        return found

    def taught(self, crossed: CrossFitted) -> Taught:
        """By all lessons."""
        dataset, backbone = self.course.dataset, self.frozen.backbone
        network = self.tuned(self.frozen.learned.head, np.arange(len(crossed.unseen)), "all pictures")
        source = f"{backbone.weights_from}; then {WORDS[self.way]} from this project"
        return Taught(
            replace(backbone, trunk=network.trunk, weights_from=source),
            eye_of(network.trunk, network.recipe),
            self.features(network, np.arange(len(dataset.subjects))),
            replace(self.frozen.learned, head=network.head, unseen=crossed.unseen),
        )

    def _head(self, kept: Ints) -> Head:
        """Of frozen layers, as the model's own, of these lessons only."""
        lessons, ridge = self.course.lessons, self.frozen.learned.ridge
        some = Lessons(lessons.features[kept], lessons.posterior[kept], lessons.confidence[kept], lessons.image[kept])
        return fit_heads(some, importance(lessons)[kept], self.frozen.eye.widths, (ridge,))[ridge]

    def tuned(self, start: Head, kept: Ints, which: str) -> Network:
        lessons, learned = self.course.lessons, self.frozen.learned
        target = lessons.posterior * importance(lessons)[:, np.newaxis]
        network = Network(self.frozen.backbone.trunk, self.frozen.eye.recipe, start)
        lecture = Lecture(self.examples, kept, target, self.first, learned.ridge, self.course.seed)

        def epoch(number: int) -> None:
            text = f"Teaching {WORDS[self.way]}, {which}, round {number + 1} of {N_EPOCHS}"
            self.course.progress("tune", number, N_EPOCHS, text)

        with one_thread():
            return self.course.crew.tuned(network, lecture, epoch)

    def features(self, network: Network, places: Ints) -> Features:
        """Not kept: no other training will have these layers."""
        subjects = [self.course.dataset.subjects[place] for place in places]
        eye = eye_of(network.trunk, network.recipe)
        return self.course.crew.see(subjects, eye, self.course.images, None)


def last_block(trunk: nn.Sequential) -> int:
    """The number of the last layer, as far as it is asked, that has more than a factor for each channel to learn."""
    able = [number for number, layer in enumerate(trunk) if any(each.dim() > 1 for each in layer.parameters())]
    return max(able)
