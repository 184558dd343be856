"""Domain adaptation: a site that nobody labelled is told by a head that learned at the other sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import process_time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from game.training.head import one_thread
from scoring.arrays import Floats, Masks
from tests.bench.crowd.tables import Figure, Table
from tests.bench.model import seen
from tests.bench.model.measures import accuracy, figures_of, shown
from tests.bench.model.plots import dots
from tests.bench.model.report import Part
from tests.bench.model.seen import SEEDS, Seen

# A site with fewer subjects has no statistics of its own; it is only learned from.
FEWEST = 20
TOLD = "the limit: other photographs of the site are labelled"
N_HIDDEN, N_STEPS, PACE, DECAY = 64, 200, 3e-3, 1e-2


@dataclass(frozen=True)
class Crossing:
    """Subjects `taught` (S,) with labels and `asked` (S,) without any; the features of both are known."""

    seen: Seen
    taught: Masks
    asked: Masks
    seed: int

    @property
    def said(self) -> Floats:
        """(S, K), of use where `taught`."""
        return np.eye(self.seen.pictures.n_labels)[self.seen.pictures.true]


Method = Callable[[Crossing], Floats]  # → probabilities (S, K), of use where `asked`.


def part() -> Part:
    sets = [seen.ours(pictures) for pictures in seen.reefs()]
    found = {each.pictures.name: {name: _measure(each, name) for name in METHODS} for each in sets}
    overall, by_site = Table("By set", _HEAD, _rows(found), _NOTE), _site_table(sets, found)
    gains = {
        f"{set_}, {site}": {name: one[site] - of["no adaptation"].by_site[site] for name, one in _sites(of).items()}
        for set_, of in found.items()
        for site in of["no adaptation"].by_site
    }
    drawn = Figure("adaptation.svg", _CAPTION, partial(dots, gains, "accuracy gained over no adaptation"))
    return Part([overall, by_site], [drawn])


@dataclass(frozen=True)
class Found:
    """By group, by label and macro-F1 (seeds, 3) over all sites; accuracy by label at each; seconds a seed."""

    figures: Floats
    by_site: dict[str, Floats]
    seconds: float


def sites(each: Seen) -> list[str]:
    names, n = np.unique(each.pictures.site, return_counts=True)
    return [str(name) for name in names[n >= FEWEST]]


def _measure(each: Seen, name: str) -> Found:
    pictures, start = each.pictures, process_time()
    found: list[tuple[float, ...]] = []
    by_site: dict[str, list[float]] = {site: [] for site in sites(each)}
    for seed in SEEDS:
        p = np.empty((len(pictures.true), pictures.n_labels))
        for site, right in by_site.items():
            for crossing in crossings(each, site, seed, told=name == TOLD):
                p[crossing.asked] = METHODS[name](crossing)[crossing.asked]
            right.append(accuracy(p, pictures.true, pictures.site == site))
        found.append(figures_of(p, pictures, np.isin(pictures.site, list(by_site))))
    return Found(
        np.array(found),
        {site: np.array(right) for site, right in by_site.items()},
        (process_time() - start) / len(SEEDS),
    )


def crossings(each: Seen, site: str, seed: int, *, told: bool = False) -> list[Crossing]:
    """Four fifths of the other sites' photographs, drawn by `seed`, teach. If `told`, so does each half of the site's
    for the other half."""
    pictures, there = each.pictures, each.pictures.site == site
    rng = np.random.default_rng([seed, int(there.sum())])
    elsewhere, here = np.unique(pictures.photograph[~there]), np.unique(pictures.photograph[there])
    taught = np.isin(pictures.photograph, rng.permutation(elsewhere)[: round(0.8 * len(elsewhere))])
    if not told:
        return [Crossing(each, taught, there, seed)]
    half = np.isin(pictures.photograph, rng.permutation(here)[::2])
    return [Crossing(each, taught | (there & ~asked), there & asked, seed) for asked in (half, ~half)]


def _ridge(crossing: Crossing, x: Floats) -> Floats:
    lessons = seen.told(replace(crossing.seen, x=x), crossing.taught)
    return seen.ridge_head(lessons, crossing.seen.widths, crossing.seed)(x)


def unadapted(crossing: Crossing) -> Floats:
    return _ridge(crossing, crossing.seen.x)


def centred(crossing: Crossing) -> Floats:
    x = crossing.seen.x
    _, place = np.unique(crossing.seen.pictures.site, return_inverse=True)
    return _ridge(crossing, x - np.stack([x[place == each].mean(axis=0) for each in range(place.max() + 1)])[place])


def by_site(crossing: Crossing) -> Floats:
    return _ridge(crossing, standardised(crossing.seen.x, crossing.seen.pictures.site))


def by_photograph(crossing: Crossing) -> Floats:
    return _ridge(crossing, standardised(crossing.seen.x, crossing.seen.pictures.photograph))


def standardised(x: Floats, place: NDArray[np.generic]) -> Floats:
    """Every feature with mean 0 and spread 1 within each place (S,): what AdaBN does to a layer (Li et al., 2016)."""
    out = np.empty_like(x)
    for each in np.unique(place):
        here = place == each
        out[here] = (x[here] - x[here].mean(axis=0)) / (x[here].std(axis=0) + 1e-3)
    return out


def coral(crossing: Crossing) -> Floats:
    """CORAL: what was taught takes on the covariance of what is asked; both are standardised by themselves before."""
    out = crossing.seen.x.copy()
    for some in (crossing.taught, crossing.asked):
        out[some] = standardised(out[some], np.zeros(some.sum()))
    out[crossing.taught] = recoloured(out[crossing.taught], out[crossing.asked])
    return _ridge(crossing, out)


def recoloured(source: Floats, target: Floats) -> Floats:
    """D_S · C_S^(-1/2) · C_T^(1/2), C = cov(D) + 1 (Sun, Feng and Saenko, 2016, algorithm 1)."""
    return source @ _power(source, -0.5) @ _power(target, 0.5)


def _power(x: Floats, exponent: float) -> Floats:
    value, vector = np.linalg.eigh(np.cov(x, rowvar=False) + np.eye(x.shape[1]))
    return np.asarray(vector * value**exponent @ vector.T)


class Reverse(torch.autograd.Function):
    """Forwards nothing changes; backwards the gradient is turned round (Ganin and Lempitsky, 2015)."""

    @staticmethod
    def forward(context, x: Tensor, strength: float) -> Tensor:  # type: ignore[no-untyped-def]
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        return -context.strength * gradient, None


def adversarial(crossing: Crossing, strength: float = 1.0) -> Floats:
    """DANN: a hidden layer that tells the labels of what was taught, and cannot tell the asked from the taught.

    The adversary's weight rises as in the paper: 2/(1 + exp(-10·progress)) - 1, times `strength`.
    """
    torch.manual_seed(crossing.seed)
    x, said, taught, asked = _tensors(crossing)
    body = nn.Sequential(nn.Linear(x.shape[1], N_HIDDEN), nn.ReLU())
    label = nn.Linear(N_HIDDEN, said.shape[1])
    domain = nn.Sequential(nn.Linear(N_HIDDEN, N_HIDDEN), nn.ReLU(), nn.Linear(N_HIDDEN, 1))
    search = torch.optim.AdamW(nn.ModuleList([body, label, domain]).parameters(), PACE, weight_decay=DECAY)
    with one_thread():
        for step in range(N_STEPS):
            weight = strength * (2 / (1 + np.exp(-10 * step / N_STEPS)) - 1)
            hidden = body(x)
            wrong = functional.cross_entropy(label(hidden[taught]), said[taught])
            suspected = domain(Reverse.apply(hidden, weight))[:, 0]
            for some, is_asked in ((taught, 0.0), (asked, 1.0)):
                guess = suspected[some]
                wrong = wrong + functional.binary_cross_entropy_with_logits(guess, torch.full_like(guess, is_asked)) / 2
            search.zero_grad()
            wrong.backward()
            search.step()
        with torch.inference_mode():
            return np.asarray(label(body(x)).softmax(dim=1).double().numpy())


def _tensors(crossing: Crossing) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features (S, D) standardised by what was taught, labels (S, K); rows of what was taught, and of what is asked."""
    x, taught = crossing.seen.x, crossing.taught
    x = (x - x[taught].mean(axis=0)) / (x[taught].std(axis=0) + 1e-3)
    rows = (torch.from_numpy(np.flatnonzero(some)) for some in (taught, crossing.asked))
    return torch.from_numpy(x).float(), torch.from_numpy(crossing.said).float(), *rows


