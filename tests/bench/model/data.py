"""Real sets with experts' labels: points of reef squares, patches of reef photographs, plankton, galaxies."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from game.config import ROOT
from game.levels.reader import read_project
from game.training.dataset import Point, Subject
from scoring.arrays import Ints, Masks

MOOREA = {"Porit": 0, "Monti": 0, "CCA": 1, "Sand": 2, "Turf": 3, "Macro": 4}
MOOREA_GROUPS = (0, 1, 2, 1, 1)  # Coral, algae-covered rock, sand.
KOH_TAO = {"healthy": 0, "compromised": 1, "dead": 2}
PATCH_PX = 224


@dataclass(frozen=True)
class Pictures:
    """S subjects with the expert's label (S,), the photograph (S,) that each lies in, and the name of its site (S,);
    `group` of each label."""

    name: str
    folder: Path
    subjects: tuple[Subject, ...]
    true: Ints
    photograph: Ints
    n_labels: int
    group: tuple[int, ...]
    site: NDArray[np.str_]

    def content(self, image: str) -> bytes:
        return (self.folder / image).read_bytes()

    def only(self, places: Ints) -> Pictures:
        """Some of the subjects."""
        return replace(
            self,
            subjects=tuple(self.subjects[place] for place in places),
            true=self.true[places],
            photograph=self.photograph[places],
            site=self.site[places],
        )

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


def galaxies(shared: Path) -> Pictures:
    folder = shared / "galaxies"
    rows = _rows(folder / "labels.csv")
    return _alone("Galaxies", folder, [(row["file"], row["ring"]) for row in rows])


def plankton() -> Pictures:
    """The built-in project, as its package carries it."""
    project = read_project(ROOT / "levels" / "plankton")
    rows = _rows(ROOT / "levels" / "plankton" / "gold.csv")
    assert project.package is not None
    return _alone("Plankton", project.package.path(""), [(row["file"], row["label"]) for row in rows])


def _alone(name: str, folder: Path, labelled: list[tuple[str, str]]) -> Pictures:
    """Each photograph is a subject by itself."""
    files = [file for file, _ in labelled]
    true = np.unique([label for _, label in labelled], return_inverse=True)[1]
    subjects = [_subject(file, None) for file in files]
    return _pictures(name, folder, subjects, list(true), files, tuple(range(true.max() + 1)))


def _pictures(
    name: str, folder: Path, subjects: list[Subject], true: list[int], photographs: list[str], group: tuple[int, ...]
) -> Pictures:
    photograph, site = np.unique(photographs, return_inverse=True)[1], np.array([_site(each) for each in photographs])
    return Pictures(name, folder, tuple(subjects), np.array(true), photograph, len(group), group, site)


def _site(photograph: str) -> str:
    """Where it was taken, as far as its name tells: a quadrat between two poles of a transect; of the photographs that
    are numbered along one dive, those of the same ten; else a place of its own."""
    if poles := re.search(r"pole\d+-\d+", photograph):
        return poles[0]
    if stretch := re.fullmatch(r"\d{8}_00(\d)\d", photograph):
        return f"photographs {stretch[1]}0-{stretch[1]}9"
    return photograph


def _subject(image: str, point: Point | None) -> Subject:
    """The bench keeps pictures under their own names, where a project keeps them under their SHA-256."""
    return Subject(f"{image}-{point}", image, image, point)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))
