"""Model folders as the trainer writes them, with answers made up by a test."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from game.artifacts.folders import write_manifest
from game.levels import Project

# Subject's code → the label that the model gives it.
Said = Mapping[str, str]


def write_model(folder: Path, project: Project, said: Said, true: Mapping[str, str], release: int = 1) -> None:
    """`said` covers every subject; the hold-out is the subjects of `true`, their true labels, each an image."""
    folder.mkdir(parents=True)
    codes = [label.code for label in project.labels]
    _write(folder / "predictions.csv", ["subject"], [[subject] for subject in said], list(said.values()), codes)
    held = [[subject, f"{subject:0>64}", label] for subject, label in true.items()]
    _write(folder / "holdout.csv", ["subject", "image", "true"], held, [said[subject] for subject in true], codes)
    n_right = sum(said[subject] == label for subject, label in true.items())
    ways = [{"way": "frozen", "chosen": True}, {"way": "all", "chosen": False}]
    metrics = {
        "accuracy": n_right / len(true), "n": len(true), "backbone": "small_cnn", "no_weights_of": "resnet18",
        "method": {"asked": "auto", "budget_s": 120.0, "ways": ways},
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(metrics))
    for name in ("model.safetensors", "labels.json", "preprocessing.json", "card.md"):
        (folder / name).write_text("{}")
    write_manifest(folder, {"release": release}, {})


def _write(file: Path, names: list[str], rows: Sequence[Sequence[str]], given: Sequence[str], codes: list[str]) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*names, *(f"p_{code}" for code in codes)])
        for row, label in zip(rows, given, strict=True):
            writer.writerow([*row, *(0.9 if code == label else 0.1 / (len(codes) - 1) for code in codes)])
