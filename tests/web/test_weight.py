"""The server is light: it knows nothing of torch and needs little memory."""

import re
import subprocess
import sys
from pathlib import Path

from game.config import ROOT
from tests.server import Server, workers
from tests.web.live import new_live_player

MOST_BYTES = 120_000_000
# The driver of PostgreSQL and the client of Redis come on top.
MOST_BYTES_WITH_REDIS = 130_000_000

HEAVY = (
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "scipy",
    "numpy.random",
    "alembic",
    "huey",
    "game.training",
    "game.worker",
    "game.cli",
)


def test_an_idle_server_is_light(server: Server) -> None:
    new_live_player(server).start()
    most = MOST_BYTES if server.world.settings.redis_url is None else MOST_BYTES_WITH_REDIS
    used = {pid: resident_bytes(pid) for pid in workers(server)}
    assert used
    assert max(used.values()) < most, used


def test_the_server_imports_nothing_heavy(tmp_path: Path) -> None:
    program = "import sys, wsgi; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program, *HEAVY],
        cwd=ROOT,
        env={"FATHOM_DATA": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024
