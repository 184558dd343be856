"""The app in this process, on a small world of real pictures; and the real server, see tests/server.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from redis import Redis

from game.app import create_app
from game.config import read_settings
from tests.conftest import NOW
from tests.server import server
from tests.setups import SETUPS, home_of
from tests.world import World, copy_world, leave_world, make_world, shut

__all__ = ["server"]


@pytest.fixture(scope="session", params=SETUPS)
def untouched_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> World:
    """Both set-ups that people run: each test that uses it, or a copy, runs on both."""
    home = home_of(request, tmp_path_factory.mktemp("world"))
    made = make_world(read_settings(home.environment), shared_data, NOW)
    made.store.engine.dispose()
    return made


@pytest.fixture
def world(untouched_world: World, tmp_path: Path) -> Iterator[World]:
    """A copy, since making it takes two seconds. Redis remembers nobody."""
    made = copy_world(untouched_world, tmp_path / "data")
    if made.settings.redis_url is not None:
        Redis.from_url(made.settings.redis_url).flushall()
    yield made
    leave_world(made)


@pytest.fixture
def app(world: World) -> Iterator[OpenAPI]:
    app = create_app(world.settings)
    app.testing = True
    yield app
    shut(app.extensions["fathom"].store)


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()
