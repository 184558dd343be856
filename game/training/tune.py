"""Fine-tuning: the layers of a network, or its last ones, taught together with the head that was found for them frozen.

First the head, then the layers: otherwise a head that knows nothing yet spoils what they know. Kumar et al. (2022).
"""

import copy
import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from game.training.head import Head
from game.training.lectures import Batch, Examples
from game.training.network import climb
from game.training.views import Recipe
from scoring.arrays import Floats, Ints

BATCH = 32
# What the layers say on the way up is kept for the way down: of 8 pictures in all of MobileNetV2 0.6 GB.
AT_ONCE = 8
N_EPOCHS = 4
# Of the last layer and of the head.
RATE, HEAD_RATE = 3e-4, 1e-3
# Howard and Ruder (2018) divide the rate by 2.6 from layer to layer; from the last layer of a deep network to its first
# it falls here by as much as over the four of theirs.
FALL = 2.6**3


@dataclass(frozen=True)
class Network:
    trunk: nn.Sequential
    recipe: Recipe
    head: Head


@dataclass(frozen=True)
class Lecture:
    """Of the examples those at `places` (n,) teach: `target` (N, K), what each is, times how much it counts.

    Layers from number `first` on are taught.
    """

    examples: Examples
    places: Ints
    target: Floats
    first: int
    ridge: float
    seed: int


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is that teach the same network together; see crew.py."""

    rank: int = 0
    n: int = 1


ALONE = Place()


class Pupil(nn.Module):
    """What is taught: layers from number `first` on, and the head."""

    def __init__(self, network: Network, first: int) -> None:
        super().__init__()
        self.layers, self.recipe, self.first = network.trunk[first:], network.recipe, first
        mean, scale, weight, bias = (torch.from_numpy(each).float() for each in vars(network.head).values())
        self.mean, self.scale, self.weight, self.bias = mean, scale, nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, batch: Batch) -> Tensor:
        """Logarithms of probabilities (n, K)."""
        features = (self._features(batch) - self.mean) / self.scale
        return torch.log_softmax(features @ self.weight + self.bias, dim=1)

    def _features(self, batch: Batch) -> Tensor:
        """(n, D): view by view, what earlier layers said before what the taught ones say."""
        said = []
        for early, signal in zip(batch.early, batch.signal, strict=True):
            said += [early, *climb(self.layers, signal, self.recipe, self.first)[0]]
        return torch.cat(said, dim=1)


def tune(network: Network, lecture: Lecture, epoch: Callable[[int], None], place: Place = ALONE) -> Network:
    """Goes on from the head's minimum (see head.fit_heads) with layers that may change; `epoch` hears each begin.

    Statistics of normalisation stay as they are: those of a few subjects would be worse.
    """
    trunk = copy.deepcopy(network.trunk).eval()
    pupil = Pupil(replace(network, trunk=trunk), lecture.first)
    taught = _shared(pupil, place)
    target = torch.from_numpy(lecture.target / lecture.target[lecture.places].sum(axis=1).mean()).float()
    places = torch.from_numpy(lecture.places)
    head = {"params": [pupil.weight, pupil.bias], "lr": HEAD_RATE}
    search = torch.optim.AdamW([*_rates(trunk, lecture.first), head], weight_decay=0)
    slower = torch.optim.lr_scheduler.LambdaLR(search, _falling(N_EPOCHS * math.ceil(len(places) / BATCH)))
    generator = torch.Generator().manual_seed(lecture.seed)
    for number in range(N_EPOCHS):
        epoch(number)
        order = torch.randperm(len(places), generator=generator)
        for some in torch.split(places[order], BATCH):
            search.zero_grad()
            # All processes draw alike, and look at their share.
            _teach(taught, lecture.examples(some, generator), target[some], place)
            torch.autograd.backward(lecture.ridge / 2 / len(places) * pupil.weight.square().sum())
            search.step()
            slower.step()
    weight, bias = (each.detach().double().numpy() for each in (pupil.weight, pupil.bias))
    return replace(network, trunk=trunk, head=replace(network.head, weight=weight, bias=bias))


def _shared(pupil: Pupil, place: Place) -> nn.Module:
    return pupil if place.n == 1 else DistributedDataParallel(pupil, broadcast_buffers=False)


def _teach(taught: nn.Module, batch: Batch, target: Tensor, place: Place) -> None:
    """Adds the gradient of a batch of `target` (n, K), a few at a time; only at the last are all shares averaged."""
    # Who has no share of a small batch comes along with a subject that counts nothing.
    share = torch.arange(len(target))[place.rank :: place.n]
    counts = place.n if len(share) else 0
    parts = torch.split(share if len(share) else torch.tensor([0]), AT_ONCE)
    for part in parts:
        waits = isinstance(taught, DistributedDataParallel) and part is not parts[-1]
        with taught.no_sync() if waits else nullcontext():  # type: ignore[operator]
            said = taught(batch.some(part))
            torch.autograd.backward(-counts * (target[part] * said).sum() / len(target))


def _rates(trunk: nn.Sequential, first: int) -> list[dict[str, Any]]:
    last = len(trunk) - 1
    return [
        {"params": list(layer.parameters()), "lr": RATE * FALL ** ((number - last) / max(last, 1))}
        for number, layer in enumerate(trunk)
        if number >= first and any(True for _ in layer.parameters())
    ]


def _falling(n_steps: int) -> Callable[[int], float]:
    """Half a cosine, from all to nothing. Loshchilov and Hutter (2017)."""
    return lambda step: (1 + math.cos(math.pi * step / n_steps)) / 2
