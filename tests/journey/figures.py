"""Figures computed from nothing but a release's files and the experts' table, as any reader of a release could."""

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.levels import Project
from scoring import consensus
from scoring.arrays import Floats, Masks
from scoring.redundancy import voices

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Compared:
    """Shares of subjects whose group is right, by majority (ties count for their share) and by consensus."""

    n_subjects: int
    n_answers: int
    majority: float
    consensus: float

    @property
    def gain(self) -> float:
        """In points."""
        return 100 * (self.consensus - self.majority)


class Released:
    """The complete edition of a release of a project whose labels have groups."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._codes = [label.code for label in project.labels]
        self._masks = {choice.code: np.array(choice.mask) for choice in project.choices}
        self._groups = np.array([[label.group == group.code for label in project.labels] for group in project.groups])
        manifest = json.loads((folder / "manifest.json").read_text())
        self._redundancy = float(manifest["weights"]["redundancy"])
        self._prior = np.array([manifest["weights"]["prior"][code] for code in self._codes])
        self._confusions = self._read_confusions(rows(folder / "confusion.csv"))
        self._copies = {row["volunteer"]: row["copies"] for row in rows(folder / "volunteers.csv")}
        self._said: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in rows(folder / "classifications.csv"):
            if row["choice"] and not row["gold"]:
                self._said[row["subject"]].append((row["volunteer"], row["choice"]))

    def compare(self, truth: dict[str, int], n_first: int | None = None) -> Compared:
        """`truth`: subject's code → index of its label. Only each subject's first answers, if a number is given.

        A subject with fewer answers is left out, so that every subject speaks with as many.
        """
        said = {code: given[:n_first] for code, given in self._said.items() if len(given) >= (n_first or 1)}
        n_right_majority = sum(self._majority(given, truth[code]) for code, given in said.items())
        n_right_consensus = sum(self._consensus(given, truth[code]) for code, given in said.items())
        n_answers = sum(map(len, said.values()))
        return Compared(len(said), n_answers, n_right_majority / len(said), n_right_consensus / len(said))

    def _majority(self, given: list[tuple[str, str]], true: int) -> float:
        votes = sum(self._group_of(choice) for _, choice in given)
        winners = votes == np.max(votes)
        return float(winners[self._groups[:, true]].sum() / winners.sum())

    def _consensus(self, given: list[tuple[str, str]], true: int) -> bool:
        copies = [self._copies[volunteer] or None for volunteer, _ in given]
        heard = consensus.nothing(self._prior)
        for (volunteer, choice), share in zip(given, consensus.shares(copies, [one for _, one in given]), strict=True):
            matrix = self._confusions[volunteer]
            said_so = consensus.log_likelihood(matrix, self._masks[choice])
            heard = consensus.hear(heard, said_so, float(voices(matrix)), share)
        believed = consensus.posterior(heard, self._redundancy)
        return bool(self._groups[int((self._groups @ believed).argmax()), true])

    def _group_of(self, choice: str) -> Masks:
        """(G,): True for the group that the choice is, or that holds it."""
        return np.asarray((self._groups & self._masks[choice]).any(axis=1)).astype(np.int64)

    def _read_confusions(self, listed: Rows) -> dict[str, Floats]:
        place = {code: index for index, code in enumerate(self._codes)}
        confusions: dict[str, Floats] = defaultdict(lambda: np.zeros((len(place), len(place))))
        for row in listed:
            confusions[row["volunteer"]][place[row["true"]], place[row["given"]]] = float(row["p"])
        return confusions


def truth_of(project: Project, subjects: Path, annotations: Path) -> dict[str, int]:
    """Subject's code → index of the label that the experts' table gives its point."""
    experts = {}
    for row in rows(annotations):
        experts[row["Name"], row["Row"], row["Column"]] = project.label_index(row["Label"])
    found = {row["subject"]: experts[row["name"], row["row"], row["column"]] for row in rows(subjects)}
    return {code: label for code, label in found.items() if label is not None}


def rows(table: Path) -> Rows:
    with table.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
