"""How well labels were told: accuracy by group and by label, macro-F1; and how a mean over seeds is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scoring.arrays import Floats, Ints, Masks
from tests.bench.model.data import Pictures


def figures(p: Floats, pictures: Pictures) -> tuple[float, float, float]:
    """Accuracy by group and by label, and macro-F1 over labels."""
    group = np.array(pictures.group)
    by_group = np.stack([p[:, group == each].sum(axis=1) for each in range(group.max() + 1)], axis=1)
    given, true = p.argmax(axis=1), pictures.true
    return (
        float((by_group.argmax(axis=1) == group[true]).mean()),
        float((given == true).mean()),
        macro_f1(given, true, pictures.n_labels),
    )


def figures_of(p: Floats, pictures: Pictures, held: Masks) -> tuple[float, float, float]:
    """The same of those `held` (S,) only."""
    return figures(p[held], pictures.only(np.flatnonzero(held)))


def macro_f1(given: Ints, true: Ints, n_labels: int) -> float:
    right = [((given == label) & (true == label)).sum() for label in range(n_labels)]
    met = [(given == label).sum() + (true == label).sum() for label in range(n_labels)]
    return float(np.mean(2 * np.array(right) / np.maximum(met, 1)))


def accuracy(p: Floats, true: Ints, judged: Masks) -> float:
    """The share of the `judged` (S,) whose most probable label is the true one."""
    return float((p[judged].argmax(axis=1) == true[judged]).mean())


def shown(values: Sequence[float], sign: str = "") -> str:
    """Mean and spread (standard deviation) over seeds; with `sign` "+" as a difference."""
    return f"{np.mean(values):{sign}.3f} ± {np.std(values, ddof=1):.3f}"
