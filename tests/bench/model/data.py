"""Two real sets with experts' labels: points of reef squares, and patches of reef photographs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.training.dataset import Point, Subject
from scoring.arrays import Ints, Masks

MOOREA = {"Porit": 0, "Monti": 0, "CCA": 1, "Sand": 2, "Turf": 3, "Macro": 4}
MOOREA_GROUPS = (0, 1, 2, 1, 1)  # Coral, algae-covered rock, sand.
KOH_TAO = {"healthy": 0, "compromised": 1, "dead": 2}
PATCH_PX = 224


@dataclass(frozen=True)
class Pictures:
    """S subjects with the expert's label (S,) and the photograph (S,) that each lies in; `group` of each label."""

    name: str
    folder: Path
    subjects: tuple[Subject, ...]
    true: Ints
    photograph: Ints
    n_labels: int
    group: tuple[int, ...]

    def content(self, image: str) -> bytes:
        return (self.folder / image).read_bytes()

    def folds(self, n_folds: int, seed: int) -> Iterator[Masks]:
        """Who is held out (S,), whole photographs at a time; every subject once."""
        order = np.random.default_rng(seed).permutation(self.photograph.max() + 1)
        for fold in range(n_folds):
            yield np.isin(self.photograph, order[fold::n_folds])


def moorea(shared: Path) -> Pictures:
    folder = shared / "moorea_quadrats"
    rows = [row for row in _rows(folder / "annotations.csv") if row["Label"] in MOOREA]
    points: list[Point] = [(int(row["Row"]), int(row["Column"])) for row in rows]
    subjects = [_subject(row["Name"], point) for row, point in zip(rows, points, strict=True)]
    true = [MOOREA[row["Label"]] for row in rows]
    return _pictures("Moorea", folder, subjects, true, [row["Name"] for row in rows], MOOREA_GROUPS)


def koh_tao(shared: Path) -> Pictures:
    """Patches of one photograph share the beginning of their names."""
    folder = shared / "koh_tao"
    rows = [row for row in _rows(folder / "labels.csv") if row["label"] in KOH_TAO]
    where = {file.name: file.relative_to(folder).as_posix() for file in folder.rglob("*.jpg")}
    subjects = [_subject(where[row["file"]], None) for row in rows]
    true = [KOH_TAO[row["label"]] for row in rows]
    return _pictures("Koh Tao", folder, subjects, true, [row["file"].rsplit("_", 1)[0] for row in rows], (0, 1, 2))


def _pictures(
    name: str, folder: Path, subjects: list[Subject], true: list[int], photographs: list[str], group: tuple[int, ...]
) -> Pictures:
    photograph = np.unique(photographs, return_inverse=True)[1]
    return Pictures(name, folder, tuple(subjects), np.array(true), photograph, len(group), group)


def _subject(image: str, point: Point | None) -> Subject:
    """The bench keeps pictures under their own names, where a project keeps them under their SHA-256."""
    return Subject(f"{image}-{point}", image, image, point)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))
