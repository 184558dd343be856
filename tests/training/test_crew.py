"""Two processes that learn together come to what one comes to, and none is left behind when one of them is killed."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from game.artifacts.images import image_path
from game.artifacts.ways import Way
from game.errors import TrainingError
from game.training.__main__ import BROKEN_OFF, main
from game.training.crew import BrokenOffError, Crew
from game.training.dataset import read_dataset
from game.training.features import eye_of
from game.training.head import Head
from game.training.lectures import Squares
from game.training.teaching import Teaching
from game.training.tune import Lecture, Network
from game.training.views import Recipe, View
from tests.training.conftest import quiet
from tests.training.releases import Reef
from tests.training.schools import school

RECIPE = Recipe((View("centre", 32), View("context", 64)), 16, (0, 1), (0.5, 1.0))
# The last batch has one subject, of which one of two processes has none.
N_SUBJECTS = 65


@pytest.fixture(autouse=True)
def crews_folder(tmp_path: Path) -> Iterator[Path]:
    """Where crews meet; whatever happens, nothing of them is left there, and no process."""
    folder = tmp_path / "crews"
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before
    assert list(folder.iterdir()) == []
    assert children() == []


def children() -> list[int]:
    """Of crews alone: the tests' own servers, and what multiprocessing keeps to tidy up, are none of theirs."""
    pids = [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return [pid for pid in pids if b"multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture
def network() -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        trunk = nn.Sequential(first, nn.Conv2d(6, 8, 3, stride=2)).eval()
    width = 2 * 2 * (6 + 8)
    weight = np.random.default_rng(0).normal(size=(width, 3)) / 5
    return Network(trunk, RECIPE, Head(np.zeros(width), np.ones(width), weight, np.zeros(3)))


@pytest.fixture
def lecture() -> Lecture:
    rng = np.random.default_rng(1)
    seen = [torch.from_numpy(rng.normal(size=(N_SUBJECTS, 3, 16, 16))).half() for _ in RECIPE.views]
    target = np.eye(3)[rng.integers(0, 3, N_SUBJECTS)] * rng.uniform(0.5, 1, (N_SUBJECTS, 1))
    return Lecture(Squares(seen, turned=True), np.arange(N_SUBJECTS), target, first=0, ridge=0.1, seed=3)


def weights(network: Network) -> torch.Tensor:
    layers = [each.detach().flatten().double() for each in network.trunk.parameters()]
    return torch.cat([*layers, torch.from_numpy(network.head.weight).flatten(), torch.from_numpy(network.head.bias)])


def test_two_processes_come_to_the_weights_of_one_and_to_the_same_again(network: Network, lecture: Lecture) -> None:
    heard: list[int] = []
    alone = weights(Crew(1, quiet()).tuned(network, lecture, lambda _epoch: None))
    two = weights(Crew(2, quiet()).tuned(network, lecture, heard.append))
    again = weights(Crew(2, quiet()).tuned(network, lecture, lambda _epoch: None))
    assert (alone - weights(network)).abs().max() > 1e-3
    assert (alone - two).abs().max() < 1e-5
    assert torch.equal(two, again)
    assert heard == [0, 1, 2, 3]


def test_two_processes_see_what_one_sees(reef: Reef, network: Network, tmp_path: Path) -> None:
    subjects = read_dataset(reef.release(tmp_path / "release").write()).subjects
    eye, shelf = eye_of(network.trunk, RECIPE), Shelf(reef.images)
    alone = Crew(1, quiet()).see(subjects, eye, shelf, None)
    assert np.array_equal(Crew(2, quiet()).see(subjects, eye, shelf, tmp_path / "cache"), alone)
    assert np.array_equal(Crew(1, quiet()).see(subjects, eye, shelf, tmp_path / "cache"), alone)


def test_a_picture_that_is_refused_is_the_same_sentence(reef: Reef, network: Network, tmp_path: Path) -> None:
    subjects = read_dataset(reef.release(tmp_path / "release").write()).subjects
    outside = [replace(subjects[0], point=(10_000, 3)), *subjects[1:]]
    with pytest.raises(TrainingError, match="lies at row 10000, column 3, outside its image"):
        Crew(2, quiet()).see(outside, eye_of(network.trunk, RECIPE), Shelf(reef.images), None)


def test_a_killed_process_ends_them_all_with_a_plain_sentence(network: Network, lecture: Lecture) -> None:
    def strike(epoch: int) -> None:
        if epoch == 1:
            os.kill(children()[-1], signal.SIGKILL)

    longer = replace(lecture, places=np.tile(lecture.places, 20))
    with pytest.raises(BrokenOffError, match=r"^One of 2 training processes broke off: .+\. Nothing of it was kept\.$"):
        Crew(2, quiet()).tuned(network, longer, strike)


@pytest.mark.slow
def test_the_trainer_passes_it_on_and_makes_no_folder(
    reef: Reef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an exit code of its own: that of bad input would keep the worker from trying again."""
    places = {"release": reef.release(tmp_path / "release").write(), "images": reef.images, "cache": tmp_path / "cache"}
    asked = [text for name, place in places.items() for text in (f"--{name}", str(place))]
    striking = threading.Thread(target=strike_the_first)
    striking.start()
    assert main(["fit", *asked, "--out", str(tmp_path / "model"), "--processes", "2"]) == BROKEN_OFF
    striking.join()
    assert capsys.readouterr().err.splitlines()[-1].startswith("One of 2 training processes broke off: ")
    assert not (tmp_path / "model").exists()


def strike_the_first() -> None:
    while len(children()) < 2:
        time.sleep(0.1)
    os.kill(children()[0], signal.SIGKILL)


@pytest.mark.slow
def test_a_way_is_gone_by_as_many_processes_as_were_asked_for(tmp_path: Path) -> None:
    pupils = school(tmp_path / "school", by_colour=True)
    kept = np.arange(len(pupils.course.lessons.image))
    one, two = (
        Teaching(Way.LAST_BLOCK, pupils.frozen, replace(pupils.course, n_processes=n)).tuned(
            pupils.frozen.learned.head, kept, "all pictures"
        )
        for n in (1, 2)
    )
    assert 0 < (weights(one) - weights(two)).abs().max() < 1e-5


class Shelf:
    """The stored images, as a process of its own can be given them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, sha256: str) -> bytes:
        return image_path(self.folder, sha256).read_bytes()
