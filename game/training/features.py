"""What the frozen network sees in each subject: computed once, kept on disk by the image's content."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from game.artifacts.files import keep_file
from game.errors import TrainingError
from game.training.dataset import Point, Subject
from game.training.network import embed, fingerprint, fused
from game.training.progress import Progress
from game.training.views import Recipe, look, pixels

# Half precision on disk and off it: a subject that was kept and one that is looked at now are judged alike.
Features: TypeAlias = NDArray[np.float16]

# More at once are no faster: their signals no longer fit into the processor's cache.
BATCH = 16
# To be raised whenever this code begins to look at the same thing otherwise: it makes every kept feature a stranger.
SIGHT = 1
# How a whole image is kept among points.
_WHOLE = (-1, -1)


@dataclass(frozen=True)
class Eye:
    """A fused trunk with the recipe of what to look at; `key` changes with every weight and every setting.

    `widths` are the channels of each block of the features: for each view, layer and share.
    """

    trunk: nn.Sequential
    recipe: Recipe
    key: str
    widths: tuple[int, ...]

    def __call__(self, picture: Tensor, points: Sequence[Point | None]) -> Features:
        """Features (N, D) of a picture's points: block by block."""
        batches = [points[first : first + BATCH] for first in range(0, len(points), BATCH)]
        return np.concatenate([self._batch(picture, batch) for batch in batches])

    def _batch(self, picture: Tensor, points: Sequence[Point | None]) -> Features:
        recipe = self.recipe
        with torch.inference_mode():
            said = [
                channels
                for view in recipe.views
                for channels in embed(self.trunk, look(picture, points, view, recipe.input_px), recipe)
            ]
            return np.asarray(torch.cat(said, dim=1).half().numpy())


def eye_of(trunk: nn.Sequential, recipe: Recipe, sight: int = SIGHT) -> Eye:
    asked = json.dumps(asdict(recipe), sort_keys=True)
    key = hashlib.sha256(f"{sight} {fingerprint(trunk)} {asked}".encode()).hexdigest()[:16]
    quick = fused(trunk)
    with torch.inference_mode():
        blocks = embed(quick, torch.zeros(1, 3, recipe.input_px, recipe.input_px), recipe)
    return Eye(quick, recipe, key, tuple(block.shape[1] for block in blocks) * len(recipe.views))


def see(
    subjects: Sequence[Subject], eye: Eye, images: Callable[[str], bytes], cache: Path | None, progress: Progress
) -> Features:
    """Features (S, D). Each image that the cache does not know yet is decoded once, with all its points in batches.

    Without a cache nothing is kept: what only one training sees need not wait for the disk.
    """
    by_image: dict[str, list[int]] = {}
    for place, subject in enumerate(subjects):
        by_image.setdefault(subject.image, []).append(place)
    found: list[tuple[list[int], Features]] = []
    n_done = 0
    for places in by_image.values():
        progress("features", n_done, len(subjects), f"Looking at {subjects[places[0]].name}")
        found.append((places, _of_image([subjects[place] for place in places], eye, images, cache)))
        n_done += len(places)
    progress("features", n_done, len(subjects), "Looked at every subject")
    features = np.empty((len(subjects), found[0][1].shape[1]), np.float16)
    for places, rows in found:
        features[places] = rows
    return features


def file_of(image: str, eye: Eye, cache: Path) -> Path:
    """Where all is kept that the eye saw in an image."""
    return cache / eye.key / image[:2] / f"{image}.npz"


def _of_image(subjects: Sequence[Subject], eye: Eye, images: Callable[[str], bytes], cache: Path | None) -> Features:
    """Features (P, D) of one image's subjects; those not known yet join the others in its file."""
    image = subjects[0].image
    file = None if cache is None else file_of(image, eye, cache)
    known = {} if file is None else _read(file)
    new = [subject for subject in subjects if _place(subject.point) not in known]
    if new:
        picture = pixels(images(image))
        for subject in new:
            _check_point(subject, picture)
        rows = eye(picture, [subject.point for subject in new])
        known |= dict(zip((_place(subject.point) for subject in new), rows, strict=True))
        if file is not None:
            _keep(file, known)
    return np.stack([known[_place(subject.point)] for subject in subjects])


def _read(file: Path) -> dict[Point, Features]:
    """Empty if the file is not there or half written: numpy's archive carries a checksum of its own."""
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as kept:
            points, rows = kept["points"], kept["features"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}
    return {(int(row), int(column)): features for (row, column), features in zip(points, rows, strict=True)}


def _keep(file: Path, known: Mapping[Point, Features]) -> None:
    archive = BytesIO()
    np.savez(archive, points=np.array(list(known), np.int32), features=np.stack(list(known.values())))
    keep_file(file, archive.getvalue())


def _place(point: Point | None) -> Point:
    return _WHOLE if point is None else point


def _check_point(subject: Subject, picture: Tensor) -> None:
    _, height, width = picture.shape
    if subject.point is not None and not (subject.point[0] < height and subject.point[1] < width):
        row, column = subject.point
        raise TrainingError(
            f"Subject {subject.code} lies at row {row}, column {column}, outside its image {subject.name} "
            f"of {width} × {height} pixels."
        )
