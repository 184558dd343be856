"""Any of torchvision's networks by name: its layers in a chain, which of them to ask, and its weights."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn
from torchvision import models

from game.errors import TrainingError
from game.training.patches import Recoloured, Summary, swins_layers, vits_layers
from game.training.views import Recipe

# What comes after the layers that look: pooling, and the head for ImageNet's own labels.
_AFTER = ("avgpool", "classifier", "fc", "head", "heads")
# What helped inception and googlenet to learn, and has no part in what they say.
_ASIDE = (*_AFTER, "AuxLogits", "aux1", "aux2", "dropout")
# They know how many patches a picture has.
_FIXED, _FIXED_PX = ("vit", "maxvit"), 224
_RECOLOURED = ("googlenet", "inception")
# A model.onnx is one message of protobuf's, which holds no more; a weight has four bytes.
_MOST_BYTES, _BYTES_EACH = 2**31, 4
N_IMAGENET = 1000
# densenet's weights were kept when its layers still had a dot in their names: norm.1 is norm1 today.
_OLD_NAME = re.compile(r"(\.denselayer\d+\.(?:norm|conv))\.(\d\.)")
_LOOK_PX = 128


@dataclass(frozen=True)
class Weights:
    """torchvision's file, whose name ends with the beginning of its own SHA-256, and where it can be fetched.

    `side_px` is how large ImageNet's pictures were seen.
    """

    file: str
    url: str
    labels: tuple[str, ...]
    side_px: int


def names() -> list[str]:
    """Of all networks that will do."""
    return [name for name in models.list_models(module=models) if _n_bytes(name) < _MOST_BYTES]


def check_name(name: str) -> None:
    """Raises TrainingError for a network that torchvision does not have, or that is too large for a model.onnx."""
    if name in names():
        return
    if name in models.list_models(module=models):
        raise TrainingError(
            f"The backbone “{name}” will not do: its weights take {_n_bytes(name) / 1e9:.1f} GB, and a model.onnx "
            f"holds {_MOST_BYTES / 1e9:.1f} GB at most. Take a smaller one of its family."
        )
    raise TrainingError(f"There is no backbone “{name}”: choose one of {', '.join(names())}, small_cnn.")


def network(name: str) -> nn.Module:
    """Without anybody's weights, and without spending a random number of anybody else's."""
    wishes = {"transform_input": True, "init_weights": False} if name.startswith(_RECOLOURED) else {}
    with torch.random.fork_rng(devices=[]):
        made: nn.Module = models.get_model(name, weights=None, **wishes)
    return made


def chain(whole: nn.Module) -> nn.Sequential:
    """The layers that look, in order; stages are taken apart into their blocks. MobileNetV2's are its `features`.

    Each takes a map (N, C, H, W) and hands on one. Where more than a layer lies between the last map and ImageNet's
    labels, it is the last of the chain, as a Summary.
    """
    if isinstance(whole, models.VisionTransformer):
        layers = vits_layers(whole)
    elif isinstance(whole, models.SwinTransformer):
        layers = swins_layers(whole)
    else:
        looking = (part for name, part in whole.named_children() if name not in _ASIDE)
        layers = [layer for part in looking for layer in _taken_apart(part)]
    if isinstance(whole, models.DenseNet):
        # It does this between its layers and their mean, without having a layer for it.
        layers.append(nn.ReLU())
    if isinstance(whole, models.GoogLeNet | models.Inception3):
        layers.insert(0, Recoloured())
    more = _between(whole)
    return nn.Sequential(*layers, *([Summary(more)] if more else []))


def todays_names(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As torchvision's layers are called now."""
    return {_OLD_NAME.sub(r"\1\2", name): value for name, value in weights.items()}


def suited(recipe: Recipe, name: str) -> Recipe:
    """The same views, of layers as deep as those that MobileNetV2 is asked for: each the last of its size of map."""
    fixed = name.startswith(_FIXED)
    depths = _depths(chain(network(name)), _FIXED_PX if fixed else _LOOK_PX)
    points = any(view.side_px is not None for view in recipe.views)
    wanted = [depth for depth in (3, 4) if depth in depths] or sorted(depths)[:1] if points else sorted(depths)[-2:]
    input_px = _FIXED_PX if fixed else recipe.input_px
    return replace(recipe, taps=tuple(depths[depth] for depth in wanted), input_px=input_px)


def weights_of(name: str) -> Weights:
    """Of the first ones that were published: their layers know more of other things than those trained longer."""
    known = models.get_model_weights(name)["IMAGENET1K_V1"]
    [side_px] = known.transforms().crop_size
    return Weights(known.url.rsplit("/", 1)[1], known.url, tuple(known.meta["categories"]), side_px)


def last_layer(whole: nn.Module) -> nn.Linear:
    """That which makes ImageNet's labels of the mean of what the chain hands on: nothing, where it does so itself."""
    last = _said(whole)[-1]
    if isinstance(last, nn.Linear):
        return last
    same = nn.Linear(N_IMAGENET, N_IMAGENET)
    with torch.no_grad():
        same.weight.copy_(torch.eye(N_IMAGENET))
        same.bias.zero_()
    return same


def _between(whole: nn.Module) -> list[nn.Module]:
    """What is done to the last map before `last_layer`; empty if its mean is taken, and no more."""
    said = _said(whole)
    before = said[:-1] if isinstance(said[-1], nn.Linear) else said
    return [] if all(isinstance(layer, nn.AdaptiveAvgPool2d) for layer in before) else before


def _said(whole: nn.Module) -> list[nn.Module]:
    """The layers after those that look."""
    after = [part for name, part in whole.named_children() if name in _AFTER]
    return [layer for part in after for layer in _taken_apart(part) if not isinstance(layer, nn.Dropout)]


def _taken_apart(part: nn.Module) -> list[nn.Module]:
    # A subclass does more than to pass on from layer to layer, or is one thing with its normalisation.
    if type(part) not in (nn.Sequential, nn.ModuleList):
        return [part]
    return [layer for each in part.children() for layer in _taken_apart(each)]


def _depths(layers: nn.Sequential, side_px: int) -> dict[int, int]:
    """How often the map was halved → the last layer that says it so small."""
    found, signal = {}, torch.zeros(1, 3, side_px, side_px)
    with torch.inference_mode():
        for number, layer in enumerate(layers.eval()):
            if isinstance(layer, Summary):
                break
            signal = layer(signal)
            found[round(math.log2(side_px / signal.shape[-1]))] = number
    return found


def _n_bytes(name: str) -> int:
    return int(next(iter(models.get_model_weights(name))).meta["num_params"]) * _BYTES_EACH
