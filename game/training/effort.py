"""What it takes to look and to teach, counted in multiply-adds: the same on every machine and every day.

A stop watch would make the same release teach one model on a quiet night and another one on a busy day.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from game.training.views import Recipe

# What one core does of such small networks in a second, measured; see README.md. Another machine is faster or slower,
# but a budget in these seconds buys the same everywhere.
LOOKING_PER_S = 8e9
TEACHING_PER_S = 12e9
# Forward, and backward to what was seen and to the weights.
PASSES = 3


@dataclass(frozen=True)
class Effort:
    """Multiply-adds of one subject, all its views: of the layers before the first that is taught, and of the others."""

    below: float
    above: float

    def looking_s(self, n_subjects: float) -> float:
        return n_subjects * (self.below + self.above) / LOOKING_PER_S

    def copying_s(self, n_subjects: float) -> float:
        return n_subjects * self.below / LOOKING_PER_S

    def teaching_s(self, n_subjects: float) -> float:
        return n_subjects * PASSES * self.above / TEACHING_PER_S


def effort(trunk: nn.Sequential, recipe: Recipe, first: int = 0) -> Effort:
    """`first` is the number of the first layer that is taught."""
    counts = [len(recipe.views) * each for each in multiply_adds(trunk, recipe.input_px)]
    return Effort(sum(counts[:first]), sum(counts[first:]))


def multiply_adds(trunk: nn.Sequential, input_px: int) -> list[float]:
    """Of each layer for one picture: those of its convolutions and matrices, beside which the rest is little."""
    counts: list[float] = []
    signal = torch.zeros(1, 3, input_px, input_px)
    for layer in trunk:
        # Without gradients attention goes a shorter way, which is not counted.
        with torch.enable_grad(), FlopCounterMode(display=False) as counter:
            signal = layer(signal).detach()
        counts.append(counter.get_total_flops() / 2)
    return counts
