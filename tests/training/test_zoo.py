"""Any network of torchvision's: its chain of layers says what the whole network says, and each family can be taught."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import models

from game.errors import TrainingError
from game.training.dataset import Label, Subject
from game.training.features import eye_of
from game.training.head import Head
from game.training.lectures import Examples, copies, squares
from game.training.network import imagenet, pretrained
from game.training.onnx_graph import TOLERANCE, check_graph, graph
from game.training.teaching import last_block
from game.training.tune import Lecture, Network, tune
from game.training.views import Recipe, View, pixels, recipe_of
from game.training.zoo import chain, check_name, last_layer, names, network, suited, todays_names, weights_of

LABELS = tuple(Label(code, code, "", "") for code in "abc")
POINTS, WHOLE = recipe_of("point", 224), recipe_of("image", 0)
FAMILIES = (
    "resnet18", "resnet50", "efficientnet_b0", "mobilenet_v3_small", "convnext_tiny", "regnet_y_400mf", "densenet121",
)  # fmt: skip
# One of each; more than seconds are spent on how many layers there are, so that the smallest are taken.
KINDS = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5",
    "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t",
    "swin_v2_t", "vgg11", "vit_b_32",
)  # fmt: skip
# All layers of these would take a minute, and the later ones are like the first.
FIRST_LAYERS = {"swin_t": 3, "swin_v2_t": 3, "maxvit_t": 2, "vit_b_32": 2, "convnext_tiny": 6, "vgg11": 6}


def test_one_of_each_kind_is_tried() -> None:
    kinds = {re.match(r"[a-z]+", name.replace("wide_", ""))[0] for name in names()}  # type: ignore[index]
    assert kinds - {"resnext"} == {re.match(r"[a-z]+", name)[0] for name in KINDS}  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_chain_and_the_last_layer_are_the_whole_network(name: str) -> None:
    whole = network(name).eval()
    seen = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(last_layer(whole)(chain(whole).eval()(seen).mean(dim=(2, 3))), whole(seen), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_it_looks_is_taught_and_becomes_one_file(name: str, shared_data: Path) -> None:
    """At real pictures with made-up weights: the last block alone, then all layers, and the file says the same."""
    pictures = {file.name: file.read_bytes() for file in sorted((shared_data / "koh_tao").rglob("*.jpg"))[:2]}
    some = [Subject(image, image, image, (100, 90)) for image in pictures]
    recipe = suited(Recipe((View("only", 64),), 96, (), (0.5, 1.0)), name)
    recipe = replace(recipe, taps=(FIRST_LAYERS[name],)) if name in FIRST_LAYERS else recipe
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        trunk = chain(network(name))[: max(recipe.taps) + 1].eval()
    eye = eye_of(trunk, recipe)
    assert eye(pixels(pictures[some[0].image]), [(100, 90)]).shape == (1, sum(eye.widths))
    start = Network(trunk, recipe, _firm(sum(eye.widths)))
    first = last_block(trunk)
    assert _changed(start, first, some, pictures) == {first}
    assert _changed(start, 0, some, pictures) >= {first, min(_able(trunk))}
    assert check_graph(graph(eye, start.head, LABELS), eye, start.head, some, pictures.__getitem__) <= TOLERANCE


def _changed(start: Network, first: int, some: Sequence[Subject], pictures: Mapping[str, bytes]) -> set[int]:
    """The numbers of the layers that were taught something, apart from normalisation after the last block."""
    examples: Examples = squares(some, start.recipe, pictures.__getitem__)
    if first > 0:
        examples = copies(some, start.trunk[:first], start.recipe, pictures.__getitem__, seed=0)
    lecture = Lecture(examples, np.arange(len(some)), np.eye(3)[: len(some)], first, ridge=1e-3, seed=0)
    after = tune(start, lecture, lambda _epoch: None).trunk
    return {number for number in _able(start.trunk) if _differ(start.trunk[number], after[number])}


def _able(trunk: nn.Sequential) -> list[int]:
    return [number for number, layer in enumerate(trunk) if any(each.dim() > 1 for each in layer.parameters())]


def _differ(before: nn.Module, after: nn.Module) -> bool:
    return any(not torch.equal(*pair) for pair in zip(before.parameters(), after.parameters(), strict=True))


def _firm(width: int) -> Head:
    rng = np.random.default_rng(5)
    return Head(np.zeros(width), np.ones(width), rng.normal(size=(width, 3)) / np.sqrt(width), np.zeros(3))


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


@pytest.mark.parametrize(("name", "gigabytes"), [("vit_h_14", "2.5"), ("regnet_y_128gf", "2.6")])
def test_a_network_that_no_file_can_hold_is_refused_with_the_number(name: str, gigabytes: str) -> None:
    with pytest.raises(TrainingError, match=f"“{name}” will not do: its weights take {gigabytes} GB, and a model.onnx"):
        check_name(name)


def test_all_other_networks_that_torchvision_has_are_offered() -> None:
    assert set(models.list_models(module=models)) - set(names()) == {"vit_h_14", "regnet_y_128gf"}


def test_patches_are_seen_as_large_as_they_were_taught() -> None:
    assert suited(POINTS, "vit_b_32").input_px == 224
    assert suited(POINTS, "swin_t").input_px == POINTS.input_px


def test_of_patches_the_last_map_is_asked_and_what_is_said_of_the_whole() -> None:
    layers = chain(network("vit_b_32"))
    assert suited(WHOLE, "vit_b_32").taps == (len(layers) - 2, len(layers) - 1)
    assert suited(POINTS, "vit_b_32").taps == (len(layers) - 2,)


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
    head = _firm(sum(eye.widths))
    content = graph(eye, head, LABELS)
    picture = _picture(np.random.default_rng(5))
    some = [Subject(str(place), "a", "a", (10 * place, 30)) for place in range(4)]
    assert check_graph(content, eye, head, some, lambda _image: picture) <= TOLERANCE


def _picture(rng: np.random.Generator) -> bytes:
    content = BytesIO()
    Image.fromarray(rng.integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(content, "PNG")
    return content.getvalue()
