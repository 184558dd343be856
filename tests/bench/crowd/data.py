"""The crowd sets: real answers with what experts say of them, gold drawn from the experts, an order to replay."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from scoring.answers import Answers
from scoring.arrays import Floats, Ints

# The mean of the table is over these; whatever other set lies in the folder is measured and shown beside it.
VISIBLE = ("labelme", "cifar10s", "dog", "rte", "weather_amt", "s_face", "sdogs_1000ms")
UNKNOWN = -1
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class CrowdSet:
    """N answers of V volunteers to S subjects with K labels; `true` is what experts (or a stated proxy) say."""

    name: str
    subject: Ints  # (N,)
    volunteer: Ints  # (N,)
    given: Ints  # (N,), 0 … K-1
    true: Ints  # (S,), UNKNOWN where nobody knows
    n_volunteers: int
    n_labels: int
    features: Floats | None = None  # (S, F)
    ordered: bool = False  # the file's order is that of arrival, or of each volunteer's work

    @property
    def n_subjects(self) -> int:
        return len(self.true)

    @property
    def n_answers(self) -> int:
        return len(self.subject)

    @property
    def known(self) -> Ints:
        """Subjects whose truth is known and that somebody answered."""
        return np.flatnonzero((self.true != UNKNOWN) & (np.bincount(self.subject, minlength=self.n_subjects) > 0))

    @property
    def answers(self) -> Answers:
        return Answers(self.subject, self.volunteer, self.given, np.eye(self.n_labels, dtype=np.bool_))

    @cached_property
    def votes(self) -> Floats:
        """How many answers name each label, (S, K)."""
        cell = self.subject * self.n_labels + self.given
        flat = np.bincount(cell, minlength=self.n_subjects * self.n_labels)
        return flat.reshape(self.n_subjects, self.n_labels).astype(float)

    @cached_property
    def incidence(self) -> sp.csr_array:
        """Who said what of what, (S, V·K), counts: one product with it is an E-step, one transposed an M-step."""
        column = self.volunteer * self.n_labels + self.given
        shape = (self.n_subjects, self.n_volunteers * self.n_labels)
        return sp.csr_array((np.ones(self.n_answers), (self.subject, column)), shape=shape)

    def only(self, rows: Ints) -> CrowdSet:
        """The same crowd when only these answers have come in."""
        return replace(self, subject=self.subject[rows], volunteer=self.volunteer[rows], given=self.given[rows])


def folder() -> Path:
    shared = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    return shared / "crowd"


def sets(names: tuple[str, ...] = ()) -> list[CrowdSet]:
    """Every set of the folder (or the named ones): the visible ones first, in the order of the table."""
    found = {path.parent.name for path in folder().glob("*/answers.csv") if (path.parent / "truth.csv").exists()}
    order = [name for name in VISIBLE if name in found] + sorted(found - set(VISIBLE))
    return [read(folder() / name) for name in order if not names or name in names]


def read(path: Path) -> CrowdSet:
    """`answers.csv` (task,worker,label…) and `truth.csv` (task,label); labels are the union of both files'."""
    rows, expert = _rows(path / "answers.csv"), _rows(path / "truth.csv")
    tasks = _places([row["task"] for row in rows] + [row["task"] for row in expert])
    workers = _places([row["worker"] for row in rows])
    labels = _places([row["label"] for row in rows] + [row["label"] for row in expert])
    true = np.full(len(tasks), UNKNOWN)
    for row in expert:
        true[tasks[row["task"]]] = labels[row["label"]]
    features = next(iter(sorted(path.glob("features*.npy"))), None)
    readme = (path / "README.md").read_text() if (path / "README.md").exists() else ""
    return CrowdSet(
        path.name,
        np.array([tasks[row["task"]] for row in rows]),
        np.array([workers[row["worker"]] for row in rows]),
        np.array([labels[row["label"]] for row in rows]),
        true,
        len(workers),
        len(labels),
        np.load(features) if features and len(np.load(features)) == len(tasks) else None,
        ordered="time_ms" in rows[0] or "order of arrival" in readme,
    )


def draw_gold(crowd: CrowdSet, n_gold: int, rng: np.random.Generator) -> Ints:
    """(S,), the true label of `n_gold` known subjects (at most half of them), UNKNOWN elsewhere."""
    known = crowd.known
    chosen = rng.choice(known, size=min(n_gold, len(known) // 2), replace=False)
    gold = np.full(crowd.n_subjects, UNKNOWN)
    gold[chosen] = crowd.true[chosen]
    return gold


def judged(crowd: CrowdSet, gold: Ints) -> Ints:
    """Subjects on which a method that was told `gold` is judged: known to experts, not told."""
    return np.setdiff1d(crowd.known, np.flatnonzero(gold != UNKNOWN))


def no_gold(crowd: CrowdSet) -> Ints:
    return np.full(crowd.n_subjects, UNKNOWN)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _places(names: list[str]) -> dict[str, int]:
    """Numbers in numeric order where names are numbers, else in the order of the alphabet."""
    try:
        ordered = sorted(set(names), key=int)
    except ValueError:
        ordered = sorted(set(names))
    return {name: place for place, name in enumerate(ordered)}
