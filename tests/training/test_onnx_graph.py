"""model.onnx says what torch says, of real pictures, with everything in it from stored pixels on."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.nn import functional
from torchvision import models

from game.artifacts.images import image_path, stored_pixels
from game.errors import TrainingError
from game.training.dataset import Label, Subject, read_dataset
from game.training.export import Model, read_model
from game.training.features import Eye, eye_of
from game.training.fit import Request
from game.training.head import Head
from game.training.onnx_graph import TOLERANCE, check_graph, graph, scaling, side_px
from game.training.pictures import picture_bytes
from game.training.scratch import small_cnn
from game.training.views import Recipe, View
from tests.training.releases import rows_of

POINTS = (View("centre", 33), View("context", 64))
WHOLE = (View("whole", None),)
LABELS = tuple(Label(code, code, "", "") for code in ("a", "b", "c"))


@pytest.fixture(scope="module")
def subjects(request_of_all: Request) -> tuple[Subject, ...]:
    return read_dataset(request_of_all.release).subjects


@pytest.fixture(scope="module")
def images(request_of_all: Request) -> Callable[[str], bytes]:
    return partial(picture_bytes, request_of_all.images)


@pytest.fixture(scope="module")
def model(request_of_all: Request) -> Model:
    return read_model(request_of_all.out)


def head_for(eye: Eye) -> Head:
    """Firm enough that a difference would show."""
    rng = np.random.default_rng(5)
    width = sum(eye.widths)
    return Head(np.zeros(width), np.ones(width), rng.normal(size=(width, 3)) / np.sqrt(width), np.array([0.1, 0, -0.1]))


@pytest.mark.parametrize(("stored", "seen"), [(64, 128), (128, 128), (300, 224), (1198, 224), (17, 224)])
def test_its_scaling_is_torchs_antialiased_one(stored: int, seen: int) -> None:
    """onnxruntime's own operation is not."""
    picture = torch.rand(1, 3, stored, stored + 9, generator=torch.Generator().manual_seed(0))
    rows, columns = scaling(picture[0, 0, :, 0], seen), scaling(picture[0, 0, 0], seen)
    wanted = functional.interpolate(picture, (seen, seen), mode="bilinear", antialias=True, align_corners=False)
    assert torch.allclose(rows @ picture @ columns.T, wanted, atol=1e-5)


def test_the_kept_file_says_what_the_model_says_of_every_subject(
    request_of_all: Request, model: Model, subjects: tuple[Subject, ...]
) -> None:
    running = onnxruntime.InferenceSession(request_of_all.out / "model.onnx", providers=["CPUExecutionProvider"])
    image = subjects[0].image
    content = image_path(request_of_all.images, image).read_bytes()
    points = [one.point for one in subjects if one.image == image]
    seen = np.stack([stored_pixels(content, point, side_px(model.eye.recipe)) for point in points])
    [said] = running.run(["p"], {"pixels": seen})
    assert len(points) == 40
    assert np.abs(said - np.array([model(content, point) for point in points])).max() <= TOLERANCE


def test_the_file_explains_itself(request_of_all: Request) -> None:
    made = onnx.load(request_of_all.out / "model.onnx")
    codes = [label["code"] for label in json.loads((request_of_all.out / "labels.json").read_text())["labels"]]
    assert {one.key: json.loads(one.value) for one in made.metadata_props} == {"labels": codes}
    [(takes, gives)] = zip(made.graph.input, made.graph.output, strict=True)
    sizes = [one.dim_param or one.dim_value for one in takes.type.tensor_type.shape.dim]
    # 128 pixels are four sevenths of the patch of 224.
    assert (takes.name, takes.type.tensor_type.elem_type, sizes) == (
        "pixels",
        onnx.TensorProto.UINT8,
        ["N", 128, 128, 3],
    )
    assert gives.name == "p"


@pytest.mark.parametrize("views", [POINTS, WHOLE], ids=["points", "whole"])
def test_any_chain_of_layers_any_views_and_any_linear_head_will_do(
    subjects: tuple[Subject, ...], images: Callable[[str], bytes], views: tuple[View, ...]
) -> None:
    torch.manual_seed(0)
    residual = models.resnet18()
    for trunk, taps in ((small_cnn(), (1, 3)), (torch.nn.Sequential(*list(residual.children())[:6]), (4, 5))):
        eye = eye_of(trunk.eval(), Recipe(views, 48, taps, (0.5, 1.0)))
        some = [replace(one, point=None) if views is WHOLE else one for one in subjects[::50]]
        content = graph(eye, head_for(eye), LABELS)
        assert check_graph(content, eye, head_for(eye), some, images) <= TOLERANCE


def test_the_same_model_is_the_same_bytes(model: Model) -> None:
    one, other = (graph(model.eye, model.head, model.labels) for _ in range(2))
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(other).hexdigest()


def test_a_graph_that_says_something_else_is_refused(
    model: Model, subjects: tuple[Subject, ...], images: Callable[[str], bytes]
) -> None:
    content = graph(model.eye, model.head, model.labels)
    other = replace(model.head, bias=model.head.bias + np.linspace(0, 0.01, len(model.labels)))
    with pytest.raises(TrainingError, match=r"model\.onnx differs from the model by 0\.00\d; at most 0\.0001"):
        check_graph(content, model.eye, other, subjects, images)


def test_whole_pictures_of_any_size_are_taken(shared_data: Path) -> None:
    torch.manual_seed(0)
    eye = eye_of(small_cnn().eval(), Recipe(WHOLE, 48, (3,), (1.0,)))
    files = [shared_data / "koh_tao" / row["file"] for row in rows_of(shared_data / "koh_tao" / "labels.csv")[:2]]
    quadrat = next((shared_data / "moorea_quadrats").glob("*.jpg"))
    contents = {file.name: file.read_bytes() for file in (*files, quadrat)}
    some = [Subject(name, name, name, None) for name in contents]
    assert check_graph(graph(eye, head_for(eye), LABELS), eye, head_for(eye), some, contents.__getitem__) <= TOLERANCE
