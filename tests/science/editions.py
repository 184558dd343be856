"""A played reef and its release, read as whoever downloads it would read it."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from game.science.release import make_release
from game.science.released import Published
from game.store import Store, reading
from game.store.tables import Subject
from tests.conftest import NOW
from tests.science.conftest import LABELS, Reef
from tests.science.reef import EASILY_SURE

Sheet = list[dict[str, str]]


@dataclass(frozen=True)
class Folder:
    """One edition, as whoever downloads it would read it."""

    path: Path

    def sheet(self, name: str) -> Sheet:
        with (self.path / name).open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.path / "manifest.json").read_text()))


@dataclass(frozen=True)
class Made:
    published: Published
    complete: Folder
    public: Folder
    archive: Path


def released(reef: Reef, folder: Path, *, include_simulated: bool = False) -> Made:
    published = make_release(reef.store, EASILY_SURE, folder, NOW, include_simulated=include_simulated)
    place = folder / published.folder
    return Made(published, Folder(place / "complete"), Folder(place / "public"), folder / published.archive)


def settled(reef: Reef) -> set[int]:
    """Six were answered by labels; to name the group of sand is to name its only label."""
    subjects = list(reef.open)
    return {*subjects[:6], *(one for one in subjects[6:10] if LABELS[reef.open[one]] == "Sand")}


def codes(store: Store) -> dict[str, int]:
    with reading(store) as session:
        return dict(session.execute(select(Subject.code, Subject.id)).all())
