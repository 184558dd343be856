"""The app in this process, on a small world of real pictures; and the real server, see tests/server.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from game.app import create_app
from game.config import read_settings
from tests.conftest import NOW
from tests.server import server
from tests.world import World, copy_world, make_world

__all__ = ["server"]


@pytest.fixture(scope="session")
def untouched_world(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> World:
    made = make_world(read_settings({"FATHOM_DATA": str(tmp_path_factory.mktemp("world"))}), shared_data, NOW)
    made.store.engine.dispose()
    return made


@pytest.fixture
def world(untouched_world: World, tmp_path: Path) -> Iterator[World]:
    """On SQLite; a copy, since making it takes two seconds."""
    made = copy_world(untouched_world, tmp_path / "data")
    yield made
    made.store.engine.dispose()


@pytest.fixture
def app(world: World) -> Iterator[OpenAPI]:
    app = create_app(world.settings)
    app.testing = True
    yield app
    app.extensions["fathom"].store.engine.dispose()


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()
