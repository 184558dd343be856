"""The stored images of a release, checked before anything is computed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from game.artifacts.images import image_path
from game.errors import NotFound, TrainingError
from game.training.dataset import Subject


def check_pictures(subjects: Sequence[Subject], images: Path) -> None:
    """Raises TrainingError for the first image that is missing: better now than after an hour."""
    names = {subject.image: subject.name for subject in subjects}
    missing = [sha256 for sha256 in names if not _stored(images, sha256)]
    if missing:
        raise TrainingError(
            f"{len(missing)} of {len(names)} images of the release are missing in {images}, among them "
            f"{names[missing[0]]} ({missing[0][:12]}…)."
        )


def picture_bytes(images: Path, sha256: str) -> bytes:
    """Raises TrainingError if the file is not what its name promises."""
    content = image_path(images, sha256).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise TrainingError(f"The stored image {sha256[:12]}… is damaged: its content is not what its name promises.")
    return content


def _stored(images: Path, sha256: str) -> bool:
    try:
        return image_path(images, sha256).is_file()
    except NotFound:
        return False
