"""What a model says of pictures, by onnxruntime: `python -m game.prediction`, a child process that needs no torch.

Of one picture it prints one JSON line, best label first; of many that are `--listed` a line for each subject. Bad input
ends with a plain sentence on stderr and exit code 2; of a list it is passed over, with a line that says so.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from game.artifacts.folders import verify_files
from game.artifacts.images import check_image, stored_pixels_of_many
from game.errors import FathomError, InvalidInput

NEEDED = ("model.onnx", "labels.json", "preprocessing.json")
BAD_INPUT = 2
DECIMALS = 6

# (row, column) in stored pixels, from the top left.
Point = tuple[int, int]


@dataclass(frozen=True)
class Model:
    """`labels` in the order of the probabilities; `side_px` of the square around a point, None for whole pictures."""

    labels: tuple[dict[str, Any], ...]
    side_px: int | None
    running: onnxruntime.InferenceSession

    def __call__(self, picture: bytes, point: Point | None) -> NDArray[np.float32]:
        """Probabilities (K,)."""
        [p] = self.of_points(picture, [point])
        return p

    def of_points(self, picture: bytes, points: Sequence[Point | None]) -> Iterator[NDArray[np.float32]]:
        """(K,) of each, one after the other: so many points take no more memory than one."""
        for seen in stored_pixels_of_many(picture, points, self.side_px):
            [said] = self.running.run(["p"], {"pixels": seen[np.newaxis]})
            yield np.asarray(said[0])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        model = open_model(options.model)
        if options.listed is not None:
            _tell_of_all(model, options.listed)
        else:
            picture = _picture(options.image)
            _tell_of_one(model, picture, _point(options.row, options.column, model, picture))
    except FathomError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    return 0


def open_model(folder: Path) -> Model:
    """Raises ArtifactError if a file that is needed is missing or changed."""
    verify_files(folder, NEEDED)
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["labels"]
    views = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))["views"]
    side_px = max((view["side_px"] for view in views if view["side_px"] is not None), default=None)
    # The players come first: one core is enough for one picture.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    running = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    return Model(tuple(labels), side_px, running)


def _tell_of_one(model: Model, picture: bytes, point: Point | None) -> None:
    best_first = sorted(zip(model.labels, model(picture, point), strict=True), key=lambda pair: -pair[1])
    said = [{"code": one["code"], "name": one["name"], "p": round(float(each), DECIMALS)} for one, each in best_first]
    _print({"labels": said})


def _tell_of_all(model: Model, listed: Path) -> None:
    """`listed`: a JSON line {"image": file, "subjects": [[id, row, column], …]} a picture, null for all of it."""
    with listed.open(encoding="utf-8") as lines:
        for line in lines:
            asked = json.loads(line)
            points = [None if row is None else (row, column) for _, row, column in asked["subjects"]]
            try:
                said = model.of_points(_picture(Path(asked["image"])), points)
                for (subject, _, _), p in zip(asked["subjects"], said, strict=True):
                    _print({"subject": subject, "p": _by_label(model, p)})
            except FathomError as error:
                _print({"refused": f"{asked['image']}: {error}"})


def _by_label(model: Model, p: NDArray[np.float32]) -> dict[str, float]:
    return {one["code"]: round(float(each), DECIMALS) for one, each in zip(model.labels, p, strict=True)}


def _print(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")


def _picture(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise InvalidInput(f"There is no picture {file}.") from None


def _point(row: int | None, column: int | None, model: Model, picture: bytes) -> Point | None:
    """The point asked for; the picture's middle if none is, for a model that judges points."""
    checked = check_image(picture)
    if model.side_px is None:
        if row is not None or column is not None:
            raise InvalidInput("This model judges whole pictures: leave out row and column.")
        return None
    if row is None and column is None:
        return checked.height_px // 2, checked.width_px // 2
    if row is None or column is None:
        raise InvalidInput("A point needs both a row and a column.")
    if not (0 <= row < checked.height_px and 0 <= column < checked.width_px):
        raise InvalidInput(
            f"Row {row}, column {column} lies outside the picture of {checked.width_px} × {checked.height_px} pixels."
        )
    return row, column


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m game.prediction", description="What a model says of pictures.")
    parser.add_argument("--model", type=Path, required=True)
    looked_at = parser.add_mutually_exclusive_group(required=True)
    looked_at.add_argument("--image", type=Path)
    looked_at.add_argument("--listed", type=Path, help="a file that names many pictures, a JSON line for each")
    parser.add_argument("--row", type=int, help="of the point, in pixels from the top; default the middle")
    parser.add_argument("--column", type=int, help="of the point, in pixels from the left; default the middle")
    return parser


if __name__ == "__main__":
    sys.exit(main())
