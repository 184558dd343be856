"""Agreement: how many volunteers said what the consensus says."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints, Masks


def agreement(choices: Masks, label: int) -> float | None:
    """Share in [0, 1] of the given choices (n, K) that contain the consensus label; None if there is none."""
    return float(choices[:, label].mean()) if len(choices) else None


def shares(given: Ints, choices: Masks, label: Ints) -> Floats:
    """The same (S,) of S subjects, with how often each of the `choices` (C, K) was `given` (S, C); 0 for none."""
    agreed = (given * choices[:, label].T).sum(axis=1)
    return np.asarray(agreed / np.maximum(given.sum(axis=1), 1))
