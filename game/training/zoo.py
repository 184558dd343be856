"""Any of torchvision's networks that keep rows and columns: its layers in a chain, which to ask, and its weights."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn
from torchvision import models

from game.errors import TrainingError
from game.training.views import Recipe

# What comes after the layers that look: pooling, and the head for ImageNet's own labels.
_AFTER = ("avgpool", "classifier", "fc")
# Their layers hand on patches in a row, or in branches; of the last there are no weights for pictures of this size.
_UNSUITED = ("vit", "swin", "maxvit", "googlenet", "inception", "regnet_y_128gf")
# densenet's weights were kept when its layers still had a dot in their names: norm.1 is norm1 today.
_OLD_NAME = re.compile(r"(\.denselayer\d+\.(?:norm|conv))\.(\d\.)")
_LOOK_PX = 128


@dataclass(frozen=True)
class Weights:
    """torchvision's file, whose name ends with the beginning of its own SHA-256, and where it can be fetched."""

    file: str
    url: str
    labels: tuple[str, ...]


def names() -> list[str]:
    """Of all networks that will do."""
    return [name for name in models.list_models(module=models) if not name.startswith(_UNSUITED)]


def check_name(name: str) -> None:
    """Raises TrainingError for a network that torchvision does not have, or of which no map of a picture can be got."""
    if name in names():
        return
    if name in models.list_models(module=models):
        raise TrainingError(
            f"The backbone “{name}” will not do: its layers cannot be asked what lies where in a picture. "
            "Take a resnet, an efficientnet, a mobilenet or a convnext."
        )
    raise TrainingError(f"There is no backbone “{name}”: choose one of {', '.join(names())}, small_cnn.")


def network(name: str) -> nn.Module:
    """Without anybody's weights, and without spending a random number of anybody else's."""
    with torch.random.fork_rng(devices=[]):
        made: nn.Module = models.get_model(name, weights=None)
    return made


def chain(whole: nn.Module) -> nn.Sequential:
    """The layers that look, in order; stages are taken apart into their blocks. MobileNetV2's are its `features`."""
    layers: list[nn.Module] = []
    for name, part in whole.named_children():
        if name in _AFTER:
            break
        layers += _taken_apart(part)
    if isinstance(whole, models.DenseNet):
        # It does this between its layers and their mean, without having a layer for it.
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def todays_names(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As torchvision's layers are called now."""
    return {_OLD_NAME.sub(r"\1\2", name): value for name, value in weights.items()}


def suited(recipe: Recipe, name: str) -> Recipe:
    """The same views, of layers as deep as those that MobileNetV2 is asked for: each the last of its size of map."""
    depths = _depths(chain(network(name)))
    points = any(view.side_px is not None for view in recipe.views)
    wanted = [depth for depth in (3, 4) if depth in depths] if points else sorted(depths)[-2:]
    return replace(recipe, taps=tuple(depths[depth] for depth in wanted))


def weights_of(name: str) -> Weights:
    """Of the first ones that were published: their layers know more of other things than those trained longer."""
    known = models.get_model_weights(name)["IMAGENET1K_V1"]
    return Weights(known.url.rsplit("/", 1)[1], known.url, tuple(known.meta["categories"]))


def last_layer(whole: nn.Module) -> nn.Linear | None:
    """That which makes ImageNet's labels of the mean of the last map; None if there is more to it."""
    after = [part for name, part in whole.named_children() if name in _AFTER]
    said = [layer for part in after for layer in _taken_apart(part)]
    layers = [layer for layer in said if not isinstance(layer, nn.Dropout | nn.AdaptiveAvgPool2d)]
    only = layers[0] if len(layers) == 1 else None
    return only if isinstance(only, nn.Linear) else None


def _taken_apart(part: nn.Module) -> list[nn.Module]:
    # A subclass does more than to pass on from layer to layer, or is one thing with its normalisation.
    if type(part) is not nn.Sequential:
        return [part]
    return [layer for each in part for layer in _taken_apart(each)]


def _depths(layers: nn.Sequential) -> dict[int, int]:
    """How often the map was halved → the last layer that says it so small."""
    found, signal = {}, torch.zeros(1, 3, _LOOK_PX, _LOOK_PX)
    with torch.inference_mode():
        for number, layer in enumerate(layers.eval()):
            signal = layer(signal)
            found[round(math.log2(_LOOK_PX / signal.shape[-1]))] = number
    return found
