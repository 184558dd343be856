"""A small reef, and a model trained on it once for all tests that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from game.training.fit import Request, fit
from game.training.progress import Progress
from tests.training.releases import Reef


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """As the trainer itself does where cores are few: other tests want to run too."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def reef(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Reef:
    return Reef(shared_data, tmp_path_factory.mktemp("images"), quadrats=(0, 4, 5, 12), n_gold=1, n_points=40)


@pytest.fixture(scope="session")
def request_of_all(reef: Reef, tmp_path_factory: pytest.TempPathFactory) -> Request:
    """Carried out already: its model folder is there and its features are kept."""
    folder = tmp_path_factory.mktemp("reef")
    release = reef.release(folder / "release").write()
    asked = Request(release, reef.images, folder / "models" / "1", folder / "cache", seed=7)
    fit(asked, quiet())
    return asked


def quiet() -> Progress:
    return Progress(lambda _line: None)
