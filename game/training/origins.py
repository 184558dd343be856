"""Which pictures a model may have learned from, told so that nobody learns of any; who may know ours is refused.

Public files name no picture. So each has a mark: whoever holds the picture finds it again, to nobody else it says
anything. All pictures of the release have one, learned from, held out or neither: else marks would tell what is gold.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from game.artifacts.folders import read_manifest, verify_files
from game.errors import TrainingError
from game.training.dataset import Dataset

FILE = "pictures.json"
# Of more pictures so many, as good as by lot; enough to find two large projects that share one picture in a thousand.
MOST = 10_000


@dataclass(frozen=True)
class Origins:
    """Codes of the projects that taught a model, and marks of their pictures."""

    projects: frozenset[str]
    marks: frozenset[str]

    def __or__(self, other: "Origins") -> "Origins":
        return Origins(self.projects | other.projects, self.marks | other.marks)

    def as_json(self) -> dict[str, list[str]]:
        return {"projects": sorted(self.projects), "marks": sorted(self.marks)}


def mark(image: str) -> str:
    """Of an image's SHA-256 the SHA-256, 64 bits of it: those are enough to tell pictures apart."""
    return hashlib.sha256(f"picture {image}".encode()).hexdigest()[:16]


def origins_of(dataset: Dataset) -> Origins:
    return Origins(frozenset({str(dataset.about.get("project"))}), frozenset(sorted(_marks(dataset))[:MOST]))


def read_origins(folder: Path) -> Origins:
    """Of a model folder. Raises ArtifactError, and TrainingError for one of before folders told."""
    if FILE not in read_manifest(folder).get("files", {}):
        raise TrainingError(
            f"The model in {folder} does not tell which pictures it has learned from, as an older Fathom made it: "
            "train it again, and take the new one."
        )
    verify_files(folder, [FILE])
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return Origins(frozenset(told["projects"]), frozenset(told["marks"]))


def check_stranger(folder: Path, dataset: Dataset) -> None:
    """Raises TrainingError if the model in `folder` may have learned from pictures of the release."""
    project = str(dataset.about.get("project"))
    if read_manifest(folder).get("project") == project:
        raise TrainingError(f"The model in {folder} is one of this very project, “{project}”: {_ECHO}")
    theirs, ours = read_origins(folder), _marks(dataset)
    if project in theirs.projects:
        raise TrainingError(f"The model in {folder} was itself taught by this project, “{project}”: {_ECHO}")
    shared = theirs.marks & ours
    if shared:
        raise TrainingError(
            f"The model in {folder} was taught by a project that has {len(shared):,} of this release's {len(ours):,} "
            f"pictures, too: {_ECHO}"
        )


_ECHO = "what it says of pictures that it has learned from is no evidence. Take a model that learned from others."


def _marks(dataset: Dataset) -> frozenset[str]:
    return frozenset(mark(subject.image) for subject in dataset.subjects)
