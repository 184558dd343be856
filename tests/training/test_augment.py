"""However a picture is varied, the point at its centre stays there."""

import pytest
import torch

from game.training.augment import TINT, ZOOM, varied

SIDE = 33


def many(turned: bool, picture: torch.Tensor, n: int = 200) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return varied(picture.expand(n, 3, SIDE, SIDE).contiguous(), generator, turned=turned)


@pytest.mark.parametrize("turned", [True, False])
def test_the_centre_stays_at_the_centre(turned: bool) -> None:
    picture = torch.zeros(3, SIDE, SIDE)
    picture[:, SIDE // 2 - 1 : SIDE // 2 + 2, SIDE // 2 - 1 : SIDE // 2 + 2] = 100.0
    found = many(turned, picture).mean(dim=1).flatten(1).argmax(dim=1)
    row, column = found // SIDE, found % SIDE
    assert (row - SIDE // 2).abs().max() <= 1
    assert (column - SIDE // 2).abs().max() <= 1


def test_around_a_point_every_side_may_come_to_lie_above() -> None:
    picture = torch.zeros(3, SIDE, SIDE)
    picture[:, :5] = 100.0
    sides = {tuple(bright(one)) for one in many(True, picture)}
    assert sides == {("top",), ("bottom",), ("left",), ("right",)}


def test_a_whole_picture_keeps_its_up_and_down() -> None:
    picture = torch.zeros(3, SIDE, SIDE)
    picture[:, :5, :5] = 100.0
    corners = {tuple(bright(one)) for one in many(False, picture)}
    assert corners == {("top", "left"), ("top", "right")}


def test_colours_change_a_little_and_differently() -> None:
    found = many(True, torch.ones(3, SIDE, SIDE)).mean(dim=(2, 3))
    assert (found - 1).abs().max() <= 2 * TINT + 1e-5
    assert found.std(dim=0).min() > TINT / 4
    assert (found.std(dim=1) > 0).all()


def test_it_comes_a_little_nearer_or_farther() -> None:
    picture = torch.zeros(3, SIDE, SIDE)
    picture[:, 8:25, 8:25] = 1.0
    sizes = (many(True, picture).mean(dim=1) > 0.5).flatten(1).sum(dim=1).sqrt()
    assert sizes.min() >= 17 * (1 - ZOOM) - 2
    assert sizes.max() <= 17 / (1 - ZOOM) + 2
    assert sizes.max() - sizes.min() > 2


def bright(picture: torch.Tensor) -> list[str]:
    """The edges along which it is bright."""
    light = picture.mean(dim=0)
    edges = {"top": light[0], "bottom": light[-1], "left": light[:, 0], "right": light[:, -1]}
    corner = {name: float(edge.max()) for name, edge in edges.items()}
    whole = {name: float(edge.mean()) for name, edge in edges.items()}
    if max(whole.values()) > 50:
        return [max(whole, key=whole.__getitem__)]
    return [name for name in edges if corner[name] > 50]
