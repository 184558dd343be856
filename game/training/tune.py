"""Fine-tuning: the layers of a network, or its last ones, taught together with the head that was found for them frozen.

First the head, then the layers: otherwise a head that knows nothing yet spoils what they know. Kumar et al. (2022).
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

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


def tune(network: Network, lecture: Lecture, epoch: Callable[[int], None]) -> Network:
    """Goes on from the head's minimum (see head.fit_heads) with layers that may change; `epoch` hears each begin.

    Statistics of normalisation stay as they are: those of a few subjects would be worse.
    """
    trunk, head = copy.deepcopy(network.trunk).eval(), network.head
    mean, scale, weight, bias = (torch.from_numpy(each).float() for each in vars(head).values())
    searched = [weight.requires_grad_(), bias.requires_grad_()]
    target = torch.from_numpy(lecture.target / lecture.target[lecture.places].sum(axis=1).mean()).float()
    places = torch.from_numpy(lecture.places)
    search = torch.optim.AdamW([*_rates(trunk, lecture.first), {"params": searched, "lr": HEAD_RATE}], weight_decay=0)
    slower = torch.optim.lr_scheduler.LambdaLR(search, _falling(N_EPOCHS * math.ceil(len(places) / BATCH)))
    generator = torch.Generator().manual_seed(lecture.seed)
    for number in range(N_EPOCHS):
        epoch(number)
        order = torch.randperm(len(places), generator=generator)
        for some in torch.split(places[order], BATCH):
            search.zero_grad()
            batch = lecture.examples(some, generator)
            for part in torch.split(torch.arange(len(some)), AT_ONCE):
                features = _features(trunk, batch.some(part), lecture.first, network.recipe)
                said = torch.log_softmax((features - mean) / scale @ weight + bias, dim=1)
                torch.autograd.backward(-(target[some[part]] * said).sum() / len(some))
            torch.autograd.backward(lecture.ridge / 2 / len(places) * weight.square().sum())
            search.step()
            slower.step()
    taught = (each.detach().double().numpy() for each in searched)
    return replace(network, trunk=trunk, head=Head(head.mean, head.scale, *taught))


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


def _features(trunk: nn.Sequential, batch: Batch, first: int, recipe: Recipe) -> Tensor:
    """(n, D): view by view, what earlier layers said before what the taught ones say."""
    said = []
    for early, signal in zip(batch.early, batch.signal, strict=True):
        said += [early, *climb(trunk[first:], signal, recipe, first)[0]]
    return torch.cat(said, dim=1)
