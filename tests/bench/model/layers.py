"""Which layers are asked: all, the game's own, those that a project's photographs choose, or each subject its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from game.training.dataset import IMAGE, POINT
from game.training.head import N_FOLDS, Lessons, fit_heads, folds, importance, one_thread
from scoring.arrays import Floats, Ints, Masks, log
from tests.bench.crowd.tables import Figure, Table
from tests.bench.model import seen
from tests.bench.model.data import Pictures
from tests.bench.model.measures import figures_of, shown
from tests.bench.model.plots import shares
from tests.bench.model.report import Part
from tests.bench.model.seen import LAYERS, SEEDS

# A wide block is cut to its first principal directions, so that six layers weigh little more than two.
WIDEST = 96
GREEDY_RIDGE = 0.3
LASSO = (0.3, 0.1, 0.03, 0.01)
N_LASSO_STEPS = 100
N_HIDDEN, N_STEPS, PACE, DECAY, LOOK_EVERY = 16, 120, 5e-3, 1e-1, 10


@dataclass(frozen=True)
class Layered:
    """Features (S, D) standardised and shrunk as the head does; `layer` (D,) says which of LAYERS each comes from.

    `said` (S, K) are the labels, `image` (S,) the photographs.
    """

    x: Floats
    layer: Ints
    said: Floats
    image: Ints
    taught: Masks
    seed: int

    def inner(self) -> tuple[Masks, Masks]:
        """Of what is taught: from which a choice is learned (S,), and by which it is judged (S,); whole photographs."""
        fold = np.full(len(self.image), -1)
        fold[self.taught] = folds(self.image[self.taught], self.seed)
        judged = np.isin(fold, range(N_FOLDS // 3 + 1))
        return self.taught & ~judged, judged


Method = Callable[[Layered], tuple[Floats, Floats]]  # → probabilities (S, K), how much each layer was asked (L,).


def part() -> Part:
    sets = seen.projects()
    found = {pictures.name: {name: _measure(pictures, way) for name, way in METHODS.items()} for pictures in sets}
    tables = [_table(pictures, found[pictures.name]) for pictures in sets]
    asked = {set_: {name: one.asked for name, one in of.items() if name in CHOOSING} for set_, of in found.items()}
    drawn = Figure("layers.svg", _CAPTION, partial(shares, asked, [str(layer) for layer in LAYERS]))
    return Part(tables, [drawn])


def _table(pictures: Pictures, found: dict[str, Found]) -> Table:
    own = GAME[seen.kind_of(pictures)]
    rows = [
        [
            f"{name} (the game's)" if name == own else name,
            *(shown(column) for column in one.figures.T[1:]),
            shown(one.figures[:, 1] - found[own].figures[:, 1], "+"),
            f"{one.seconds:.1f}",
        ]
        for name, one in found.items()
    ]
    return Table(pictures.name, [pictures.name, "by label", "macro-F1", "gain by label over the game's", "s"], rows)


@dataclass(frozen=True)
class Found:
    """By group, by label and macro-F1 (seeds, 3); how much each layer was asked (L,); seconds a seed."""

    figures: Floats
    asked: Floats
    seconds: float


def _measure(pictures: Pictures, method: Method) -> Found:
    x, layer = reduced(seen.blocks(pictures))
    said, found, asked = np.eye(pictures.n_labels)[pictures.true], [], []
    start = process_time()
    for seed in SEEDS:
        held = seen.held_out(pictures, seed)
        p, gates = method(Layered(scaled(x, layer, ~held), layer, said, pictures.photograph, ~held, seed))
        asked.append(gates)
        found.append(figures_of(p, pictures, held))
    return Found(np.array(found), np.mean(asked, axis=0), (process_time() - start) / len(SEEDS))


def reduced(blocks: Sequence[tuple[int, Floats]]) -> tuple[Floats, Ints]:
    """Features (S, D) of all blocks, each cut to WIDEST principal directions (no labels needed); layer's place (D,)."""
    kept = [_cut((block - block.mean(axis=0)) / (block.std(axis=0) + 1e-3)) for _, block in blocks]
    places = [LAYERS.index(number) for number, _ in blocks]
    return np.hstack(kept), np.repeat(places, [block.shape[1] for block in kept])


