"""Pictures as they might have been taken as well: every change is about the centre, so that a point stays there."""

import math

import torch
from torch import Tensor
from torch.nn import functional

# Nearer or farther by up to so much; lighter, darker and of another tint by up to so many standard deviations.
ZOOM = 0.1
TINT = 0.15


def varied(seen: Tensor, generator: torch.Generator, *, turned: bool) -> Tensor:
    """Each of (N, 3, S, S) mirrored or not, a little nearer or farther, its colours a little different.

    `turned` by right angles as well: what lies around a point looks alike from every side, a photograph has an up and
    a down. What would lie beyond the edge is mirrored into the picture.
    """
    n = len(seen)
    angle = torch.randint(4 if turned else 1, (n,), generator=generator) * (math.pi / 2)
    mirror = torch.randint(2, (n,), generator=generator) * 2.0 - 1
    size = 1 + ZOOM * _even(n, generator)
    rows = [torch.cos(angle) * mirror, -torch.sin(angle), torch.sin(angle) * mirror, torch.cos(angle)]
    about_centre = torch.zeros(n, 2, 3)
    about_centre[:, :, :2] = (torch.stack(rows, dim=1) * size[:, None]).view(n, 2, 2)
    places = functional.affine_grid(about_centre, list(seen.shape), align_corners=False)
    moved = functional.grid_sample(seen, places, mode="bilinear", padding_mode="reflection", align_corners=False)
    contrast, shift = (TINT * _even(n * 3, generator).view(n, 3, 1, 1) for _ in range(2))
    return moved * (1 + contrast) + shift


def _even(n: int, generator: torch.Generator) -> Tensor:
    """(n,) numbers, any in [-1, 1] as likely as any other."""
    return torch.rand(n, generator=generator) * 2 - 1
