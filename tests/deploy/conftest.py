"""The scaled set-up with real parts: PostgreSQL, Redis, two web processes, and nginx with deploy/'s locations."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from game.cli.children import free_port
from game.cli.machines import running_redis
from game.config import read_settings
from tests.conftest import NOW
from tests.server import Server, running_server
from tests.world import World, make_world


class Redis:
    """One that can be killed, and comes back empty at the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        self._server, self.url = self._running.enter_context(running_redis(self._port))

    def kill(self) -> None:
        self._server.process.kill()
        self._server.process.wait()
        self._running.close()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections, and says nothing."""
        self._server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self._running.close()


@pytest.fixture(scope="package")
def redis() -> Iterator[Redis]:
    started = Redis()
    yield started
    started.end()


@pytest.fixture(scope="package")
def world(
    tmp_path_factory: pytest.TempPathFactory, postgresql_url: str, redis: Redis, shared_data: Path
) -> Iterator[World]:
    environment = {
        "FATHOM_DATA": str(tmp_path_factory.mktemp("data")),
        "FATHOM_DATABASE_URL": postgresql_url,
        "FATHOM_REDIS_URL": redis.url,
        "FATHOM_PROXIES": "1",
    }
    made = make_world(read_settings(environment), shared_data, NOW)
    yield made
    made.store.engine.dispose()


@pytest.fixture(scope="package")
def processes(world: World) -> Iterator[list[Server]]:
    """Two, each at an address of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(running_server(world)) for _ in range(2)]
