"""What is killed and started again: web processes, the whole server, the worker, Redis, PostgreSQL, SQLite's disk."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Protocol

from game.cli.children import free_port
from game.cli.machines import postgresql_rows, running_postgresql, running_redis
from game.config import ROOT
from tests.server import Server, environment_of, running_server, workers
from tests.world import World

# A few answers' worth of SQLite's log.
LITTLE_BYTES = 50_000
# Loading the program takes a loaded machine this long at the most.
READY_WITHIN_S = 60.0


class Part(Protocol):
    """`kill` is kill -9, at once; `start` returns when it can be spoken to. `end` leaves nothing behind."""

    def kill(self, rng: Random) -> None: ...

    def start(self) -> None: ...

    def end(self) -> None: ...


class PostgreSQL:
    """With fsync, as people run it; it comes back on the same folder and at the same address."""

    def __init__(self) -> None:
        self._rows, self._running, self._port = ExitStack(), ExitStack(), free_port()
        self._folder = self._rows.enter_context(postgresql_rows())
        self.start()

    def start(self) -> None:
        self._server, self.url = self._running.enter_context(running_postgresql(self._folder, self._port))

    def kill(self, rng: Random) -> None:
        kill_with_children(self._server.process)
        self._running.close()

    def end(self) -> None:
        self._running.close()
        self._rows.close()


class Redis:
    """It comes back empty."""

    def __init__(self) -> None:
        self._running, self._port = ExitStack(), free_port()
        self.start()

    def start(self) -> None:
        self._server, self.url = self._running.enter_context(running_redis(self._port))

    def kill(self, rng: Random) -> None:
        kill_with_children(self._server.process)
        self._running.close()

    def end(self) -> None:
        self._running.close()


class WholeServer:
    """Every web process and their parent."""

    def __init__(self, world: World, n_workers: int) -> None:
        self._world, self._n_workers, self._port = world, n_workers, free_port()
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        wanted = running_server(self._world, n_workers=self._n_workers, port=self._port)
        self.server: Server = self._running.enter_context(wanted)

    def kill(self, rng: Random) -> None:
        self.server.kill()
        self._running.close()

    def end(self) -> None:
        self._running.close()


class Disk:
    """Full from one moment to the next, and then no more: a limit on running processes, which any user may set. No file
    of theirs may be larger than SQLite's log is, but for a little."""

    def __init__(self, whole: WholeServer, database: Path) -> None:
        self._whole, self._log = whole, Path(f"{database}-wal")

    def kill(self, rng: Random) -> None:
        # Whoever is killed in the same moment has neither a log nor a limit.
        with suppress(FileNotFoundError):
            self._allow(self._log.stat().st_size + rng.randrange(LITTLE_BYTES))

    def start(self) -> None:
        with suppress(FileNotFoundError):
            self._allow(resource.RLIM_INFINITY)

    def _allow(self, n_bytes: int) -> None:
        for pid in workers(self._whole.server):
            with suppress(ProcessLookupError):
                _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, most))

    def end(self) -> None:
        """It ends with the whole."""


class WebProcess:
    """Some of several, drawn by lot; their parent starts others in their place."""

    def __init__(self, whole: WholeServer, n_killed: int) -> None:
        self._whole, self._n_killed = whole, n_killed
        self._n_workers = len(workers(whole.server))

    def start(self) -> None:
        """The parent has done so: waits until as many serve as before, each known by when it began."""
        begun: set[str] = set()
        deadline = time.monotonic() + READY_WITHIN_S
        while len(begun) < self._n_workers and time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self._whole.server.url}/metrics", timeout=1) as told:
                begun |= set(re.findall(r"^process_start_time_seconds .*", told.read().decode(), re.M))
            time.sleep(0.02)

    def kill(self, rng: Random) -> None:
        running = workers(self._whole.server)
        for pid in rng.sample(running, min(self._n_killed, len(running))):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """It ends with the whole."""


class Worker:
    """Said to have started as soon as its process is there: nobody waits for it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.log = world.settings.data / "worker.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "game.worker"], cwd=ROOT, env=environment_of(self._world.settings),
                stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def kill(self, rng: Random) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        self.kill(Random())


def kill_with_children(process: "subprocess.Popen[bytes]") -> None:
    """First it is held, so that it has no more children while they are counted; each of PostgreSQL's leads a group of
    its own."""
    process.send_signal(signal.SIGSTOP)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
