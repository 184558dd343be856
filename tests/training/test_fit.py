"""From release to model folder: complete, reproducible, honest, and never half there."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchvision import models

from game.artifacts.folders import verify
from game.artifacts.images import image_path
from game.errors import Conflict, TrainingError
from game.training.export import NEEDED, read_model
from game.training.fit import Request, fit
from game.training.network import packaged_weights
from game.training.progress import Progress
from tests.training.conftest import quiet
from tests.training.releases import CODES, Reef, rows_of

FILES = {
    "model.safetensors", "model.onnx", "labels.json", "preprocessing.json", "metrics.json", "pictures.json",
    "card.md", "card-child.md", "figures.csv", "per_label.csv", "confusion.csv", "reliability.csv", "coverage.csv",
    "cover.csv", "learning_curve.csv", "ways.csv", "predictions.csv", "holdout.csv", "manifest.json",
}  # fmt: skip


def test_the_folder_is_complete_and_its_checksums_are_right(request_of_all: Request) -> None:
    manifest = verify(request_of_all.out)
    assert {file.name for file in request_of_all.out.iterdir()} == FILES
    assert manifest["release"] == 3
    assert manifest["seed"] == 7
    assert manifest["licence"] == "CC-BY-4.0"
    assert manifest["files"]["predictions.csv"]["rows"] == 160


def test_every_subject_has_a_prediction_that_sums_to_one(request_of_all: Request) -> None:
    said = rows_of(request_of_all.out / "predictions.csv")
    assert [row["subject"] for row in said] == [
        row["subject"] for row in rows_of(request_of_all.release / "subjects.csv")
    ]
    assert all(abs(sum(float(row[f"p_{code}"]) for code in CODES) - 1) < 1e-4 for row in said)


def test_the_hold_out_is_the_gold(request_of_all: Request) -> None:
    judged = {row["subject"]: row["true"] for row in rows_of(request_of_all.out / "holdout.csv")}
    assert judged == {row["subject"]: row["label"] for row in rows_of(request_of_all.release / "gold.csv")}


def test_metrics_say_what_the_page_shows(request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    assert metrics["n"] == sum(map(sum, metrics["confusion"])) == 40
    assert (metrics["n_training"], metrics["n_images_training"], metrics["n_images_holdout"]) == (120, 3, 1)
    assert metrics["groups"]["accuracy"] > metrics["groups"]["majority_accuracy"]
    assert [label["code"] for label in metrics["per_label"]] == CODES
    assert metrics["backbone"] == "mobilenet_v2"


def test_the_same_release_and_seed_make_the_same_bytes(request_of_all: Request, tmp_path: Path) -> None:
    again = replace(request_of_all, out=tmp_path / "again")
    fit(again, quiet())
    assert {file.name: file.read_bytes() for file in again.out.iterdir()} == {
        file.name: file.read_bytes() for file in request_of_all.out.iterdir()
    }


def test_what_the_crowd_said_of_a_held_out_image_is_never_learned(
    request_of_all: Request, reef: Reef, tmp_path: Path
) -> None:
    """Were any of it learned from, the head would be another."""
    release = reef.release(tmp_path / "release")
    gold = {row["subject"] for row in release.gold}
    liars = [dict(release.consensus[0]) | place for place in release.subjects if place["subject"] in gold]
    release.consensus += liars
    release.gold = release.gold[:5]
    fit(replace(request_of_all, release=release.write(), out=tmp_path / "model"), quiet())
    weights = "model.safetensors"
    assert (tmp_path / "model" / weights).read_bytes() == (request_of_all.out / weights).read_bytes()


def test_a_subject_is_judged_by_a_head_that_did_not_learn_from_it(request_of_all: Request) -> None:
    """The final head learned from it, and says something else."""
    model = read_model(request_of_all.out)
    subject = rows_of(request_of_all.release / "subjects.csv")[0]
    said = model(image_path(request_of_all.images, subject["image"]).read_bytes(), point_of(subject))
    assert np.abs(said - prediction(request_of_all.out / "predictions.csv", subject["subject"])).max() > 1e-3


def test_the_needed_files_alone_say_what_the_hold_out_says(request_of_all: Request, tmp_path: Path) -> None:
    for name in (*NEEDED, "manifest.json"):
        (tmp_path / name).write_bytes((request_of_all.out / name).read_bytes())
    model = read_model(tmp_path)
    for subject in rows_of(request_of_all.release / "subjects.csv")[-3:]:
        said = model(image_path(request_of_all.images, subject["image"]).read_bytes(), point_of(subject))
        assert said == pytest.approx(prediction(request_of_all.out / "holdout.csv", subject["subject"]), abs=2e-3)


def test_the_kept_layers_are_torchvisions_own(request_of_all: Request, tmp_path: Path) -> None:
    content = packaged_weights()
    assert content is not None
    (tmp_path / "weights").write_bytes(content)
    known = torch.load(tmp_path / "weights", weights_only=True)
    kept = {
        name: value for name, value in load_file(request_of_all.out / "model.safetensors").items() if "trunk" in name
    }
    assert kept.keys() == {f"trunk.{name}" for name in models.mobilenet_v2().features[:14].state_dict()}
    assert all(torch.equal(value, known[name.replace("trunk", "features")]) for name, value in kept.items())


def test_nothing_of_the_hold_out_is_in_the_model_or_its_temperature(
    request_of_all: Request, reef: Reef, tmp_path: Path
) -> None:
    """Were its labels used for anything but figures, other labels would make another model."""
    release = reef.release(tmp_path / "release")
    for row in release.gold:
        row["label"] = CODES[-1]
    fit(replace(request_of_all, release=release.write(), out=tmp_path / "model"), quiet())
    for name in ("model.safetensors", "predictions.csv", "labels.json", "preprocessing.json"):
        assert (tmp_path / "model" / name).read_bytes() == (request_of_all.out / name).read_bytes(), name
    temperatures = [
        json.loads((folder / "metrics.json").read_text())["temperature"]
        for folder in (request_of_all.out, tmp_path / "model")
    ]
    assert temperatures[0] == temperatures[1]


def test_two_answered_subjects_a_label_make_a_model_that_says_so(
    request_of_all: Request, reef: Reef, tmp_path: Path
) -> None:
    release = reef.release(tmp_path / "release")
    release.consensus = release.consensus[:: len(release.consensus) // 12][:12]
    fit(replace(request_of_all, release=release.write(), out=tmp_path / "model"), quiet())
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text())
    assert (metrics["n_training"], metrics["n"], len(metrics["learning_curve"])) == (12, 40, 1)
    assert "- Fewer than 10 subjects to learn from, so hardly taught" in (tmp_path / "model" / "card.md").read_text()


def test_an_existing_model_is_never_replaced(request_of_all: Request) -> None:
    with pytest.raises(Conflict, match="exists already"):
        fit(request_of_all, quiet())
    verify(request_of_all.out)


def test_a_missing_image_is_named_before_anything_is_computed(request_of_all: Request, tmp_path: Path) -> None:
    lost = replace(request_of_all, images=tmp_path, out=tmp_path / "model")
    with pytest.raises(TrainingError, match=r"4 of 4 images of the release are missing in .*, among them mcr_lter1"):
        fit(lost, quiet())
    assert not lost.out.exists()


def test_a_damaged_image_is_noticed(request_of_all: Request, reef: Reef, tmp_path: Path) -> None:
    for file in reef.images.glob("??/*"):
        copy = tmp_path / "images" / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes() + b"!")
    spoiled = replace(request_of_all, images=tmp_path / "images", out=tmp_path / "model", cache=tmp_path / "cache")
    with pytest.raises(TrainingError, match="is damaged: its content is not what its name promises"):
        fit(spoiled, quiet())


def test_if_nobody_listens_any_more_nothing_is_left_half_done(request_of_all: Request, tmp_path: Path) -> None:
    def write(line: str) -> None:
        if '"evaluate"' in line:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        fit(replace(request_of_all, out=tmp_path / "models" / "2"), Progress(write))
    assert not (tmp_path / "models").exists() or list((tmp_path / "models").iterdir()) == []


@pytest.mark.slow
def test_a_killed_fit_leaves_the_previous_model_alone_and_can_be_begun_again(
    request_of_all: Request, tmp_path: Path
) -> None:
    before = verify(request_of_all.out)
    again = replace(request_of_all, out=request_of_all.out.parent / "2", cache=tmp_path / "cache")
    child = subprocess.Popen(command(again), stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        heard = (json.loads(line) for line in child.stdout)
        assert any(line["step"] == "features" and line["done"] > 0 for line in heard)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert not again.out.exists()
    assert verify(request_of_all.out) == before
    fit(again, quiet())
    assert verify(again.out) == before


@pytest.mark.slow
def test_a_disk_that_takes_no_more_leaves_the_previous_model_alone(request_of_all: Request) -> None:
    """No file may grow beyond a mebibyte, and the weights are larger: the system refuses to write, half way."""
    again = replace(request_of_all, out=request_of_all.out.parent / "full")
    before = verify(request_of_all.out), sorted(again.out.parent.iterdir())
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -f 2048; exec "$@"', "sh", *command(again)], capture_output=True, text=True, check=False
    )
    assert ended.returncode not in (0, 2), ended.stderr
    assert "File too large" in ended.stderr.splitlines()[-1]
    assert (verify(request_of_all.out), sorted(again.out.parent.iterdir())) == before


@pytest.mark.slow
def test_three_groups_are_recognised_in_unseen_quadrats(request_of_all: Request, reef: Reef, tmp_path: Path) -> None:
    """The issue asks for .75; the commonest group alone gets .50."""
    larger = replace(reef, quadrats=(0, 1, 2, 4, 6, 7, 9, 10, 11, 13, 3, 5, 8, 12), n_gold=4, n_points=60)
    asked = replace(request_of_all, release=larger.release(tmp_path / "release").write(), out=tmp_path / "model")
    figures = fit(asked, quiet())
    assert figures.groups is not None
    assert figures.groups.majority_accuracy < 0.55
    assert figures.groups.accuracy >= 0.75


def command(asked: Request) -> list[str]:
    options = {
        "release": asked.release,
        "images": asked.images,
        "out": asked.out,
        "cache": asked.cache,
        "seed": asked.seed,
    }
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "game.training", "fit", *flags]


def point_of(subject: dict[str, str]) -> tuple[int, int]:
    return int(subject["row"]), int(subject["column"])


def prediction(file: Path, subject: str) -> list[float]:
    row = next(row for row in rows_of(file) if row["subject"] == subject)
    return [float(row[f"p_{code}"]) for code in CODES]
