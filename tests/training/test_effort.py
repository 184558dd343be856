"""Multiply-adds, counted by hand for a small network."""

import pytest
import torch
from torch import nn

from game.training.effort import LOOKING_PER_S, PASSES, TEACHING_PER_S, Effort, effort, multiply_adds
from game.training.views import Recipe, View

TRUNK = nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.Conv2d(8, 4, 1)
)


def test_convolutions_are_counted_layer_by_layer() -> None:
    # 8 maps of 8 × 8 cells, 3·3·3 each; then 2 channels of a group, 3·3; then 4 maps of 8.
    assert multiply_adds(TRUNK, 16) == [64 * 8 * 27, 0, 64 * 8 * 18, 64 * 4 * 8]


def test_each_view_counts_and_layers_below_are_only_looked_through() -> None:
    recipe = Recipe((View("a", 8), View("b", 16)), 16, (3,), (1.0,))
    assert effort(TRUNK, recipe, 2) == Effort(2 * 64 * 8 * 27, 2 * (64 * 8 * 18 + 64 * 4 * 8))


def test_seconds_are_counted_and_not_measured() -> None:
    each = Effort(LOOKING_PER_S, TEACHING_PER_S)
    assert each.copying_s(3) == 3
    assert each.teaching_s(2) == 2 * PASSES
    assert each.looking_s(2) == pytest.approx(2 * (1 + TEACHING_PER_S / LOOKING_PER_S))


def test_counting_leaves_no_trace() -> None:
    multiply_adds(TRUNK, 16)
    assert all(not part._forward_hooks for part in TRUNK.modules())
    assert all(weight.grad is None for weight in TRUNK.parameters())
    assert isinstance(TRUNK[0](torch.zeros(1, 3, 16, 16)), torch.Tensor)
