"""One small layer that all projects share, with a head for each, against a layer or a plain head of each one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from game.training.head import one_thread
from scoring.arrays import Floats, Ints, Masks
from tests.bench.crowd.tables import Figure, Table
from tests.bench.model import seen
from tests.bench.model.measures import figures_of, shown
from tests.bench.model.plots import dots
from tests.bench.model.report import Part
from tests.bench.model.seen import SEEDS, Seen

N_HIDDEN, N_STEPS, PACE, DECAY, DROPPED = 64, 100, 3e-3, 1e-1, 0.5
FEW = 5
PLAIN, SINGLE, SHARED = "the game's head", "a hidden layer of its own", "a hidden layer that all share"


@dataclass(frozen=True)
class Project:
    """`x` (S, D), alike for all projects; labels (S,) of `taught` (S,) are known."""

    x: Floats
    true: Ints
    n_labels: int
    taught: Masks


Figures = list[tuple[float, float]]  # Accuracy by label and macro-F1, of each seed.


def part() -> Part:
    sets = [seen.alike(pictures) for pictures in seen.projects()]
    tables, gains = [], {}
    for amount, title in ((FEW, f"{FEW} labelled subjects a label"), (None, "All labels")):
        found, seconds = _measure(sets, amount)
        tables.append(_table(title, found, seconds))
        for name, of in found.items():
            gains[f"{name}, {title}"] = {
                method: np.array([one[0] - own[0] for one, own in zip(of[method], of[PLAIN], strict=True)])
                for method in (SINGLE, SHARED)
            }
    drawn = Figure("shared-heads.svg", _CAPTION, partial(dots, gains, "accuracy gained over the game's head"))
    return Part(tables, [drawn])


def _measure(sets: Sequence[Seen], amount: int | None) -> tuple[dict[str, dict[str, Figures]], dict[str, float]]:
    found: dict[str, dict[str, Figures]] = {each.pictures.name: {name: [] for name in METHODS} for each in sets}
    seconds = dict.fromkeys(METHODS, 0.0)
    for seed in SEEDS:
        helds = [seen.held_out(one.pictures, seed) for one in sets]
        taught = [_some(one, ~held, amount, seed) for one, held in zip(sets, helds, strict=True)]
        for name, method in METHODS.items():
            start = process_time()
            told = method(sets, taught, seed)
            seconds[name] += (process_time() - start) / len(SEEDS)
            for p, held, one in zip(told, helds, sets, strict=True):
                found[one.pictures.name][name].append(figures_of(p, one.pictures, held)[1:])
    return found, seconds


def _some(one: Seen, kept: Masks, amount: int | None, seed: int) -> Masks:
    """Of those `kept` (S,) so many of each label, drawn by `seed`; all if it is None."""
    if amount is None:
        return kept
    order, true = np.random.default_rng(seed).permutation(np.flatnonzero(kept)), one.pictures.true
    few = [order[true[order] == label][:amount] for label in range(one.pictures.n_labels)]
    return np.isin(np.arange(len(true)), np.concatenate(few))


def plain(sets: Sequence[Seen], taught: Sequence[Masks], seed: int) -> list[Floats]:
    return [
        seen.ridge_head(seen.told(one, some), one.widths, seed)(one.x) for one, some in zip(sets, taught, strict=True)
    ]


def shared(sets: Sequence[Seen], taught: Sequence[Masks], seed: int) -> list[Floats]:
    return hidden([_project(*each) for each in zip(sets, taught, strict=True)], seed)


def single(sets: Sequence[Seen], taught: Sequence[Masks], seed: int) -> list[Floats]:
    return [hidden([_project(*each)], seed)[0] for each in zip(sets, taught, strict=True)]


def _project(one: Seen, taught: Masks) -> Project:
    return Project(seen.standard(one), one.pictures.true, one.pictures.n_labels, taught)


def hidden(projects: Sequence[Project], seed: int) -> list[Floats]:
    """Probabilities (S, K) for each project: a hidden layer, a linear head each, the mean of their losses."""
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Linear(projects[0].x.shape[1], N_HIDDEN), nn.ReLU(), nn.Dropout(DROPPED))
    heads = nn.ModuleList(nn.Linear(N_HIDDEN, project.n_labels) for project in projects)
    net = nn.ModuleList([body, heads])
    search = torch.optim.AdamW(net.parameters(), PACE, weight_decay=DECAY)
    xs = [torch.from_numpy(project.x).float() for project in projects]
    rows = [torch.from_numpy(np.flatnonzero(project.taught)) for project in projects]
    lessons = [(x[some], _labels(project)[some]) for x, some, project in zip(xs, rows, projects, strict=True)]
    with one_thread():
        for _ in range(N_STEPS):
            search.zero_grad()
            losses = [
                functional.cross_entropy(head(body(x)), true) for head, (x, true) in zip(heads, lessons, strict=True)
            ]
            torch.stack(losses).mean().backward()
            search.step()
        net.eval()
        with torch.inference_mode():
            return [
                np.asarray(head(body(x)).softmax(dim=1).double().numpy()) for head, x in zip(heads, xs, strict=True)
            ]


def _labels(project: Project) -> Tensor:
    return torch.from_numpy(project.true)


METHODS: dict[str, Callable[[Sequence[Seen], Sequence[Masks], int], list[Floats]]] = {
    PLAIN: plain,
    SINGLE: single,
    SHARED: shared,
}


def _table(title: str, found: dict[str, dict[str, Figures]], seconds: dict[str, float]) -> Table:
    head = ["head", *(f"{name}{what}" for name in found for what in (" by label", ", macro-F1")), "s, all four"]
    rows = [
        [
            method,
            *(shown(column) for of in found.values() for column in zip(*of[method], strict=True)),
            f"{seconds[method]:.1f}",
        ]
        for method in METHODS
    ]
    return Table(title, head, rows)


_CAPTION = "Accuracy gained over the game's head on the same features: a dot a project and amount of labels; bar: mean."
