"""`python -m tests.bench.model.spectrum`: frozen, last block, all layers, and what auto chooses; one seed, and slow.

Layers are taught for every fold, and by auto within it, too: `--set`, `--way` and `--folds` measure a part only.
`--plot FILE.svg` draws what was measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from game.artifacts.ways import Way
from game.training.dataset import Consensus, Dataset, Gold, Label
from game.training.features import eye_of, see
from game.training.head import learn, lessons_of
from game.training.network import pretrained
from game.training.spectrum import choose
from game.training.teaching import Teaching
from game.training.views import recipe_of
from game.training.ways import BUDGET_S, Asked, Course, Taught
from scoring.arrays import Floats, Masks
from tests.bench.crowd.data import folder
from tests.bench.model.__main__ import N_FOLDS
from tests.bench.model.data import PATCH_PX, Pictures, koh_tao, moorea
from tests.bench.model.measures import figures
from tests.bench.model.seen import KEPT, kind_of, quiet

SETS = {"moorea": moorea, "koh_tao": koh_tao}
WAYS = (Way.FROZEN, Way.LAST_BLOCK, Way.ALL, Way.AUTO)
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", choices=SETS, nargs="*", default=list(SETS))
    parser.add_argument("--way", choices=[str(way) for way in WAYS], nargs="*", default=[str(way) for way in WAYS])
    parser.add_argument("--folds", type=int, default=N_FOLDS)
    parser.add_argument("--budget-seconds", type=float, default=BUDGET_S)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    panels: dict[str, dict[str, tuple[float, ...]]] = {}
    for name in options.set:
        pictures = SETS[name](folder().parent)
        asked = [Asked(Way(way), options.budget_seconds) for way in options.way]
        panels[pictures.name] = {str(one.way): _say(pictures, one, options.folds) for one in asked}
    if options.plot:
        # Only who draws needs what draws.
        from tests.bench.model.spectrum_plot import plot

        plot(panels, options.plot)


def _say(pictures: Pictures, asked: Asked, n_folds: int) -> tuple[float, ...]:
    """Accuracy by group and by label, macro-F1."""
    start, whole = time.process_time(), np.full((len(pictures.true), pictures.n_labels), np.nan)
    for held in list(pictures.folds(N_FOLDS, SEED))[:n_folds]:
        whole[held] = _judged(pictures, asked, held)
    judged = ~np.isnan(whole[:, 0])
    p, true = whole[judged], pictures.true[judged]
    group, label, macro_f1 = figures(p, replace(pictures, true=true))
    loss = -np.log(np.maximum(p[np.arange(len(p)), true], 1e-12)).mean()
    sys.stdout.write(
        f"{pictures.name:8} {asked.way:10} groups {group:.3f}  labels {label:.3f}  macro-F1 {macro_f1:.3f}  "
        f"loss {loss:.3f}  ({n_folds} of {N_FOLDS} folds, {time.process_time() - start:.0f} s of one core)\n"
    )
    sys.stdout.flush()
    return group, label, macro_f1


def _judged(pictures: Pictures, asked: Asked, held: Masks) -> Floats:
    """What the way that was asked for says of those held out (H, K)."""
    course, frozen = _course(pictures, held)
    if asked.way in (Way.LAST_BLOCK, Way.ALL):
        teaching = Teaching(asked.way, frozen, course)
        network = teaching.tuned(frozen.learned.head, np.arange(len(course.lessons.image)), "all")
        return network.head(teaching.features(network, np.flatnonzero(held)))
    taught, trials = choose(frozen, course, asked)
    for one in trials:
        gain = "" if one.gain is None else f", gain {one.gain:+.4f} ± {one.error or 0:.4f}"
        sys.stdout.write(f"    {one.way}: {one.why}{gain}\n")
    sys.stdout.flush()
    return taught.learned.head(taught.features[held])


def _course(pictures: Pictures, held: Masks) -> tuple[Course, Taught]:
    """Those not held out are to be learned from, by the experts' labels."""
    recipe = recipe_of(kind_of(pictures), PATCH_PX)
    backbone = pretrained(KEPT, recipe)
    assert backbone is not None, "The packaged weights are missing."
    eye = eye_of(backbone.trunk, recipe)
    features = see(pictures.subjects, eye, pictures.content, KEPT / pictures.name, quiet())
    said = np.eye(pictures.n_labels)[pictures.true[~held]]
    consensus = Consensus(np.flatnonzero(~held), said, said.max(axis=1))
    lessons = replace(lessons_of(pictures.subjects, consensus, features[~held]), image=pictures.photograph[~held])
    labels = tuple(Label(f"label {place}", f"label {place}", "", "") for place in range(pictures.n_labels))
    gold = Gold(np.flatnonzero(held), pictures.true[held])
    dataset = Dataset({}, kind_of(pictures), PATCH_PX, labels, pictures.subjects, consensus, gold)
    # Nothing is known from the last time: what was in vain is tried again.
    course = Course(dataset, lessons, pictures.content, Path(tempfile.mkdtemp()), SEED, quiet())
    return course, Taught(backbone, eye, features, learn(lessons, eye.widths, SEED, quiet()))


if __name__ == "__main__":
    main()
