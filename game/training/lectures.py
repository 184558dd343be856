"""What layers that are taught get to see: subjects as they might have been photographed as well.

Where the first layers stay as they are, they look once at a few copies of each subject, and what they make of them is
kept: to teach the last layers then costs little more than these.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from game.training.augment import varied
from game.training.dataset import Subject
from game.training.features import BATCH
from game.training.network import climb, fused
from game.training.views import Recipe, look, pixels

# The first is the subject as it is.
N_COPIES = 2

Images = Callable[[str], bytes]
# Places of subjects (n,), and for each view what is seen of them (n, 3, S, S).
Look = tuple[Tensor, list[Tensor]]


@dataclass(frozen=True)
class Batch:
    """For each view what the layers below have said (n, D) and what they hand on (n, C, H, W)."""

    early: list[Tensor]
    signal: list[Tensor]

    def some(self, places: Tensor) -> "Batch":
        return Batch([each[places] for each in self.early], [each[places] for each in self.signal])


class Examples(Protocol):
    """Subjects by their places (n,)."""

    def __call__(self, places: Tensor, generator: torch.Generator) -> Batch: ...


@dataclass(frozen=True)
class Squares:
    """What is seen of N subjects: for each view (N, 3, S, S), in half precision; varied anew each time."""

    seen: list[Tensor]
    turned: bool

    def __call__(self, places: Tensor, generator: torch.Generator) -> Batch:
        signal = [varied(seen[places].float(), generator, turned=self.turned) for seen in self.seen]
        return Batch([torch.empty(len(places), 0) for _ in signal], signal)


@dataclass(frozen=True)
class Copies:
    """For each view what frozen layers made of each copy: (N_COPIES, N, …), in half precision."""

    early: list[Tensor]
    signal: list[Tensor]

    def __call__(self, places: Tensor, generator: torch.Generator) -> Batch:
        which = torch.randint(N_COPIES, (len(places),), generator=generator)
        early, signal = ([kept[which, places].float() for kept in each] for each in (self.early, self.signal))
        return Batch(early, signal)


def squares(subjects: Sequence[Subject], recipe: Recipe, images: Images) -> Squares:
    kept = [torch.empty(len(subjects), 3, recipe.input_px, recipe.input_px, dtype=torch.half) for _ in recipe.views]
    for places, views in _looks(subjects, recipe, images):
        for of_view, seen in zip(kept, views, strict=True):
            of_view[places] = seen.half()
    return Squares(kept, _points(subjects))


def copies(subjects: Sequence[Subject], below: nn.Sequential, recipe: Recipe, images: Images, seed: int) -> Copies:
    """`below` are the layers before the first that is taught."""
    quick, turned = fused(below), _points(subjects)
    generator = torch.Generator().manual_seed(seed)
    blank = _heard(quick, torch.zeros(1, 3, recipe.input_px, recipe.input_px), recipe)
    early, signal = (
        [torch.empty(N_COPIES, len(subjects), *one.shape[1:], dtype=torch.half) for _ in recipe.views] for one in blank
    )
    for places, views in _looks(subjects, recipe, images):
        for view, seen in enumerate(views):
            for copy in range(N_COPIES):
                other = varied(seen, generator, turned=turned) if copy else seen
                early[view][copy, places], signal[view][copy, places] = _heard(quick, other, recipe)
    return Copies(early, signal)


def _heard(layers: nn.Sequential, seen: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """What tapped layers say of what is `seen`, side by side (n, D), and what the last one hands on."""
    with torch.inference_mode():
        said, signal = climb(layers, seen, recipe)
        return torch.cat(said, dim=1).half() if said else torch.empty(len(seen), 0).half(), signal.half()


def _looks(subjects: Sequence[Subject], recipe: Recipe, images: Images) -> Iterator[Look]:
    """Each image is decoded once; a few of its subjects at a time."""
    by_image: dict[str, list[int]] = {}
    for place, subject in enumerate(subjects):
        by_image.setdefault(subject.image, []).append(place)
    for image, places in by_image.items():
        picture = pixels(images(image))
        for some in (places[first : first + BATCH] for first in range(0, len(places), BATCH)):
            points = [subjects[place].point for place in some]
            yield torch.tensor(some), [look(picture, points, view, recipe.input_px) for view in recipe.views]


def _points(subjects: Sequence[Subject]) -> bool:
    return subjects[0].point is not None
