"""Web and worker as child processes: started, watched, and ended together."""

import ctypes
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from game.config import ROOT, Settings
from game.errors import Conflict, FathomError, InvalidInput

HEALTHY_WITHIN_S = 60.0
ENDED_WITHIN_S = 8.0
LOCAL = "127.0.0.1"
# Below those from which outgoing connections get theirs. Processes begin at different places and go on from there.
_FIRST_PORT, _N_PORTS = 20_000, 12_000
_turns = itertools.count(os.getpid() * 1_009)
# From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """`name` is what people read when it dies. It leads its own group, so that Ctrl-C reaches only its parent."""

    name: str
    process: "subprocess.Popen[bytes]"

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_end(self) -> None:
        if self.alive:
            self.process.terminate()

    def end(self) -> None:
        """Waits a while for what was asked; what does not listen, its own children included, is killed."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDED_WITHIN_S)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def web_command(settings: Settings, host: str, port: int, n_processes: int) -> list[str]:
    """Raises InvalidInput where several processes would not hear of each other."""
    if n_processes > 1 and (settings.redis_url is None or settings.database_url.startswith("sqlite")):
        raise InvalidInput(
            "Several web processes need PostgreSQL (FATHOM_DATABASE_URL) and Redis (FATHOM_REDIS_URL) between them."
        )
    return [
        sys.executable, "-m", "gunicorn", "-c", str(ROOT / "game" / "serving.py"), "-k", "gevent", "-w",
        str(n_processes), "-b", f"{host}:{port}", "wsgi:app",
    ]  # fmt: skip


def worker_command() -> list[str]:
    return [sys.executable, "-m", "game.worker"]


def start(name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
    """`environment` is set on top of this process' own."""
    parent = os.getpid()
    given = None if environment is None else {**os.environ, **environment}
    process = subprocess.Popen(command, start_new_session=True, env=given, preexec_fn=lambda: _end_with(parent))
    return Child(name, process)


def _end_with(parent: int) -> None:
    """Runs in the child. Where the system can (Linux), kill -9 of the parent asks the child to end.

    Elsewhere the child outlives that, as it does everywhere else.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def end_all(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end()


def check_port_is_free(host: str, port: int) -> None:
    """Raises Conflict in words that say what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise Conflict(
                f"Port {port} cannot be used ({problem.strerror}). Is Fathom running already? Stop what uses the port, "
                f"or choose another one: FATHOM_PORT={port + 1 if port < 65535 else 8000} make play"
            ) from None


def free_port() -> int:
    """Each time another one, and in each process: who asks next must not get it before its server has it."""
    while True:
        port = _FIRST_PORT + next(_turns) % _N_PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOCAL, port))
            return port


def wait_until_healthy(url: str, web: Child) -> None:
    """Raises FathomError if the server dies or says nothing."""
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline and web.alive:
        with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5):
            return
        time.sleep(0.1)
    raise FathomError("The web server did not come up; its own words above say why.")


@contextmanager
def running_web(settings: Settings) -> Iterator[str]:
    """A web server of our own on a free port, for the length of the block; yields its address."""
    port = free_port()
    web = start("web", web_command(settings, LOCAL, port, 1))
    try:
        wait_until_healthy(f"http://{LOCAL}:{port}", web)
        yield f"http://{LOCAL}:{port}"
    finally:
        end_all([web])