def _cut(block: Floats) -> Floats:
    if block.shape[1] <= WIDEST:
        return block
    _, directions = np.linalg.eigh(block.T @ block)
    # Turned at random: the head standardises each column, which would make a weak direction as loud as a strong one.
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDEST, WIDEST)))[0]
    return np.asarray(block @ directions[:, ::-1][:, :WIDEST] @ turned)


def scaled(x: Floats, layer: Ints, taught: Masks) -> Floats:
    """Centred by what is taught, and each layer scaled to the same power, however many channels it has."""
    centred = x - x[taught].mean(axis=0)
    power = np.array([np.square(centred[taught][:, layer == each]).sum(axis=1).mean() for each in range(len(LAYERS))])
    return np.asarray(centred / np.sqrt(power[layer]))


def _ridge(task: Layered, open_: Sequence[int]) -> tuple[Floats, Floats]:
    """The game's head on the layers at places `open_`."""
    x, width = task.x[:, np.isin(task.layer, open_)], [int((task.layer == each).sum()) for each in open_]
    order = np.argsort(task.layer[np.isin(task.layer, open_)], kind="stable")
    taught = task.taught
    lessons = Lessons(x[taught][:, order], task.said[taught], np.ones(taught.sum()), task.image[taught])
    return seen.ridge_head(lessons, width, task.seed)(x[:, order]), np.isin(range(len(LAYERS)), open_).astype(float)


def fixed(numbers: Sequence[int]) -> Method:
    return lambda task: _ridge(task, [LAYERS.index(number) for number in numbers])


def greedy(task: Layered) -> tuple[Floats, Floats]:
    """Layer by layer, whichever lowers the loss on photographs left out the most, as long as one does."""
    open_: list[int] = []
    least = np.inf
    while closed := [place for place in range(len(LAYERS)) if place not in open_]:
        losses = {place: _left_out(task, sorted([*open_, place])) for place in closed}
        best = min(closed, key=losses.__getitem__)
        if losses[best] >= least:
            break
        least = losses[best]
        open_.append(best)
    return _ridge(task, sorted(open_))


def _left_out(task: Layered, open_: list[int]) -> float:
    kept, judged = task.inner()
    order = np.concatenate([np.flatnonzero(task.layer == each) for each in open_])
    x, widths = task.x[:, order], [int((task.layer == each).sum()) for each in open_]
    lessons = Lessons(x[kept], task.said[kept], np.ones(kept.sum()), task.image[kept])
    head = fit_heads(lessons, importance(lessons), widths, (GREEDY_RIDGE,))[GREEDY_RIDGE]
    return _loss(head(x[judged]), task.said[judged])


def _loss(p: Floats, said: Floats) -> float:
    return float(-(said * log(p)).sum(axis=1).mean())


def lasso(task: Layered) -> tuple[Floats, Floats]:
    """Group lasso (Yuan and Lin, 2006): loss + λ Σ_l ‖W_l‖, λ chosen on photographs left out; a layer is in or out."""
    kept, judged = task.inner()
    losses = {}
    start = None
    for penalty in LASSO:
        start = group_lasso(task.x[kept], task.said[kept], task.layer, penalty, start)
        losses[penalty] = _loss(_told(task.x[judged], start), task.said[judged])
    best = min(LASSO, key=losses.__getitem__)
    found = group_lasso(task.x[task.taught], task.said[task.taught], task.layer, best, start)
    norms = np.array([np.linalg.norm(found[:-1][task.layer == each]) for each in range(len(LAYERS))])
    return _told(task.x, found), (norms > 1e-6).astype(float)


def _told(x: Floats, found: Floats) -> Floats:
    logits = x @ found[:-1] + found[-1]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def group_lasso(x: Floats, said: Floats, layer: Ints, penalty: float, start: Floats | None = None) -> Floats:
    """Weights and, as the last row, bias (D + 1, K), by FISTA (Beck and Teboulle, 2009)."""
    x32, n = x.astype(np.float32), len(x)
    found = np.zeros((x.shape[1] + 1, said.shape[1])) if start is None else start.copy()
    # ‖[x 1]‖² / 2N bounds the curvature of the mean cross-entropy; some steps of the power method find it.
    way = np.random.default_rng(0).normal(size=x.shape[1])
    for _ in range(20):
        way = x32.T @ (x32 @ (way / np.linalg.norm(way)))
    step = 2 / (np.linalg.norm(way) / n + 1)
    ahead, pace = found, 1.0
    for _ in range(N_LASSO_STEPS):
        wrong = (_told(x32, ahead.astype(np.float32)) - said) / n
        moved = ahead - step * np.vstack([x32.T @ wrong.astype(np.float32), wrong.sum(axis=0)])
        for each in np.unique(layer):
            norm = np.linalg.norm(moved[:-1][layer == each])
            moved[:-1][layer == each] *= max(0.0, 1 - step * penalty / max(norm, 1e-12))
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead, found, pace = moved + (pace - 1) / faster * (moved - found), moved, faster
    return found