METHODS: dict[str, Method] = {
    "no adaptation": unadapted,
    "each site's mean taken away": centred,
    "each site standardised (AdaBN)": by_site,
    "each photograph standardised": by_photograph,
    "CORAL": coral,
    "hidden layer, no adversary": partial(adversarial, strength=0.0),
    "hidden layer, adversary at a tenth": partial(adversarial, strength=0.1),
    "hidden layer and adversary (DANN)": adversarial,
    TOLD: unadapted,
}


def _sites(of: dict[str, Found]) -> dict[str, dict[str, Floats]]:
    return {name: one.by_site for name, one in of.items() if name != "no adaptation"}


def _rows(found: dict[str, dict[str, Found]]) -> list[list[str]]:
    return [
        [
            name,
            *(
                text
                for of in found.values()
                for text in (
                    *(shown(column) for column in of[name].figures.T[1:]),
                    shown(of[name].figures[:, 1] - of["no adaptation"].figures[:, 1], "+"),
                    f"{of[name].seconds:.1f}",
                )
            ),
        ]
        for name in METHODS
    ]


def _site_table(sets: list[Seen], found: dict[str, dict[str, Found]]) -> Table:
    where = [(each.pictures.name, site) for each in sets for site in sites(each)]
    sizes = [int((each.pictures.site == site).sum()) for each in sets for site in sites(each)]
    head = ["accuracy by label", *(f"{set_} {site} ({n})" for (set_, site), n in zip(where, sizes, strict=True))]
    rows = [[name, *(shown(found[set_][name].by_site[site]) for set_, site in where)] for name in METHODS]
    return Table("By site that was left out (subjects)", head, rows)


_HEAD = [
    "method",
    *(f"{name}{what}" for name in ("Moorea", "Koh Tao") for what in (" by label", ", macro-F1", ", gain", ", s")),
]
_NOTE = "Gain: accuracy by label over no adaptation. Moorea's sites are stretches of a transect, between two poles."
_CAPTION = "Accuracy gained over no adaptation, by site left out: a dot a site (mean of three seeds), a bar their mean."
