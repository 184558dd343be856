"""What many tests need: real data, real stores on SQLite and PostgreSQL, a fixed clock and a seeded generator."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from game.config import ROOT
from game.store import Store, open_store
from game.store.migrations import migrate
from game.store.tables import Table
from tests.servers import postgresql_server, redis_server

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
# How long an example takes depends on who else is at the machine.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    assert folder.is_dir(), f"The real data is missing: {folder} is no folder (set FATHOM_SHARED_DATA)."
    return folder


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL of our own, on a free port, thrown away afterwards."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated database; each test that uses it runs on both."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path / 'fathom.sqlite'}")
        migrate(opened)
        yield opened
    else:
        opened = open_store(request.getfixturevalue("postgresql_url"))
        Table.metadata.drop_all(opened.engine)
        with opened.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        migrate(opened)
        yield opened
    opened.engine.dispose()