class Gated(nn.Module):
    """logits = Σ_l gate_l(x) · x_l W_l + b: a small policy network opens and closes each layer for each subject.

    SpotTune (Guo et al., 2019) decides so for each block of a network whether its fine-tuned or its frozen copy is
    used; here every block is frozen, and the choice is whether the head hears it.
    """

    def __init__(self, layer: Ints, n_labels: int, *, always_open: bool) -> None:
        super().__init__()
        self.always_open = always_open
        self.policy = nn.Sequential(nn.Linear(len(layer), N_HIDDEN), nn.ReLU(), nn.Linear(N_HIDDEN, 2 * len(LAYERS)))
        self.heads = nn.Linear(len(layer), n_labels)
        self.register_buffer("belongs", torch.eye(len(LAYERS))[torch.from_numpy(layer)])  # (D, L)

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(x if self.always_open else x * (self.gates(x) @ self.belongs.T))

    def gates(self, x: Tensor) -> Tensor:
        """(N, L), 0 or 1: while learning drawn by Gumbel-softmax (straight-through), afterwards the likelier."""
        logits = self.policy(x).view(len(x), len(LAYERS), 2)
        if self.training:
            return functional.gumbel_softmax(logits, tau=1.0, hard=True)[..., 0]
        return (logits[..., 0] >= logits[..., 1]).float()


def per_subject(task: Layered, *, always_open: bool = False) -> tuple[Floats, Floats]:
    """As many steps as were best on photographs left out, then so many of all that is taught."""
    kept, judged = task.inner()
    n_steps = _learn(task, kept, N_STEPS, always_open, judged)[1]
    net = _learn(task, task.taught, n_steps, always_open)[0].eval()
    x = torch.from_numpy(task.x).float() * np.sqrt(len(LAYERS))
    with torch.inference_mode():
        p = net(x).softmax(dim=1).double().numpy()
        gates = np.ones(len(LAYERS)) if always_open else net.gates(x[~task.taught]).mean(dim=0).double().numpy()
    return np.asarray(p), np.asarray(gates)


def _learn(
    task: Layered, taught: Masks, n_steps: int, always_open: bool, judged: Masks | None = None
) -> tuple[Gated, int]:
    """The network, and after how many steps it judged best."""
    torch.manual_seed(task.seed)
    net = Gated(task.layer, task.said.shape[1], always_open=always_open)
    search = torch.optim.AdamW(net.parameters(), PACE, weight_decay=DECAY)
    x, said = torch.from_numpy(task.x).float() * np.sqrt(len(LAYERS)), torch.from_numpy(task.said).float()
    rows, least, best = torch.from_numpy(np.flatnonzero(taught)), np.inf, n_steps
    with one_thread():
        for step in range(1, n_steps + 1):
            search.zero_grad()
            functional.cross_entropy(net.train()(x[rows]), said[rows]).backward()
            search.step()
            if judged is not None and step % LOOK_EVERY == 0:
                with torch.inference_mode():
                    loss = float(functional.cross_entropy(net.eval()(x[judged]), said[judged]))
                if loss < least:
                    least, best = loss, step
    return net, best


GREEDY, LASSO_NAME = "a project's choice, layer by layer", "a project's choice, group lasso"
POLICY = "each subject's own choice"
CHOOSING = (GREEDY, LASSO_NAME, POLICY)
METHODS: dict[str, Method] = {
    "the last layer alone": fixed((18,)),
    "layers 6 and 13": fixed((6, 13)),
    "layers 13 and 18": fixed((13, 18)),
    "all six layers, one ridge": fixed(LAYERS),
    GREEDY: greedy,
    LASSO_NAME: lasso,
    "all six layers, by gradient steps": partial(per_subject, always_open=True),
    POLICY: per_subject,
}
GAME = {POINT: "layers 6 and 13", IMAGE: "layers 13 and 18"}
_CAPTION = "How often each layer was asked: share of splits (a project's choice) or of held-out subjects (their own)."
