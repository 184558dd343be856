"""The real server for tests: gunicorn with gevent, as people run it, on a free port with a data folder of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from game.config import ROOT, Settings, read_settings
from tests.conftest import NOW
from tests.servers import free_port
from tests.setups import SETUPS, SQLITE, home_of
from tests.world import World, make_world

DEADLINE_S = 60
GEVENT = ("-k", "gevent")
THREADS = ("-k", "gthread", "--threads", "16")


@dataclass(frozen=True)
class Server:
    """`url` has no slash at its end."""

    url: str
    world: World
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """Every process of the server at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running_server(
    world: World, *, n_workers: int = 1, kind: Sequence[str] = GEVENT, port: int | None = None
) -> Iterator[Server]:
    """On a free port, unless it is to come back on one that it had."""
    settings, port = world.settings, port or free_port()
    command = [
        sys.executable, "-m", "gunicorn", "-c", "game/serving.py", *kind, "-w", str(n_workers),
        "-b", f"127.0.0.1:{port}", "wsgi:app",
    ]  # fmt: skip
    log = settings.data / f"server-{port}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment_of(settings), stdout=said, stderr=said, start_new_session=True
        )
    server = Server(f"http://127.0.0.1:{port}", world, process)
    try:
        _wait_until_healthy(server, log)
        yield server
    finally:
        _end(process)


@contextmanager
def running_worker(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """The worker that people run beside the server. What it has in hand at the end goes back into the queue."""
    with (world.settings.data / "worker.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "game.worker"], cwd=ROOT, env=environment_of(world.settings), stdout=said,
            stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        _end(process)


@pytest.fixture(scope="module", params=SETUPS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> Iterator[Server]:
    """One process on SQLite; two processes on PostgreSQL that hear of each other through Redis."""
    home = home_of(request, tmp_path_factory.mktemp("data"))
    world = make_world(read_settings(home.environment), shared_data, NOW)
    with running_server(world, n_workers=1 if request.param == SQLITE else 2) as started:
        yield started
    world.store.engine.dispose()


def workers(server: Server) -> list[int]:
    """The processes that serve; their parent only watches over them."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def environment_of(settings: Settings) -> dict[str, str]:
    own = {name: given for name, given in os.environ.items() if not name.startswith("FATHOM_")}
    return own | {
        "FATHOM_DATA": str(settings.data),
        "FATHOM_DATABASE_URL": settings.database_url,
        "FATHOM_REDIS_URL": settings.redis_url or "",
        "FATHOM_SECRET_KEY": settings.secret_key,
        "FATHOM_PROXIES": str(settings.n_proxies),
        "FATHOM_LOG": settings.log,
    }


def _wait_until_healthy(server: Server, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{server.url}/health", timeout=DEADLINE_S):
            return
        time.sleep(0.05)
    raise AssertionError(f"The server did not come up:\n{log.read_text()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks first. What does not listen, its workers included, is killed."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
