"""A real network whose last block is taught: the folder is as whole, as checked and as much the same as any other."""

import json
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from game.artifacts.folders import verify
from game.artifacts.images import image_path
from game.artifacts.ways import Way
from game.training.export import read_model
from game.training.fit import Request, fit
from game.training.ways import Asked
from tests.training.conftest import quiet
from tests.training.releases import Reef, rows_of


@pytest.fixture(scope="module")
def taught(request_of_all: Request, reef: Reef, tmp_path_factory: pytest.TempPathFactory) -> Request:
    folder = tmp_path_factory.mktemp("taught")
    larger = replace(reef, n_points=70)
    release = larger.release(folder / "release").write()
    asked = replace(request_of_all, release=release, out=folder / "model", asked=Asked(Way.LAST_BLOCK))
    fit(asked, quiet())
    return asked


@pytest.mark.slow
def test_only_the_last_block_differs_from_torchvisions(taught: Request, request_of_all: Request) -> None:
    verify(taught.out)
    before, after = (load_file(folder / "model.safetensors") for folder in (request_of_all.out, taught.out))
    changed = {
        name.split(".")[1] for name in before if name.startswith("trunk") and not torch.equal(before[name], after[name])
    }
    assert changed == {"13"}


@pytest.mark.slow
def test_the_card_says_what_was_taught_and_how_it_did(taught: Request) -> None:
    card = (taught.out / "card.md").read_text(encoding="utf-8")
    assert "How much it took over from elsewhere: the last block taught too. The operator asked for it." in card
    [row] = [line for line in card.splitlines() if line.startswith("the last block taught too")]
    assert row.endswith("← chosen")
    assert "then the last block from this project" in card


@pytest.mark.slow
def test_the_learning_curve_is_of_frozen_layers_and_says_so(taught: Request, tmp_path: Path) -> None:
    frozen = replace(taught, out=tmp_path / "frozen", asked=Asked(Way.FROZEN))
    fit(frozen, quiet())
    metrics, plain = (json.loads((one.out / "metrics.json").read_text()) for one in (taught, frozen))
    assert (metrics["learning_curve_of"], plain["learning_curve_of"]) == ("frozen", "model")
    assert metrics["learning_curve"] == plain["learning_curve"]
    assert metrics["learning_curve"][-1]["accuracy"] == plain["accuracy"]
    assert "of frozen layers with a new head: " in (taught.out / "card.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_opened_again_it_says_the_same_in_torch_and_onnx(taught: Request) -> None:
    subject = rows_of(taught.release / "subjects.csv")[-1]
    picture = image_path(taught.images, subject["image"]).read_bytes()
    said = read_model(taught.out)(picture, (int(subject["row"]), int(subject["column"])))
    judged = rows_of(taught.out / "holdout.csv")[-1]
    assert said == pytest.approx([float(p) for name, p in judged.items() if name.startswith("p_")], abs=2e-3)
    assert onnxruntime.InferenceSession(taught.out / "model.onnx").get_outputs()[0].name == "p"


@pytest.mark.slow
def test_the_same_release_and_seed_teach_the_same_bytes(taught: Request, tmp_path: Path) -> None:
    again = replace(taught, out=tmp_path / "again")
    fit(again, quiet())
    assert {file.name: file.read_bytes() for file in again.out.iterdir()} == {
        file.name: file.read_bytes() for file in taught.out.iterdir()
    }
