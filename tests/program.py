"""The installed program as people start it: `fathom`, with a home of its own."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers import free_port
from tests.setups import Home

DEADLINE_S = 60

Process = subprocess.Popen[str]


def program(home: Home, *arguments: str | Path, **environment: str) -> Process:
    own = {name: given for name, given in os.environ.items() if not name.startswith("FATHOM_")}
    command = [str(Path(sys.executable).with_name("fathom")), *(str(argument) for argument in arguments)]
    return subprocess.Popen(
        command, env=own | home.environment | environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@contextmanager
def served(home: Home, port: int | None = None) -> Iterator[tuple[Process, str]]:
    """`fathom serve` once its address is printed; yields the process and the address. Nothing is left of it."""
    port = port or free_port()
    with program(home, "serve", FATHOM_PORT=str(port)) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line == f"Fathom is at http://127.0.0.1:{port} (Ctrl-C stops it)\n"
            yield process, f"http://127.0.0.1:{port}"
        finally:
            pull_the_plug(process)


def pull_the_plug(process: Process) -> None:
    """kill -9 for the program and for every process of web and worker, all at once."""
    for pid in [*children_of(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5) as response:
        return bool(response.status == 200)
    return False


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
