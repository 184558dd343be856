"""The two set-ups that people run. What needs a database or a queue is tested on both."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from tests.world import new_database

SQLITE = "sqlite"
SETUPS = (SQLITE, "postgresql and redis")


@dataclass(frozen=True)
class Home:
    """A set-up's data folder, and what its programs are told by their environment."""

    folder: Path
    servers: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"FATHOM_DATA": str(self.folder)} | self.servers


def home_of(request: pytest.FixtureRequest, folder: Path) -> Home:
    """Of the set-up that the fixture names: with an empty database of its own, and a Redis that remembers nothing."""
    if request.param == SQLITE:
        return Home(folder)
    redis_url: str = request.getfixturevalue("redis_url")
    Redis.from_url(redis_url).flushall()
    database_url = new_database(request.getfixturevalue("postgresql_url"))
    return Home(folder, {"FATHOM_DATABASE_URL": database_url, "FATHOM_REDIS_URL": redis_url})
