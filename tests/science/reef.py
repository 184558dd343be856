"""Small real projects for the tests of the science side: a few quadrats, a few of their points."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from game.config import ROOT
from game.levels import Project, read_project
from game.science.gold import GoldShare
from game.science.subjects import Destination, ImportReport, import_points
from game.store import Store
from tests.conftest import NOW

MOOREA = read_project(ROOT / "levels" / "moorea")
KOH_TAO = read_project(ROOT / "levels" / "koh_tao")
PLANKTON = read_project(ROOT / "levels" / "plankton")
# Five volunteers and a dozen gold make nobody 95 % sure for long; what a release shows is what is looked at here.
EASILY_SURE = replace(MOOREA, retirement=replace(MOOREA.retirement, confidence=0.5))


def quiet(_done: int, _total: int, _text: str) -> None:
    pass


def destination(store: Store, images: Path, project: Project = MOOREA) -> Destination:
    return Destination(store, images, project, NOW, np.random.default_rng(1))


def expert_rows(shared_data: Path, n_quadrats: int, n_points: int) -> list[list[str]]:
    """The first points of the first quadrats, as [Name, Row, Column, Label], refused labels left out."""
    with (shared_data / "moorea_quadrats" / "annotations.csv").open(newline="") as opened:
        rows = [row for row in list(csv.reader(opened))[1:] if MOOREA.label_index(row[3]) is not None]
    names = list(dict.fromkeys(row[0] for row in rows))[:n_quadrats]
    return [row for name in names for row in [row for row in rows if row[0] == name][:n_points]]


def write_table(path: Path, rows: Sequence[Sequence[str]], heading: str = "Name,Row,Column,Label") -> Path:
    with path.open("w", newline="", encoding="utf-8") as opened:
        opened.write(heading + "\n")
        csv.writer(opened).writerows(rows)
    return path


def import_reef(
    store: Store, shared_data: Path, folder: Path, size: tuple[int, int] = (3, 8), gold: GoldShare | None = None
) -> ImportReport:
    """Imports (quadrats, points of each) into `folder`/images."""
    table = write_table(folder / "annotations.csv", expert_rows(shared_data, *size))
    to = destination(store, folder / "images")
    return import_points(to, shared_data / "moorea_quadrats", table, gold or GoldShare(0.34), quiet)
