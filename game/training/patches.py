"""Networks that hand on patches in a row, or look at other colours first: their steps as layers from map to map."""

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.ops import Permute

from game.training.views import MEAN, STD


class Recoloured(nn.Module):
    """Colours as inception and googlenet got to know them: in [-1, 1], not by ImageNet's mean and deviation."""

    def forward(self, seen: Tensor) -> Tensor:
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (MEAN, STD))
        return (seen * std + mean) * 2 - 1


class ChannelsLast(nn.Module):
    """A layer of a swin's, which wants (N, H, W, C)."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, signal: Tensor) -> Tensor:
        said: Tensor = self.layer(signal.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return said


def swins_layers(whole: models.SwinTransformer) -> list[nn.Module]:
    stem, *stages = whole.features
    first, *norm = (layer for layer in stem if not isinstance(layer, Permute))
    blocks = [block for stage in stages for block in (stage if type(stage) is nn.Sequential else [stage])]
    return [first, *(ChannelsLast(layer) for layer in (*norm, *blocks, whole.norm))]


class Patches(nn.Module):
    """A ViT's first step: a token for each patch and one for the whole picture; see `_as_map`."""

    def __init__(self, whole: models.VisionTransformer) -> None:
        super().__init__()
        self.side = whole.image_size // whole.patch_size
        self.convolution, self.whole, self.places = whole.conv_proj, whole.class_token, whole.encoder.pos_embedding

    def forward(self, seen: Tensor) -> Tensor:
        patches = self.convolution(seen).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.whole.expand(patches.shape[0], -1, -1), patches], dim=1)
        return _as_map(tokens + self.places, self.side)


class Block(nn.Module):
    def __init__(self, layer: nn.Module, side: int) -> None:
        super().__init__()
        self.layer, self.side = layer, side

    def forward(self, signal: Tensor) -> Tensor:
        return _as_map(self.layer(_as_tokens(signal, self.side)), self.side)


class Whole(nn.Module):
    """A ViT's last step: what it says of the picture as a whole, a map of one cell."""

    def __init__(self, norm: nn.Module, side: int) -> None:
        super().__init__()
        self.norm, self.side = norm, side

    def forward(self, signal: Tensor) -> Tensor:
        said: Tensor = self.norm(signal[:, :, self.side, 0])[:, :, None, None]
        return said


def vits_layers(whole: models.VisionTransformer) -> list[nn.Module]:
    first = Patches(whole)
    blocks = (Block(layer, first.side) for layer in whole.encoder.layers)
    return [first, *blocks, Whole(whole.encoder.ln, first.side)]


def _as_map(tokens: Tensor, side: int) -> Tensor:
    """(N, C, side + 1, side) of tokens (N, 1 + side², C).

    The first token, that of the whole picture, fills the row below the map: whoever looks at squares never sees it.
    """
    cells = tokens.transpose(1, 2)
    row = cells[:, :, :1].unsqueeze(2).expand(-1, -1, 1, side)
    return torch.cat([torch.unflatten(cells[:, :, 1:], 2, (side, side)), row], dim=2)


def _as_tokens(signal: Tensor, side: int) -> Tensor:
    cells = torch.cat([signal[:, :, side, :1], signal[:, :, :side].flatten(2)], dim=2)
    return cells.transpose(1, 2)


class Summary(nn.Module):
    """What some networks do between their last map and ImageNet's labels, as a map of one cell."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, signal: Tensor) -> Tensor:
        for layer in self.layers:
            signal = layer(signal.flatten(1) if isinstance(layer, nn.Linear) else signal)
        return signal.flatten(1)[:, :, None, None]
