"""Hold-outs as model folders keep them, and two models' answers to the same subjects side by side."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from game.errors import ArtifactError
from scoring.arrays import Floats, Ints

# In the place of a given label that no hold-out subject truly has.
OTHER = -1


@dataclass(frozen=True)
class Examined:
    """A hold-out subject: the whole image (the photograph, if it was cut out of one) that it lies in, its true label's
    code, and the code of the label given."""

    image: str
    true: str
    given: str


@dataclass(frozen=True)
class HoldOut:
    """Subject's code → how the model did on it."""

    subjects: Mapping[str, Examined]

    @property
    def commonest(self) -> str:
        """The commonest true label, the first of the alphabet where several are."""
        counts = Counter(one.true for one in self.subjects.values())
        return min(counts, key=lambda code: (-counts[code], code))

    @property
    def never_given(self) -> list[str]:
        """Codes of true labels that the model gave to no subject at all."""
        true = {one.true for one in self.subjects.values()}
        return sorted(true - {one.given for one in self.subjects.values()})


@dataclass(frozen=True)
class Paired:
    """Two models on the same S subjects, in the same order.

    `labels`: codes of the K labels that truly occur. `image` (S,) numbers the M images. `true`, `new` and `old` (S,)
    are indexes into `labels`, OTHER where a model gave a label that does not occur.
    """

    labels: tuple[str, ...]
    image: Ints
    true: Ints
    new: Ints
    old: Ints

    @cached_property
    def n_images(self) -> int:
        return int(self.image.max()) + 1


def read_hold_out(folder: Path) -> HoldOut:
    """Raises ArtifactError if the folder holds none."""
    header, *rows = _table(folder / "holdout.csv")
    if not rows:
        raise ArtifactError(f"The model in {folder.name} was measured on no hold-out subject, so it cannot be judged.")
    try:
        # Trainers before there were photographs knew of images only.
        whole = "photograph" if "photograph" in header else "image"
        subject, image, true = (header.index(name) for name in ("subject", whole, "true"))
        columns = [place for place, name in enumerate(header) if name.startswith("p_")]
        codes = [header[place].removeprefix("p_") for place in columns]
        best = np.array([[float(row[place]) for place in columns] for row in rows]).argmax(axis=1)
    except (ValueError, IndexError):
        raise ArtifactError(f"holdout.csv of {folder.name} is not what a trainer writes.") from None
    given = [codes[place] for place in best]
    return HoldOut({row[subject]: Examined(row[image], row[true], one) for row, one in zip(rows, given, strict=True)})


def pair(new: HoldOut, old: HoldOut) -> Paired | None:
    """On the subjects that both held out, true as the new one knows them; None if there are none."""
    shared = sorted(new.subjects.keys() & old.subjects.keys())
    return _paired([new.subjects[code] for code in shared], [old.subjects[code].given for code in shared])


def beside_commonest(new: HoldOut) -> Paired:
    """Beside whoever always gives the commonest label."""
    examined = [new.subjects[code] for code in sorted(new.subjects)]
    paired = _paired(examined, [new.commonest] * len(examined))
    assert paired is not None
    return paired


def counts(true: Ints, given: Ints, unit: Ints, n_labels: int) -> Floats:
    """(U, 3, K) of each of U units (images, or subjects): how often a label was right, was given, and was true."""
    shape, cell = (int(unit.max()) + 1, n_labels), unit * n_labels
    which = ((given == true, true), (given != OTHER, given), (true != OTHER, true))
    found = [np.bincount((cell + label)[here], minlength=shape[0] * shape[1]) for here, label in which]
    return np.stack([one.reshape(shape) for one in found], axis=1).astype(np.float64)


def f1(totals: Floats) -> Floats:
    """Of totals (..., 3, K) as `counts` has them, each label's F1 (..., K); a share of nothing counts as 0."""
    return share(2 * totals[..., 0, :], totals[..., 1, :] + totals[..., 2, :])


def share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0))


def _paired(examined: Sequence[Examined], old: Sequence[str]) -> Paired | None:
    if not examined:
        return None
    labels = tuple(sorted({one.true for one in examined}))
    place = {code: index for index, code in enumerate(labels)}
    images = {name: number for number, name in enumerate(dict.fromkeys(one.image for one in examined))}
    return Paired(
        labels,
        np.array([images[one.image] for one in examined]),
        np.array([place[one.true] for one in examined]),
        np.array([place.get(one.given, OTHER) for one in examined]),
        np.array([place.get(code, OTHER) for code in old]),
    )


def _table(file: Path) -> list[list[str]]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return list(csv.reader(opened)) or [[]]
    except FileNotFoundError:
        raise ArtifactError(f"{file.name} is missing in {file.parent.name}.") from None
