"""What the crowd said of every subject, gold too: for the figures only, nothing here is learned from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.training.dataset import Dataset
from game.training.tables import read_table
from scoring.arrays import Ints


@dataclass(frozen=True)
class Answers:
    """Of each of the dataset's S subjects: `n` (S,) answers; the consensus `label` (S,), -1 for none."""

    n: Ints
    label: Ints


def read_answers(release: Path, dataset: Dataset) -> Answers:
    """A release says what volunteers believe of gold, too, by their answers alone; experts' labels are elsewhere."""
    place = {subject.code: place for place, subject in enumerate(dataset.subjects)}
    number = {label.code: place for place, label in enumerate(dataset.labels)}
    n, label = np.zeros(len(place), np.int64), np.full(len(place), -1)
    for row in read_table(release / "consensus.csv", ("subject", "label")):
        if row["subject"] in place and row["label"] in number:
            told = row.get("n") or ""
            n[place[row["subject"]]] = int(told) if told.isdecimal() else 0
            label[place[row["subject"]]] = number[row["label"]]
    return Answers(n, label)
