"""`fathom play-scaled`: everything starts, is one game behind one address, and is gone at the end."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import DEADLINE_S, Process, answers, children_of, gone, program
from tests.servers import free_port
from tests.setups import Home
from tests.web.live import LivePlayer, ask


def descendants(pid: int) -> list[int]:
    children = children_of(pid)
    return [*children, *(one for child in children for one in descendants(child))]


@pytest.fixture
def scaled(tmp_path: Path) -> Iterator[tuple[Process, str]]:
    port = free_port()
    with program(Home(tmp_path), "play-scaled", FATHOM_PORT=str(port)) as process:
        assert process.stdout
        try:
            last = f"Fathom is at http://127.0.0.1:{port} behind nginx (Ctrl-C stops everything)\n"
            assert last in iter(process.stdout.readline, "")
            yield process, f"http://127.0.0.1:{port}"
        finally:
            if process.poll() is None:
                process.kill()


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if not gone(pid)]
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_is_played_behind_one_address_and_nothing_is_left(
    scaled: tuple[Process, str], number: signal.Signals
) -> None:
    process, url = scaled
    player = LivePlayer(url, **ask(url, "/guests", {}))
    assert len(player.start()["subjects"]) == 10
    started = descendants(process.pid)
    assert len(started) > 10
    os.kill(process.pid, number)
    wait_until_gone(started)
    assert not answers(url)


def test_what_is_missing_is_named_with_what_to_install(tmp_path: Path) -> None:
    with program(Home(tmp_path), "play-scaled", PATH=str(tmp_path)) as refused:
        complaint = refused.communicate(timeout=DEADLINE_S)[1]
    assert refused.returncode == 2
    assert "redis-server is missing; install it, for example with: sudo apt-get install redis-server" in complaint
