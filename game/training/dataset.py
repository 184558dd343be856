"""What a release teaches: its labels, its subjects, soft consensus to train on and expert gold to be judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from game.artifacts.folders import verify
from game.errors import TrainingError
from game.training.tables import Row, named, number, pixel, read_table
from scoring.arrays import Floats, Ints, log, softmax

BAD_IMAGE = "bad_image"
POINT, IMAGE = "point", "image"
# A published posterior is cautious, because people may be wrong together. Whoever learns from it as it is learns the
# doubt as well, which costs three points of accuracy by group on Moorea, and one by label; see README.md.
SHARPNESS = 3.0

# (row, column) in stored pixels, from the top left.
Point = tuple[int, int]


@dataclass(frozen=True)
class Label:
    """`group` is the group's code, "" for a label of no group."""

    code: str
    name: str
    group: str
    colour: str


@dataclass(frozen=True)
class Subject:
    """`image` is the stored file's SHA-256, `point` None for a whole image; `photograph` and `site` "" if not known."""

    code: str
    image: str
    name: str
    point: Point | None
    photograph: str = ""
    site: str = ""

    @property
    def whole(self) -> str:
        """What is held out, left out and drawn together: the photograph that the image was cut out of, or the image."""
        return self.photograph or self.image


@dataclass(frozen=True)
class Consensus:
    """N subjects to learn from: places in `Dataset.subjects` (N,), posteriors (N, K), confidences (N,) in (0, 1]."""

    subject: Ints
    posterior: Floats
    confidence: Floats

    @property
    def target(self) -> Floats:
        """(N, K): what is learned, the posterior to the power of SHARPNESS, rows sum to 1."""
        return softmax(SHARPNESS * log(self.posterior))


@dataclass(frozen=True)
class Gold:
    """G subjects to be judged by: places in `Dataset.subjects` (G,) and the experts' labels (G,), indices 0…K-1."""

    subject: Ints
    true: Ints


@dataclass(frozen=True)
class Dataset:
    """No whole image of `gold` is among those of `consensus`. `about` is the release's manifest."""

    about: Mapping[str, Any]
    kind: str
    patch_px: int
    labels: tuple[Label, ...]
    subjects: tuple[Subject, ...]
    consensus: Consensus
    gold: Gold


def read_dataset(release: Path) -> Dataset:
    """Raises ArtifactError for a damaged release, TrainingError for one that nothing can be learned from."""
    about = verify(release)
    if about.get("edition") != "complete":
        raise TrainingError(
            f"{release} is not the complete edition of a release: only that one has gold and all subjects."
        )
    labels = _labels(about)
    kind = str(about.get("subject_kind"))
    if kind not in (POINT, IMAGE):
        raise TrainingError(f"The release's subject_kind is “{kind}”: it must be “{POINT}” or “{IMAGE}”.")
    subjects = tuple(_subject(row, kind) for row in read_table(release / "subjects.csv", ("subject", "image")))
    places = {subject.code: place for place, subject in enumerate(subjects)}
    gold = _gold(release / "gold.csv", labels, places)
    held_out = {subjects[place].whole for place in gold.subject}
    answered = _answered(release / "consensus.csv", subjects, places, held_out)
    return Dataset(
        about, kind, int(about.get("patch_px") or 0), labels, subjects, _consensus(answered, labels, places), gold
    )


def _labels(about: Mapping[str, Any]) -> tuple[Label, ...]:
    labels = tuple(
        Label(str(one["code"]), str(one["name"]), str(one.get("group") or ""), str(one.get("colour") or ""))
        for one in about.get("labels", ())
    )
    if len(labels) < 2:
        raise TrainingError(f"The release has {len(labels)} labels: there must be two at least to tell apart.")
    return labels


def _subject(row: Row, kind: str) -> Subject:
    """Releases of before there were photographs have neither of the last two columns."""
    point = (pixel(row, "row"), pixel(row, "column")) if kind == POINT else None
    whence = row.get("photograph") or "", row.get("site") or ""
    return Subject(row["subject"], row["image"], row.get("name") or row["image"], point, *whence)


def _gold(file: Path, labels: Sequence[Label], places: Mapping[str, int]) -> Gold:
    known = {label.code: place for place, label in enumerate(labels)}
    rows = read_table(file, ("subject", "label"))
    if not rows:
        raise TrainingError(
            "The release has no gold: without labels by experts nobody could say how good the model is. "
            "Give some subjects gold and make another release."
        )
    return Gold(
        np.array([named(row, "subject", places) for row in rows]),
        np.array([named(row, "label", known) for row in rows]),
    )


def _answered(file: Path, subjects: Sequence[Subject], places: Mapping[str, int], held_out: set[str]) -> Sequence[Row]:
    """Consensus rows that may be learned from: somebody answered, and nothing of the same photograph is gold."""
    rows = [row for row in read_table(file, ("subject", "label", "confidence")) if row["label"]]
    if not rows:
        raise TrainingError("The release has no consensus: nobody has answered yet, so there is nothing to learn from.")
    readable = [row for row in rows if row.get("reason") != BAD_IMAGE]
    taught = [row for row in readable if subjects[named(row, "subject", places)].whole not in held_out]
    if not taught:
        raise TrainingError(
            f"All {len(rows)} subjects with a consensus are bad images or lie in photographs with gold, which are kept "
            "for the examination: there is nothing left to learn from."
        )
    return taught


def _consensus(rows: Sequence[Row], labels: Sequence[Label], places: Mapping[str, int]) -> Consensus:
    posterior = np.array([[number(row, f"p_{label.code}") for label in labels] for row in rows])
    total = posterior.sum(axis=1)
    for row, each in zip(rows, total, strict=True):
        if abs(each - 1) > 0.01:
            raise TrainingError(f"{row.where}: the probabilities add up to {each:.3f} and not to 1.")
    given = {labels[index].code for index in posterior.argmax(axis=1)}
    if len(given) < 2:
        raise TrainingError(
            f"Every consensus that may be learned from says “{given.pop()}”: "
            "with one label only there is nothing to tell apart."
        )
    return Consensus(
        np.array([named(row, "subject", places) for row in rows]),
        posterior / total[:, np.newaxis],
        np.array([number(row, "confidence") for row in rows]),
    )
