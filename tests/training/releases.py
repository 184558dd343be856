"""Release folders as science writes them, made of real quadrats and a made-up crowd."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from game.artifacts.folders import write_manifest
from game.artifacts.images import keep_image
from scoring.arrays import Floats

LABELS = (
    ("Porit", "Porites coral", "coral"),
    ("OtherCoral", "Other hard coral", "coral"),
    ("CCA", "Crustose coralline algae", "algae"),
    ("Turf", "Turf algae", "algae"),
    ("Macro", "Macroalgae", "algae"),
    ("Sand", "Sand", "sand"),
)
CODES = [code for code, _, _ in LABELS]
PLACE = ["subject", "image", "name", "row", "column"]

Cells = dict[str, Any]


@dataclass
class Release:
    """Rows of the files that the trainer reads; a test may spoil them before they are written."""

    folder: Path
    labels: Sequence[tuple[str, str, str]] = LABELS
    subjects: list[Cells] = field(default_factory=list)
    consensus: list[Cells] = field(default_factory=list)
    gold: list[Cells] = field(default_factory=list)
    about: Cells = field(default_factory=dict)

    def write(self) -> Path:
        self.folder.mkdir(parents=True)
        # Releases of before there were photographs and sites lack the columns.
        whence = [name for name in ("photograph", "site") if any(name in one for one in self.subjects)]
        _write(self.folder / "subjects.csv", [*PLACE, *whence], self.subjects)
        _write(self.folder / "consensus.csv", self._consensus_columns(), self.consensus)
        _write(self.folder / "gold.csv", ["subject", "label", "use"], self.gold)
        write_manifest(self.folder, {**about(self.labels), **self.about}, {})
        return self.folder

    def _consensus_columns(self) -> list[str]:
        p = (f"p_{code}" for code, _, _ in self.labels)
        said = ("group", "group_confidence", "n", "agreement", "status", "reason")
        return [*PLACE, "label", "confidence", *p, *said]


def about(labels: Sequence[tuple[str, str, str]]) -> Cells:
    return {
        "project": "moorea", "title": "Reef squares of Moorea", "version": 3, "edition": "complete",
        "created_ms": 1_795_000_000_000, "code_version": "0.1.0", "licence": "CC-BY-4.0", "credit": "MCR LTER",
        "cite": "Beijbom et al. (2012)", "subject_kind": "point", "patch_px": 224, "includes_simulated": False,
        "labels": [{"code": code, "name": name, "group": group, "colour": "#000000"} for code, name, group in labels],
        "groups": [{"code": code, "name": code, "colour": "#000000"} for code in _groups(labels)],
    }  # fmt: skip


# Of a second project.
LAGOON = {"project": "lagoon", "title": "Squares of the lagoon", "version": 1}


@dataclass(frozen=True)
class Reef:
    """Real points of real quadrats: `quadrats` in the order of their names, the last `n_gold` of them with gold."""

    shared_data: Path
    images: Path
    quadrats: Sequence[int]
    n_gold: int
    n_points: int

    def release(self, folder: Path) -> Release:
        """Every point of the gold quadrats is gold; the others have the soft consensus of four answers each."""
        made = Release(folder)
        rng = np.random.default_rng(1)
        by_quadrat = _expert_points(self.shared_data / "moorea_quadrats" / "annotations.csv")
        names = sorted(by_quadrat)
        for order, quadrat in enumerate(self.quadrats):
            name = names[quadrat]
            stored = keep_image(self.images, (self.shared_data / "moorea_quadrats" / name).read_bytes()).sha256
            for row, column, label in by_quadrat[name][: self.n_points]:
                place = dict(zip(PLACE, [code_of(name, row, column), stored, name, row, column], strict=True))
                made.subjects.append(place)
                if order >= len(self.quadrats) - self.n_gold:
                    made.gold.append({"subject": place["subject"], "label": label, "use": "hidden"})
                else:
                    made.consensus.append(believed(place, crowd(CODES.index(label), 4, rng)))
        return made


def lagoon(reef: Reef) -> Reef:
    """Quadrats that the first project has not."""
    others = [quadrat for quadrat in range(14) if quadrat not in reef.quadrats]
    return replace(reef, quadrats=(*others[:2], others[-1]), n_points=20)


def believed(place: Cells, p: Floats, codes: Sequence[str] = CODES) -> Cells:
    best = int(p.argmax())
    shares = {f"p_{code}": f"{each:.8g}" for code, each in zip(codes, p, strict=True)}
    return {**place, "label": codes[best], "confidence": f"{p[best]:.8g}", **shares, "n": 4, "status": "open"}


def crowd(true: int, n_answers: int, rng: np.random.Generator) -> Floats:
    """The posterior (K,) after answers of volunteers whose reliabilities span .45-.95 and whose mistakes are even."""
    prior = np.array([0.44, 0.01, 0.37, 0.07, 0.02, 0.09])
    log_p = np.log(prior)
    for reliability in rng.uniform(0.45, 0.95, n_answers):
        likely = np.full((len(prior), len(prior)), (1 - reliability) / (len(prior) - 1))
        np.fill_diagonal(likely, reliability)
        log_p += np.log(likely[:, rng.choice(len(prior), p=likely[true])])
    weight = np.exp(log_p - log_p.max())
    return np.asarray(weight / weight.sum())


def code_of(name: str, row: object, column: object) -> str:
    return hashlib.sha256(f"{name} {row} {column}".encode()).hexdigest()[:12]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _expert_points(annotations: Path) -> dict[str, list[tuple[int, int, str]]]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for one in rows_of(annotations):
        if one["Label"] != "Off":
            label = one["Label"] if one["Label"] in CODES else "OtherCoral"
            found.setdefault(one["Name"], []).append((int(one["Row"]), int(one["Column"]), label))
    return found


def _groups(labels: Sequence[tuple[str, str, str]]) -> list[str]:
    return list(dict.fromkeys(group for _, _, group in labels))


def _write(file: Path, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
