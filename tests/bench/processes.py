"""Seconds of an epoch that teaches all of MobileNetV2's layers, by one process and by two of one thread each.

    python -m tests.bench.processes

Squares of noise, as large as those of a reef's points; one and two take turns, as other programs slow both down. The
time that a crew takes to start is told apart.
"""

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from game.training.crew import Crew
from game.training.features import eye_of
from game.training.head import Head
from game.training.lectures import Squares
from game.training.network import pretrained
from game.training.progress import Progress
from game.training.tune import N_EPOCHS, Lecture, Network
from game.training.views import recipe_of

N_SUBJECTS, N_LABELS, N_TURNS = 160, 5, 3


def main() -> None:
    torch.set_num_threads(1)
    network, lecture = _lesson()
    taken: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(N_TURNS):
        for n, turns in taken.items():
            turns.append(_epoch_s(n, network, lecture))
            sys.stdout.write(f"{n} process(es): begins after {turns[-1][0]:.1f} s, an epoch {turns[-1][1]:.2f} s\n")
            sys.stdout.flush()
    one, two = (statistics.median(epoch for _, epoch in turns) for turns in taken.values())
    sys.stdout.write(f"An epoch of {N_SUBJECTS} subjects: {one:.2f} s by one, {two:.2f} s by two, {one / two:.2f}×\n")


def _lesson() -> tuple[Network, Lecture]:
    recipe = recipe_of("point", 224)
    with TemporaryDirectory() as cache:
        backbone = pretrained(Path(cache), recipe)
    assert backbone is not None
    width, side_px = sum(eye_of(backbone.trunk, recipe).widths), recipe.input_px
    rng = np.random.default_rng(0)
    head = Head(
        np.zeros(width), np.ones(width), rng.normal(size=(width, N_LABELS)) / np.sqrt(width), np.zeros(N_LABELS)
    )
    seen = [torch.from_numpy(rng.normal(size=(N_SUBJECTS, 3, side_px, side_px))).half() for _ in recipe.views]
    target = np.eye(N_LABELS)[rng.integers(0, N_LABELS, N_SUBJECTS)]
    lecture = Lecture(Squares(seen, turned=True), np.arange(N_SUBJECTS), target, first=0, ridge=0.1, seed=0)
    return Network(backbone.trunk, recipe, head), lecture


def _epoch_s(n: int, network: Network, lecture: Lecture) -> tuple[float, float]:
    """When the first epoch began, and how long one took, but for the last, whose end nobody tells."""
    begun_at, told_at = time.perf_counter(), []
    Crew(n, Progress(lambda _line: None)).tuned(network, lecture, lambda _epoch: told_at.append(time.perf_counter()))
    return told_at[0] - begun_at, (told_at[-1] - told_at[0]) / (N_EPOCHS - 1)


if __name__ == "__main__":
    main()
