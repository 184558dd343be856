"""Which labels hardly anything taught: what a model says of itself that began with a handful of answers."""

import numpy as np

from game.training.dataset import Dataset

# Other subjects than so few would have made another model of a label: with two to ten of each, a head's accuracy moved
# by .02 to .13 from draw to draw (docs/methods.md, standard deviation).
FEW_LESSONS = 10


def hardly_taught(dataset: Dataset) -> list[str]:
    """Names of the labels that people gave to fewer than FEW_LESSONS of the subjects that were learned from."""
    given = dataset.consensus.posterior.argmax(axis=1)
    n = np.bincount(given, minlength=len(dataset.labels))
    return [label.name for label, times in zip(dataset.labels, n, strict=True) if times < FEW_LESSONS]
