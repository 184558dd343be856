"""Agreement: how many volunteers said what the consensus says."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints, Masks


def agreement(given: Ints, choices: Masks, label: Ints) -> Floats:
    """Share in [0, 1] of the answers to each subject that contain its consensus `label` (S,); 0 where there is none.

    `given` (S, C) is how often each of the `choices` (C, K) was given.
    """
    agreed = (given * choices[:, label].T).sum(axis=1)
    return np.asarray(agreed / np.maximum(given.sum(axis=1), 1))
