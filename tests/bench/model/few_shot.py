"""A new project's first labels: what one, two, five … labelled subjects a label teach, and which head learns most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
import torch
from torch import nn

from scoring.arrays import Floats, Ints, Masks
from tests.bench.crowd.tables import Figure, Table
from tests.bench.model import first_answers, meta, seen
from tests.bench.model.measures import figures_of, shown
from tests.bench.model.plots import curves
from tests.bench.model.report import Part
from tests.bench.model.seen import SEEDS, Seen

SHOTS = (1, 2, 5, 10, 20)
PLAIN = "the game's head"


@dataclass(frozen=True)
class Start:
    """A project of which only `few` subjects (N,) have labels; `alike` is seen as the other projects are."""

    seen: Seen
    alike: Seen
    others: tuple[meta.Project, ...]
    few: Ints
    seed: int

    @property
    def true(self) -> Ints:
        return self.seen.pictures.true[self.few]


Method = Callable[[Start], Floats]  # → (S, K), largest where a label is most probable.


def part() -> Part:
    projects = seen.projects()
    alike = [seen.alike(pictures) for pictures in projects]
    found, seconds = {}, dict.fromkeys(METHODS, 0.0)
    for place, pictures in enumerate(projects):
        others = tuple(meta.Project(seen.standard(one), one.pictures.true) for one in alike if one is not alike[place])
        found[pictures.name] = _measure(seen.ours(pictures), alike[place], others, seconds)
    tables = [_table(name, of) for name, of in found.items()]
    tables += [first_answers.table(seen.ours(pictures)) for pictures in projects]
    rows = [[name, f"{taken / len(projects):.1f}"] for name, taken in seconds.items()]
    tables.append(Table("What it costs", ["head", "s a project"], rows, _NOTE))
    panels = {name: {head: _line(of, head) for head in METHODS} for name, of in found.items()}
    drawn = Figure("few-shot.svg", _CAPTION, partial(curves, panels, list(SHOTS), "labelled subjects a label"))
    return Part(tables, [drawn])


Found = dict[tuple[str, int], list[tuple[float, float]]]  # Head, shots → accuracy and macro-F1 of each seed.


def _measure(one: Seen, alike: Seen, others: tuple[meta.Project, ...], seconds: dict[str, float]) -> Found:
    found: Found = {}
    for seed in SEEDS:
        held = seen.held_out(one.pictures, seed)
        for n_shots in SHOTS:
            start = Start(one, alike, others, draw(one, ~held, n_shots, seed), seed)
            for name, method in METHODS.items():
                began = process_time()
                p = method(start)
                seconds[name] += (process_time() - began) / len(SEEDS)
                found.setdefault((name, n_shots), []).append(figures_of(p, one.pictures, held)[1:])
    return found


def draw(one: Seen, kept: Masks, n_shots: int, seed: int) -> Ints:
    """So many subjects of each label (all, where there are fewer) of those `kept` (S,); more shots hold the fewer."""
    order, true = np.random.default_rng(seed).permutation(np.flatnonzero(kept)), one.pictures.true
    return np.concatenate([order[true[order] == label][:n_shots] for label in range(one.pictures.n_labels)])


def ridge(start: Start) -> Floats:
    taught = np.isin(np.arange(len(start.seen.x)), start.few)
    return seen.ridge_head(seen.told(start.seen, taught), start.seen.widths, start.seed)(start.seen.x)


def prototypes(start: Start) -> Floats:
    """Nearest mean, of features standardised by the few as the head's are."""
    few = start.seen.x[start.few]
    spread = (few.std(axis=0) + 1e-3) * np.sqrt(np.repeat(start.seen.widths, start.seen.widths))
    return _nearest(start, (start.seen.x - few.mean(axis=0)) / spread)


def prototypes_by_all(start: Start) -> Floats:
    """Nearest mean, of features standardised by all pictures, of which most have no label."""
    return _nearest(start, seen.standard(start.seen))


def _nearest(start: Start, x: Floats) -> Floats:
    rows = torch.from_numpy(x)
    n_labels = start.seen.pictures.n_labels
    return np.asarray(meta.prototypes(rows[start.few], torch.from_numpy(start.true), n_labels, rows).numpy())


class Learner:
    """Prototypes or a head on a layer that the other projects taught; it is taught once for each seed and project."""

    def __init__(self, make: Callable[[], meta.Inner]) -> None:
        self.make, self.of, self.known = make, None, {}

    def __call__(self, start: Start) -> Floats:
        if start.alike is not self.of:
            self.of, self.known = start.alike, {}
        if start.seed not in self.known:
            torch.manual_seed(start.seed)
            self.known[start.seed] = meta.body(start.alike.x.shape[1]), self.make()
            meta.learn_to_learn(start.others, *self.known[start.seed], start.seed)
        trunk, inner = self.known[start.seed]
        return _told(start, trunk, inner)


def _told(start: Start, trunk: nn.Module, inner: meta.Inner) -> Floats:
    x = torch.from_numpy(seen.standard(start.alike)).float()
    with torch.inference_mode():
        hidden, n_labels = trunk(x), start.alike.pictures.n_labels
        logits = inner(hidden[start.few], torch.from_numpy(start.true), n_labels, hidden)
    return np.asarray(logits.double().numpy())


METHODS: dict[str, Method] = {
    PLAIN: ridge,
    "prototypes": prototypes,
    "prototypes, standardised by all pictures": prototypes_by_all,
    "prototypes, layer learned elsewhere": Learner(lambda: meta.prototypes),
    "head and layer learned elsewhere (ANIL)": Learner(meta.Anil),
}


def _table(name: str, found: Found) -> Table:
    head = [f"{name}: subjects a label", *(str(n_shots) for n_shots in SHOTS)]
    rows = [
        [f"{method}{of}", *(shown([one[which] for one in found[method, n_shots]]) for n_shots in SHOTS)]
        for which, of in enumerate((", by label", ", macro-F1"))
        for method in METHODS
    ]
    return Table(name, head, rows)


def _line(found: Found, method: str) -> tuple[Floats, Floats]:
    reached = np.array([[one[0] for one in found[method, n_shots]] for n_shots in SHOTS])
    return reached.mean(axis=1), reached.std(axis=1, ddof=1)


_NOTE = "All shots of one seed, the learning elsewhere included."
_CAPTION = "Accuracy by label on held-out photographs against labelled subjects a label; band: one standard deviation."
