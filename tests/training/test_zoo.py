"""Any network of torchvision's that keeps rows and columns: its chain of layers says what the whole network says."""

import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models

from game.errors import TrainingError
from game.training.dataset import Label, Subject
from game.training.features import eye_of
from game.training.head import Head
from game.training.network import imagenet, pretrained
from game.training.onnx_graph import TOLERANCE, check_graph, graph
from game.training.views import Recipe, View, recipe_of
from game.training.zoo import chain, check_name, last_layer, names, network, suited, todays_names, weights_of

POINTS, WHOLE = recipe_of("point", 224), recipe_of("image", 0)
FAMILIES = (
    "resnet18", "resnet50", "efficientnet_b0", "mobilenet_v3_small", "convnext_tiny", "regnet_y_400mf", "densenet121",
)  # fmt: skip


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v2", "efficientnet_b0", "shufflenet_v2_x0_5", "regnet_y_400mf", "densenet121"]
)
def test_the_chain_and_the_last_layer_are_the_whole_network(name: str) -> None:
    whole = network(name).eval()
    last = last_layer(whole)
    assert last is not None
    seen = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(last(chain(whole).eval()(seen).mean(dim=(2, 3))), whole(seen), atol=1e-4)


def test_the_same_layers_of_mobilenet_are_asked_that_were_chosen_by_measurement() -> None:
    assert suited(POINTS, "mobilenet_v2").taps == (6, 13)
    assert suited(WHOLE, "mobilenet_v2").taps == (13, 18)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_layers_asked_are_the_last_of_their_size(name: str) -> None:
    """A picture of 128 px is 16 cells wide after three halvings and 8 after four."""
    sides = []
    with torch.inference_mode():
        signal = torch.zeros(1, 3, 128, 128)
        for layer in chain(network(name)).eval():
            signal = layer(signal)
            sides.append(signal.shape[-1])
    taps = suited(POINTS, name).taps
    assert [sides[tap] for tap in taps] == [16, 8]
    assert [sides[tap + 1] for tap in taps] == [8, 4]


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t", "inception_v3", "maxvit_t"])
def test_a_network_that_hands_on_no_maps_is_refused_in_plain_words(name: str) -> None:
    assert name not in names()
    with pytest.raises(TrainingError, match=f"The backbone “{name}” will not do"):
        check_name(name)


def test_every_network_that_is_offered_has_weights_called_by_their_sum() -> None:
    assert {"resnet18", "resnet34", "resnet50", "efficientnet_b2", "mobilenet_v3_large", "convnext_tiny"} <= set(
        names()
    )
    assert [name for name in names() if not re.search(r"-[0-9a-f]{8,}\.pth$", weights_of(name).file)] == []


def kept(cache: Path, name: str, seed: int = 1) -> Path:
    """Made-up weights in a file as torchvision's, called by their SHA-256."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        content = BytesIO()
        torch.save(models.get_model(name).state_dict(), content)
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{name}-{hashlib.sha256(content.getvalue()).hexdigest()[:8]}.pth"
    file.write_bytes(content.getvalue())
    return file


def test_weights_that_were_put_into_the_cache_are_taken(tmp_path: Path) -> None:
    file = kept(tmp_path, "resnet18")
    found = imagenet(tmp_path, "resnet18")
    assert found is not None
    assert found.source == f"the file {file.name}"
    known = torch.load(file, weights_only=True)
    assert all(torch.equal(value, known[name]) for name, value in found.network.state_dict().items())
    backbone = pretrained(tmp_path, suited(POINTS, "resnet18"), "resnet18")
    assert backbone is not None
    assert len(backbone.trunk) == max(suited(POINTS, "resnet18").taps) + 1


def test_weights_under_the_names_of_before_are_taken() -> None:
    """torchvision's own files of densenet are such."""
    today = network("densenet121").state_dict()
    before = {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name): value for name, value in today.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in before
    assert todays_names(before).keys() == today.keys()
    other = network("resnet50").state_dict()
    assert todays_names(other).keys() == other.keys()


def test_a_file_that_breaks_its_name_is_refused(tmp_path: Path) -> None:
    file = kept(tmp_path, "resnet18")
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(TrainingError, match=r"damaged or not torchvision's: their SHA-256 is not [0-9a-f]{8}\."):
        imagenet(tmp_path, "resnet18")


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    file = kept(tmp_path, "resnet18")
    file.rename(tmp_path / file.name.replace("resnet18", "resnet34"))
    with pytest.raises(TrainingError, match="The weights that were found for resnet34 are those of another network"):
        imagenet(tmp_path, "resnet34")


@dataclass
class Trap:
    """What a pickle may do when it is read."""

    sprung: Path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sprung,)


def test_a_file_with_a_program_in_it_is_not_run(tmp_path: Path) -> None:
    content = BytesIO()
    torch.save({"conv1.weight": Trap(tmp_path / "sprung")}, content)
    digest = hashlib.sha256(content.getvalue()).hexdigest()[:8]
    (tmp_path / f"resnet18-{digest}.pth").write_bytes(content.getvalue())
    with pytest.raises(TrainingError, match="those of another network"):
        imagenet(tmp_path, "resnet18")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", FAMILIES)
def test_its_onnx_file_says_what_torch_says(name: str) -> None:
    """Made-up weights, small squares, a firm head."""
    views = (View("centre", 24), View("context", 40))
    recipe = suited(Recipe(views, 64, (), (0.5, 1.0)), name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        trunk = chain(models.get_model(name))[: max(recipe.taps) + 1].eval()
    eye = eye_of(trunk, recipe)
    rng = np.random.default_rng(5)
    width = sum(eye.widths)
    head = Head(np.zeros(width), np.ones(width), rng.normal(size=(width, 3)) / np.sqrt(width), np.zeros(3))
    content = graph(eye, head, tuple(Label(code, code, "", "") for code in "abc"))
    picture = _picture(rng)
    some = [Subject(str(place), "a", "a", (10 * place, 30)) for place in range(4)]
    assert check_graph(content, eye, head, some, lambda _image: picture) <= TOLERANCE


def _picture(rng: np.random.Generator) -> bytes:
    content = BytesIO()
    Image.fromarray(rng.integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(content, "PNG")
    return content.getvalue()
