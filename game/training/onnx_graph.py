"""model.onnx: the whole model as one graph, from stored pixels to probabilities, for browsers and for onnxruntime.

Input `pixels`, uint8 (N, H, W, 3): the square around each point, its side that of the widest view; or whole pictures of
any size. Output `p`, float32 (N, K).
"""

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from game.artifacts.images import stored_pixels
from game.errors import TrainingError
from game.training.dataset import Label, Subject
from game.training.features import Eye
from game.training.head import Head
from game.training.network import embed
from game.training.views import MEAN, STD, Recipe, pixels
from scoring.arrays import Floats

OPSET = 18
# Between torch and onnxruntime, in probability.
TOLERANCE = 1e-4
N_COMPARED = 16


def side_px(recipe: Recipe) -> int | None:
    """Of the square that the graph wants around a point; None if it wants whole pictures."""
    return max((view.side_px for view in recipe.views if view.side_px is not None), default=None)


def graph(eye: Eye, head: Head, labels: Sequence[Label]) -> bytes:
    """The file's content; the same model gives the same bytes.

    By torch's older exporter: the newer one takes 13 s instead of 2 for the same graph, of a retraining that should
    take 20 s in all. What it warns of is its age, and sizes that are the same for every picture by then.
    """
    side = side_px(eye.recipe)
    example = torch.zeros(1, side or 37, side or 41, 3, dtype=torch.uint8)
    sizes = {0: "N"} if side is not None else {0: "N", 1: "H", 2: "W"}
    with warnings.catch_warnings(), torch.inference_mode(), _plain_attention(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            _Graph(eye, head).eval(), (example,), file, dynamo=False, opset_version=OPSET,
            input_names=["pixels"], output_names=["p"], dynamic_axes={"pixels": sizes, "p": {0: "N"}},
        )  # fmt: skip
        made = onnx.load(file)
    onnx.helper.set_model_props(made, {"labels": json.dumps([label.code for label in labels])})
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def check_graph(
    content: bytes, eye: Eye, head: Head, subjects: Sequence[Subject], images: Callable[[str], bytes]
) -> float:
    """The largest difference from torch on some of the subjects. Raises TrainingError if it is above TOLERANCE."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    running = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for place in np.linspace(0, len(subjects) - 1, min(N_COMPARED, len(subjects)), dtype=int):
        picture, point = images(subjects[place].image), subjects[place].point
        [said] = running.run(["p"], {"pixels": stored_pixels(picture, point, side_px(eye.recipe))[np.newaxis]})
        largest = max(largest, float(np.abs(said - head(eye(pixels(picture), [point]))).max()))
    if not largest <= TOLERANCE:
        raise TrainingError(f"model.onnx differs from the model by {largest:.1g}; at most {TOLERANCE:g} is accepted.")
    return largest


class _Graph(nn.Module):
    """What Eye and Head do, with every number that they use."""

    def __init__(self, eye: Eye, head: Head) -> None:
        super().__init__()
        self.trunk, self.recipe, self.side_px = eye.trunk, eye.recipe, side_px(eye.recipe)
        self.mean, self.std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
        self.centre, self.bias = _single(head.mean), _single(head.bias)
        self.weight = _single(head.weight / head.scale[:, np.newaxis])

    def forward(self, pixels: Tensor) -> Tensor:
        picture = pixels.permute(0, 3, 1, 2).float()
        said = [
            channels
            for view in self.recipe.views
            for channels in embed(self.trunk, self._look(picture, view.side_px), self.recipe)
        ]
        features = torch.cat(said, dim=1).half().float()
        return torch.softmax((features - self.centre) @ self.weight + self.bias, dim=1)

    def _look(self, picture: Tensor, side_px: int | None) -> Tensor:
        """A narrower view is the middle of the widest."""
        if side_px is not None and self.side_px is not None:
            first = self.side_px // 2 - side_px // 2
            picture = picture[:, :, first : first + side_px, first : first + side_px]
        rows, columns = (scaling(line, self.recipe.input_px) for line in (picture[0, 0, :, 0], picture[0, 0, 0]))
        return (rows @ picture @ columns.T / 255 - self.mean) / self.std


def scaling(line: Tensor, size: int) -> Tensor:
    """(size, len(line)): the weights of antialiased bilinear scaling, as torch's `interpolate` has them.

    ONNX has an operation for this, but onnxruntime's makes something else of it when it makes pictures smaller: up to
    20 of 255 levels away from torch, in version 1.31.
    """
    ones = torch.ones_like(line)
    step = ones.sum() / size
    centre = (torch.arange(size) + 0.5) * step
    place = ones.cumsum(0) - 0.5
    weight = (1 - (place - centre[:, np.newaxis]).abs() / step.clamp(min=1)).clamp(min=0)
    return weight / weight.sum(dim=1, keepdim=True)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Of torch's short way through an attention the exporter knows nothing."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _single(values: Floats) -> Tensor:
    return torch.from_numpy(values).float()
