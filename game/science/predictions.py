"""A model folder's predictions, in the order of the project's labels."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from game.errors import ArtifactError
from game.levels import Project

# (subject id, p (K,)).
Predictions = list[tuple[int, list[float]]]


def read_predictions(folder: Path, project: Project, known: Mapping[str, int]) -> Predictions:
    """`known`: a subject's code → its id. A label that the model does not know has probability 0.

    Raises ArtifactError if there are none, or some of subjects that the project does not have.
    """
    rows = list(_rows(folder / "predictions.csv"))
    unknown = [row["subject"] for row in rows if row["subject"] not in known]
    if unknown or not rows:
        raise ArtifactError(f"predictions.csv of {folder.name} does not fit the project: {unknown[:3] or 'no rows'}.")
    return [(known[row["subject"]], _p(row, project)) for row in rows]


def predictions_among(folder: Path, project: Project, wanted: Mapping[str, int]) -> Predictions:
    """Of the `wanted` subjects, a few, those that the folder has; all others are read past. Raises ArtifactError."""
    rows = _rows(folder / "predictions.csv")
    return [(wanted[row["subject"]], _p(row, project)) for row in rows if row["subject"] in wanted]


def _p(row: Mapping[str, str], project: Project) -> list[float]:
    return [float(row.get(f"p_{label.code}") or 0) for label in project.labels]


def _rows(file: Path) -> Iterator[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            yield from csv.DictReader(opened)
    except FileNotFoundError:
        raise ArtifactError(f"{file.name} is missing in {file.parent.name}.") from None
