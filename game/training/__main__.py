"""The trainer's command line, `python -m game.training`. Bad input ends with a plain sentence and exit code 2."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from game.artifacts.images import check_image
from game.artifacts.ways import Way
from game.errors import FathomError, InvalidInput
from game.training.crew import BrokenOffError
from game.training.dataset import Point
from game.training.export import Model, read_model
from game.training.fit import Request, fit
from game.training.network import MOBILENET
from game.training.progress import Progress
from game.training.ways import BUDGET_S, Asked

BAD_INPUT, BROKEN_OFF = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # One core is left for the players. More threads than free cores do not help: they wait for each other.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
    try:
        if options.command == "fit":
            _fit(options)
        else:
            _predict(options)
    except FathomError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    except BrokenOffError as error:
        sys.stderr.write(f"{error}\n")
        return BROKEN_OFF
    return 0


def _fit(options: argparse.Namespace) -> None:
    progress = Progress(_say)
    asked = Asked(_way(options.method), options.budget_seconds, options.other)
    places = options.release, options.images, options.out, options.cache
    fit(Request(*places, options.seed, options.backbone, asked, options.processes), progress)
    worked = f"{time.process_time():.1f} s of processor time in all"
    progress.line({"step": "done", "folder": str(options.out), "text": worked})


def _way(method: str) -> Way:
    try:
        return Way(method)
    except ValueError:
        raise InvalidInput(f"There is no method “{method}”: choose one of {', '.join(Way)}.") from None


def _predict(options: argparse.Namespace) -> None:
    model = read_model(options.model)
    picture = _picture(options.image)
    p = model(picture, _point(options, model, picture))
    best_first = sorted(zip(model.labels, p, strict=True), key=lambda pair: -pair[1])
    said = [{"code": label.code, "name": label.name, "p": round(float(each), 6)} for label, each in best_first]
    _say(json.dumps({"labels": said}, ensure_ascii=False) + "\n")


def _picture(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise InvalidInput(f"There is no picture {file}.") from None


def _point(options: argparse.Namespace, model: Model, picture: bytes) -> Point | None:
    """The point asked for; the picture's middle if none is, for a model that judges points."""
    checked = check_image(picture)
    row, column = options.row, options.column
    if not model.judges_points:
        if row is not None or column is not None:
            raise InvalidInput("This model judges whole pictures: leave out --row and --column.")
        return None
    if row is None and column is None:
        return checked.height_px // 2, checked.width_px // 2
    if row is None or column is None:
        raise InvalidInput("A point needs both --row and --column.")
    if not (0 <= row < checked.height_px and 0 <= column < checked.width_px):
        raise InvalidInput(
            f"Row {row}, column {column} lies outside the picture of {checked.width_px} × {checked.height_px} pixels."
        )
    return row, column


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is no number from 1 on")
    return int(text)


def _say(line: str) -> None:
    """Flushed at once: who listens wants to see it move, and if nobody listens any more, this is where it ends."""
    sys.stdout.write(line)
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m game.training", description="Release folder in, model folder out.")
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit", help="learn from a complete release; JSON lines of progress")
    fitting.add_argument("--release", type=Path, required=True, help="the complete edition of a release")
    fitting.add_argument("--images", type=Path, required=True, help="the folder of stored images")
    fitting.add_argument("--out", type=Path, required=True, help="the model folder to make; it must not exist")
    fitting.add_argument("--cache", type=Path, required=True, help="where features are kept for the next time")
    fitting.add_argument("--seed", type=int, default=0)
    fitting.add_argument("--backbone", default=MOBILENET, help="torchvision's name of a network, or small_cnn")
    fitting.add_argument("--method", default=Way.AUTO, help=f"one of {', '.join(Way)}")
    fitting.add_argument("--budget-seconds", type=float, default=BUDGET_S, help="for teaching layers, by count")
    fitting.add_argument("--from", dest="other", type=Path, help="another project's model folder, for direct transfer")
    fitting.add_argument("--processes", type=_at_least_one, default=1, help="that learn together, a thread each")
    judging = commands.add_parser("predict", help="what a model says of a picture; one JSON line, best label first")
    judging.add_argument("--model", type=Path, required=True)
    judging.add_argument("--image", type=Path, required=True)
    judging.add_argument("--row", type=int, help="of the point, in pixels from the top; default the middle")
    judging.add_argument("--column", type=int, help="of the point, in pixels from the left; default the middle")
    return parser


if __name__ == "__main__":
    sys.exit(main())
