"""The real projects, and copies of two of them that a test may break."""

import shutil
from pathlib import Path

import pytest

from game.levels import Project, read_projects
from tests.levels.folders import LEVELS


@pytest.fixture(scope="session")
def projects() -> dict[str, Project]:
    return read_projects(LEVELS)


@pytest.fixture
def plankton(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LEVELS / "plankton", tmp_path / "plankton"))


@pytest.fixture
def moorea(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LEVELS / "moorea", tmp_path / "moorea"))
