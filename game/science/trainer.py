"""The trainer, and a model that looks at a picture, as child processes: they cost their memory only while they work."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from game.errors import TrainingError
from game.science.report import Report, StoppedError

# People who play come first: the trainer gets what they leave of the processor.
NICENESS = 10
BAD_INPUT = 2
TRAINING, PREDICTION = "game.training", "game.prediction"

# (subject id, row, column), the last two None for a whole picture.
Spot = tuple[int, int | None, int | None]


class BrokenOffError(TrainingError):
    """The child ended without a reason of its own: killed, out of memory, a full disk. Another try may do better."""


@dataclass(frozen=True)
class Guess:
    """One label of a prediction; `p` in [0, 1]."""

    code: str
    name: str
    p: float


@dataclass(frozen=True)
class Training:
    """What the trainer reads and writes: a complete release, the stored images, a model folder, features to reuse.

    `wishes` are its other options by name, such as `method`: it says itself whether it can grant them.
    """

    release: Path
    images: Path
    out: Path
    cache: Path
    seed: int = 0
    wishes: Mapping[str, object] = field(default_factory=dict)


def fit(training: Training, report: Report) -> None:
    """Makes the model folder `out`. Raises TrainingError, with the trainer's own sentence or as BrokenOffError, and
    StoppedError."""
    training.out.parent.mkdir(parents=True, exist_ok=True)
    training.cache.mkdir(parents=True, exist_ok=True)
    options = [
        "fit", "--release", training.release, "--images", training.images, "--out", training.out, "--cache",
        training.cache, "--seed", training.seed,
        *(part for name, value in training.wishes.items() for part in (f"--{name}", value)),
    ]  # fmt: skip
    steps = _Steps(report)
    _run(TRAINING, [str(option) for option in options], steps, report)
    if not (training.out / "manifest.json").is_file():
        raise BrokenOffError("The trainer ended without a model folder.")


def predict(model: Path, image: Path, point: tuple[int, int] | None, report: Report) -> list[Guess]:
    """What a model says of a picture, or of its point (row, column) in pixels; best first. Raises as fit.

    By onnxruntime in well under a second; models of before there was a model.onnx need torch, and 5 s to start it.
    """
    module, options = (PREDICTION, []) if (model / "model.onnx").is_file() else (TRAINING, ["predict"])
    options += ["--model", str(model), "--image", str(image)]
    if point is not None:
        options += ["--row", str(point[0]), "--column", str(point[1])]
    lines: list[dict[str, Any]] = []
    _run(module, options, lines.append, report)
    labels = next((line["labels"] for line in reversed(lines) if "labels" in line), None)
    if labels is None:
        raise TrainingError("The model said nothing about this picture.")
    return [Guess(str(label["code"]), str(label["name"]), float(label["p"])) for label in labels]


def predict_all(model: Path, pictures: Mapping[Path, Sequence[Spot]], report: Report) -> dict[int, dict[str, float]]:
    """Subject id → its labels' codes → p, by onnxruntime, picture after picture; pictures that cannot be read are named
    in the log and left out. Raises as fit."""
    n_subjects = sum(len(spots) for spots in pictures.values())
    said: dict[int, dict[str, float]] = {}

    def hear(line: dict[str, Any]) -> None:
        if "refused" in line:
            report.log(str(line["refused"]))
        elif "subject" in line:
            said[int(line["subject"])] = line["p"]
            report(len(said) / n_subjects, f"{len(said)} of {n_subjects} subjects looked at")

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as listed:
        listed.writelines(
            json.dumps({"image": str(image), "subjects": spots}) + "\n" for image, spots in pictures.items()
        )
        listed.flush()
        _run(PREDICTION, ["--model", str(model), "--listed", listed.name], hear, report)
    return said


class _Steps:
    """Turns the trainer's lines into progress: a step's own share, and one line of log for each step."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._step = ""

    def __call__(self, line: dict[str, Any]) -> None:
        step, text = str(line.get("step", "")), str(line.get("text", ""))
        total = float(line.get("total") or 0)
        if step != self._step:
            self._step = step
            self._report.log(f"{step}: {text}" if text else step)
        self._report(float(line.get("done", 0)) / total if total else 0.0, text or step)


def _run(module: str, options: Sequence[str], heard: Callable[[dict[str, Any]], None], report: Report) -> None:
    """Hears every JSON line of the child. If this process dies, the child's next line finds nobody and ends it too."""
    command = [sys.executable, "-m", module, *options]
    with tempfile.TemporaryFile("w+") as complaints:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True)
        with child, report.ended_by(child.kill):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICENESS)
            try:
                _listen(child, heard)
            except BaseException:
                child.kill()
                raise
        if report.stopped.is_set():
            raise StoppedError("The job was stopped.")
        if child.returncode != 0:
            said = _said(complaints)
            if child.returncode == BAD_INPUT:
                raise TrainingError(said)
            raise BrokenOffError(f"The trainer broke off (exit code {child.returncode}): {said}")


def _listen(child: "subprocess.Popen[str]", heard: Callable[[dict[str, Any]], None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        try:
            spoken = json.loads(line)
        except ValueError:
            continue  # A library's own chatter.
        if isinstance(spoken, dict):
            heard(spoken)


def _said(complaints: IO[str]) -> str:
    """The child's last line: a plain sentence for bad input, else the end of a traceback."""
    complaints.seek(0)
    return (complaints.read().strip().splitlines() or ["it said nothing"])[-1]
