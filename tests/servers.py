"""Real servers for tests: PostgreSQL and Redis of our own, as an ordinary user, on free ports of this machine only."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETUP = "run `make test`, which installs it, or install it yourself"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[str]:
    """Yields a database URL. PostgreSQL refuses to run as root, so root hands it to an ordinary user.

    Not `durable`, it is quicker and does not survive a power cut, which most tests do not need.
    """
    programs = _postgresql_programs()
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    prefix = as_user if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="fathom-postgresql-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    port = free_port()
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c max_connections=200 -c fsync={'on' if durable else 'off'}"
    pg_ctl = [*prefix, str(programs / "pg_ctl"), "-D", str(folder / "rows"), "-w"]
    _run(
        [
            *prefix,
            str(programs / "initdb"),
            "-D",
            str(folder / "rows"),
            "-U",
            "fathom",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
    )
    _run([*pg_ctl, "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield f"postgresql+psycopg://fathom@127.0.0.1:{port}/postgres"
    finally:
        _run([*pg_ctl, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[str]:
    program = shutil.which("redis-server")
    assert program, f"redis-server is missing: {SETUP}."
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _postgresql_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    installed = found[-1] if found else shutil.which("initdb")
    assert installed, f"PostgreSQL is missing: {SETUP}."
    return Path(installed).parent


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"Nothing listens on port {port}.")
