"""Which part of a picture the network looks at, how large, and which of its layers are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from game.artifacts.images import rgb
from game.training.dataset import POINT, Point

# The colours that torchvision's ImageNet weights were trained on: mean and standard deviation of R, G, B in [0, 1].
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
# What players see beyond the edge of a picture.
BEYOND = 128


@dataclass(frozen=True)
class View:
    """A square of `side_px` around the point; the whole picture, pressed into a square, if it is None."""

    name: str
    side_px: int | None


@dataclass(frozen=True)
class Recipe:
    """Each view is scaled to `input_px`; of each tapped layer the middle share of each side is averaged, for each share
    in `pools`."""

    views: tuple[View, ...]
    input_px: int
    taps: tuple[int, ...]
    pools: tuple[float, ...]


def recipe_of(kind: str, patch_px: int) -> Recipe:
    """Chosen by measurement; the figures are in README.md.

    A label for a point says what lies exactly there, so what its surroundings show must not drown it: two narrow views,
    the middle half of each beside the whole, and the early layers, which know texture and colour rather than things.
    """
    if kind == POINT:
        centre, context = round(patch_px * 2 / 7), round(patch_px * 4 / 7)
        views = (View("centre", max(centre, 8)), View("context", max(context, 16)))
        return Recipe(views, 128, (6, 13), (0.5, 1.0))
    return Recipe((View("whole", None),), 224, (13, 18), (1.0,))


def pixels(content: bytes) -> Tensor:
    """(3, H, W) in 0…255, as stored: like points, they are counted before any turning that EXIF asks for."""
    with Image.open(BytesIO(content)) as image:
        return torch.from_numpy(np.array(rgb(image))).permute(2, 0, 1)


def look(picture: Tensor, points: Sequence[Point | None], view: View, input_px: int) -> Tensor:
    """What the network gets to see: (N, 3, input_px, input_px), colours normalised, one for each point."""
    if view.side_px is None:
        squares = picture[np.newaxis].expand(len(points), -1, -1, -1)
    else:
        squares = _squares(picture, [point for point in points if point is not None], view.side_px)
    size = (input_px, input_px)
    scaled = functional.interpolate(squares.float() / 255, size, mode="bilinear", antialias=True, align_corners=False)
    return (scaled - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def _squares(picture: Tensor, points: Sequence[Point], side_px: int) -> Tensor:
    half = side_px // 2
    padded = functional.pad(picture, (side_px, side_px, side_px, side_px), value=BEYOND)
    corners = [(row + side_px - half, column + side_px - half) for row, column in points]
    return torch.stack([padded[:, top : top + side_px, left : left + side_px] for top, left in corners])
