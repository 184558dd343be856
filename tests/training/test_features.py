"""Features are computed once, and a damaged file is only computed again."""

from pathlib import Path

import numpy as np
import pytest
import torch

from game.artifacts.images import image_path
from game.errors import TrainingError
from game.training.dataset import Subject, read_dataset
from game.training.features import SIGHT, Eye, eye_of, see
from game.training.views import Recipe, View
from tests.training.conftest import quiet
from tests.training.releases import Reef

RECIPE = Recipe((View("centre", 32), View("context", 64)), 32, (0,), (0.5,))


@pytest.fixture(scope="module")
def eye() -> Eye:
    torch.manual_seed(0)
    return eye_of(torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3)), RECIPE)


@pytest.fixture
def subjects(reef: Reef, tmp_path: Path) -> tuple[Subject, ...]:
    return read_dataset(reef.release(tmp_path / "release").write()).subjects[30:50]


@pytest.fixture
def images(reef: Reef) -> "Shelf":
    return Shelf(reef.images)


class Shelf:
    """The stored images, counting how often one is taken out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_taken = 0

    def __call__(self, sha256: str) -> bytes:
        self.n_taken += 1
        return image_path(self.folder, sha256).read_bytes()


def test_each_image_is_decoded_once_for_all_its_points_and_never_again(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    first = see(subjects, eye, images, tmp_path / "cache", quiet())
    assert first.shape == (20, 10)
    assert images.n_taken == len({subject.image for subject in subjects}) == 2
    assert np.array_equal(see(subjects, eye, images, tmp_path / "cache", quiet()), first)
    assert images.n_taken == 2


def test_new_points_join_the_known_ones_in_any_order(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    see(subjects[:12], eye, images, tmp_path / "cache", quiet())
    joined = see(subjects[::-1], eye, images, tmp_path / "cache", quiet())
    afresh = see(subjects, eye, images, tmp_path / "other", quiet())
    assert np.allclose(joined[::-1], afresh, atol=1e-2)


def test_a_half_written_file_is_computed_anew(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    first = see(subjects, eye, images, tmp_path / "cache", quiet())
    for file in (tmp_path / "cache").rglob("*.npz"):
        file.write_bytes(file.read_bytes()[:-200])
    assert np.array_equal(see(subjects, eye, images, tmp_path / "cache", quiet()), first)


def test_a_flipped_bit_on_the_disk_is_noticed(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    first = see(subjects, eye, images, tmp_path / "cache", quiet())
    for file in (tmp_path / "cache").rglob("*.npz"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    assert np.array_equal(see(subjects, eye, images, tmp_path / "cache", quiet()), first)


def test_another_network_or_another_square_meets_other_features(eye: Eye) -> None:
    torch.manual_seed(1)
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3))
    wider = Recipe((View("centre", 32), View("context", 66)), 32, (0,), (0.5,))
    keys = {eye.key, eye_of(other, RECIPE).key, eye_of(other, wider).key}
    assert len(keys) == 3


def test_what_an_older_program_saw_is_not_believed(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    older = eye_of(torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3)), RECIPE, SIGHT - 1)
    for one in (older, eye):
        see(subjects, one, images, tmp_path / "cache", quiet())
    assert images.n_taken == 4


def test_a_point_outside_its_image_is_named(
    eye: Eye, subjects: tuple[Subject, ...], images: Shelf, tmp_path: Path
) -> None:
    lost = Subject("abc", subjects[0].image, "quadrat.jpg", (1300, 5))
    with pytest.raises(TrainingError, match=r"Subject abc lies at row 1300, column 5, outside its image quadrat\.jpg"):
        see([lost], eye, images, tmp_path / "cache", quiet())
