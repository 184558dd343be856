"""How good the model would be where it has never been: taught again without the sites that it is then asked about."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from game.training.dataset import Dataset
from game.training.head import N_FOLDS
from game.training.intervals import Draws, interval
from game.training.learning import FEWEST, Refit
from scoring.arrays import Floats, Ints, Masks

# Of one site nobody can tell what another is like.
FEWEST_SITES = 2


@dataclass(frozen=True)
class Elsewhere:
    """On `n` hold-out subjects of `n_sites` sites: the share that the model recognises, and the share that it would,
    had it learned from other sites only. `low` and `high` are of this one, 95 %, by drawing images; null if untold."""

    n_sites: int
    n: int
    accuracy: float
    unseen: float
    low: float | None
    high: float | None


def elsewhere(dataset: Dataset, p: Floats, refit: Refit | None, drawn: Draws | None) -> Elsewhere | None:
    """`p` (G, K): what the model says of the hold-out. None unless two sites with hold-out teach something as well, and
    `refit` is there.

    Sites are left out in N_FOLDS folds at most. What was taken nobody knows where teaches nothing here.
    """
    taught, asked = _sites(dataset, dataset.consensus.subject), _sites(dataset, dataset.gold.subject)
    sites = sorted((set(taught) & set(asked)) - {""})
    places = np.flatnonzero(np.isin(asked, sites))
    if refit is None or len(sites) < FEWEST_SITES or len(places) < FEWEST:
        return None
    given = np.full(len(asked), -1)
    for fold in range(min(N_FOLDS, len(sites))):
        out = sites[fold::N_FOLDS]
        lessons = np.flatnonzero(~np.isin(taught, [*out, ""]))
        if len(lessons) < FEWEST:
            return None
        there = np.isin(asked, out)
        given[there] = refit(lessons)[there].argmax(axis=1)
    return _found(len(sites), places, given == dataset.gold.true, p.argmax(axis=1) == dataset.gold.true, drawn)


def _found(n_sites: int, places: Ints, unseen: Masks, seen: Masks, drawn: Draws | None) -> Elsewhere:
    apart = None
    if drawn is not None:
        known = np.isin(np.arange(len(unseen)), places)
        sums = drawn.sums(np.stack([known & unseen, known], axis=1).astype(np.float64))
        with np.errstate(invalid="ignore"):
            apart = interval(sums[:, 0] / sums[:, 1])
    low, high = (None, None) if apart is None else (apart.low, apart.high)
    return Elsewhere(n_sites, len(places), float(seen[places].mean()), float(unseen[places].mean()), low, high)


def _sites(dataset: Dataset, places: Ints) -> NDArray[np.str_]:
    return np.array([dataset.subjects[place].site for place in places])
