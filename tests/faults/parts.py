"""What is killed and started again: web processes, the whole server, the worker, Redis, PostgreSQL."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Protocol

from game.cli.children import free_port
from game.cli.machines import postgresql_rows, running_postgresql, running_redis
from game.config import ROOT
from tests.server import Server, environment_of, running_server, workers
from tests.world import World


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


class WebProcess:
    """One of several, drawn by lot; their parent starts another in its place."""

    def __init__(self, whole: WholeServer) -> None:
        self._whole = whole

    def start(self) -> None:
        """The parent has done so."""

    def kill(self, rng: Random) -> None:
        running = workers(self._whole.server)
        with suppress(ProcessLookupError, IndexError):
            os.kill(rng.choice(running), signal.SIGKILL)

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
