"""The model folder: all that is needed to use the model alone, all that is needed to judge it, and checksums."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from game.artifacts.folders import new_folder, verify_files, write_manifest
from game.training.dataset import Dataset, Label, Point
from game.training.features import Eye, eye_of
from game.training.head import Head
from game.training.network import Backbone
from game.training.origins import FILE as PICTURES
from game.training.origins import Origins
from game.training.scratch import SMALL_CNN, small_cnn
from game.training.sheets import write_sheets
from game.training.tables import write_table
from game.training.views import MEAN, STD, Recipe, View, pixels
from game.training.zoo import chain, check_name, network
from game.version import CODE_VERSION
from scoring.arrays import Floats

NEEDED = ("model.safetensors", "labels.json", "preprocessing.json")
DECIMALS = 6


@dataclass(frozen=True)
class Fitted:
    """A model with its report. `p` (S, K) for every subject of the dataset, `held_out` (G, K) for its gold.

    `cards`: name of the file → what it says. `onnx` is the same model as the content of model.onnx.
    """

    backbone: Backbone
    recipe: Recipe
    head: Head
    p: Floats
    held_out: Floats
    metrics: Mapping[str, Any]
    cards: Mapping[str, str]
    seed: int
    onnx: bytes
    origins: Origins


@dataclass(frozen=True)
class Opened:
    """A model folder's parts; `about` is its manifest."""

    about: Mapping[str, Any]
    labels: tuple[Label, ...]
    backbone: str
    trunk: nn.Sequential
    recipe: Recipe
    head: Head


@dataclass(frozen=True)
class Model:
    """A model folder opened for use, on its own: no release, no cache, no other weights."""

    labels: tuple[Label, ...]
    eye: Eye
    head: Head

    @property
    def judges_points(self) -> bool:
        return any(view.side_px is not None for view in self.eye.recipe.views)

    def __call__(self, picture: bytes, point: Point | None) -> Floats:
        """Probabilities (K,)."""
        return np.asarray(self.head(self.eye(pixels(picture), [point]))[0])


def write_model(fitted: Fitted, dataset: Dataset, folder: Path) -> None:
    """The folder appears whole or not at all. Raises Conflict if the name is taken."""
    with new_folder(folder) as new:
        save_file(_tensors(fitted), new / "model.safetensors")
        # safetensors writes for its owner alone; every other file here is for whoever may see the folder.
        (new / "model.safetensors").chmod(0o644)
        (new / "model.onnx").write_bytes(fitted.onnx)
        _write_json(new / "labels.json", {"labels": [asdict(label) for label in dataset.labels]})
        _write_json(new / "preprocessing.json", _preprocessing(fitted, dataset))
        _write_json(new / "metrics.json", fitted.metrics)
        _write_json(new / PICTURES, fitted.origins.as_json())
        for name, text in fitted.cards.items():
            (new / name).write_text(text, encoding="utf-8")
        rows = write_sheets(new, fitted.metrics) | {
            "predictions.csv": _write_predictions(new / "predictions.csv", fitted, dataset),
            "holdout.csv": _write_hold_out(new / "holdout.csv", fitted, dataset),
        }
        write_manifest(new, _about(fitted, dataset), rows)


def read_model(folder: Path) -> Model:
    """Also of a folder with only the files needed for use. Raises as open_folder."""
    opened = open_folder(folder)
    return Model(opened.labels, eye_of(opened.trunk, opened.recipe), opened.head)


def open_folder(folder: Path) -> Opened:
    """Raises ArtifactError if a file that is needed is missing or changed."""
    about = verify_files(folder, NEEDED)
    asked = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["labels"]
    tensors = load_file(folder / "model.safetensors")
    views = tuple(View(view["name"], view["side_px"]) for view in asked["views"])
    recipe = Recipe(views, asked["input_px"], tuple(asked["taps"]), _pools(asked))
    trunk = _empty_trunk(asked["backbone"], recipe)
    trunk.load_state_dict(
        {name.removeprefix("trunk."): value for name, value in tensors.items() if name.startswith("trunk.")}
    )
    head = Head(*(tensors[f"head.{part}"].numpy() for part in ("mean", "scale", "weight", "bias")))
    return Opened(about, tuple(Label(**label) for label in labels), asked["backbone"], trunk.eval(), recipe, head)


def _pools(asked: Mapping[str, Any]) -> tuple[float, ...]:
    """Version 0.1 wrote a single one."""
    return tuple(asked["pools"]) if "pools" in asked else (asked["pool"],)


def _empty_trunk(backbone: str, recipe: Recipe) -> nn.Sequential:
    if backbone != SMALL_CNN:
        check_name(backbone)
    layers = small_cnn() if backbone == SMALL_CNN else chain(network(backbone))
    return layers[: max(recipe.taps) + 1]


def _tensors(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The trunk by the numbers of its layers: for MobileNetV2 torchvision's own names, `features` become `trunk`."""
    head = {f"head.{name}": torch.tensor(value) for name, value in vars(fitted.head).items()}
    return head | {f"trunk.{name}": value.contiguous() for name, value in fitted.backbone.trunk.state_dict().items()}


def _preprocessing(fitted: Fitted, dataset: Dataset) -> dict[str, Any]:
    return {
        "subject_kind": dataset.kind, "patch_px": dataset.patch_px, "backbone": fitted.backbone.name,
        **asdict(fitted.recipe), "scaling": "bilinear, antialiased", "mean": MEAN, "std": STD,
    }  # fmt: skip


def _about(fitted: Fitted, dataset: Dataset) -> dict[str, Any]:
    """No time of day: the same release and seed make the same bytes."""
    release = dataset.about
    kept = {key: release.get(key) for key in ("project", "title", "licence", "credit", "cite", "subject_kind")}
    return {
        **kept, "release": release["version"], "includes_simulated": bool(release.get("includes_simulated")),
        "taught_by": fitted.metrics.get("taught_by"),
        "seed": fitted.seed, "code_version": CODE_VERSION, "backbone": fitted.backbone.name,
        "weights_from": fitted.backbone.weights_from,
    }  # fmt: skip


def _write_predictions(file: Path, fitted: Fitted, dataset: Dataset) -> int:
    rows = zip(dataset.subjects, fitted.p, strict=True)
    return write_table(file, ["subject", *_columns(dataset)], ([one.code, *_rounded(p)] for one, p in rows))


def _write_hold_out(file: Path, fitted: Fitted, dataset: Dataset) -> int:
    gold = dataset.gold
    held_out = [dataset.subjects[place] for place in gold.subject]
    rows = (
        [one.code, one.image, one.whole, dataset.labels[true].code, *_rounded(p)]
        for one, true, p in zip(held_out, gold.true, fitted.held_out, strict=True)
    )
    return write_table(file, ["subject", "image", "photograph", "true", *_columns(dataset)], rows)


def _columns(dataset: Dataset) -> list[str]:
    return [f"p_{label.code}" for label in dataset.labels]


def _rounded(p: Sequence[float] | Floats) -> list[str]:
    return [f"{each:.{DECIMALS}f}" for each in p]


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
