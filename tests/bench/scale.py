"""What releasing and aggregating many answers takes: seconds and the most memory of a process of its own, by size.

python -m tests.bench.scale 100_000 1_000_000 --database postgresql
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from game.config import ROOT
from game.levels import read_project
from game.store import open_store
from tests.scale.fill import fill
from tests.scale.past import Scale
from tests.servers import postgresql_server

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
PROJECT = read_project(ROOT / "levels" / "moorea")
QUICK = (10_000, 50_000)
LOOK_EVERY_S = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("answers", nargs="*", type=int, default=QUICK)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    sys.stdout.write(table(options.answers, options.database))


def table(sizes: Sequence[int] = QUICK, database: str = "sqlite") -> str:
    lines = [
        f"{'of so many answers':24}{'CPU s':>9}{'s':>9}{'MiB':>7}{'CPU µs / answer':>18}{'bytes more / answer':>21}"
    ]
    nothing: dict[str, float] = {}
    for n in sizes:
        with TemporaryDirectory(prefix="fathom-scale-") as folder, filled(database, Path(folder), n) as url:
            for what in ("release", "aggregate"):
                cpu_s, taken_s, memory = measured(what, url, folder)
                line = f"{what:10}{n:>14,}{cpu_s:9.1f}{taken_s:9.1f}{memory / 2**20:7.0f}{1e6 * cpu_s / n:18.0f}"
                more = f"{(memory - nothing[what]) / n:21.0f}" if what in nothing else ""
                nothing.setdefault(what, memory)
                lines.append(line + more)
    return "\n".join(lines) + "\n"


@contextmanager
def filled(database: str, folder: Path, n_answers: int) -> Iterator[str]:
    with postgresql_server() if database == "postgresql" else _sqlite(folder) as url:
        store = open_store(url)
        fill(store, PROJECT, Scale(3 * n_answers // 10, n_answers, max(100, n_answers // 50)), NOW)
        store.engine.dispose()
        yield url


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'fathom.sqlite'}"


def measured(what: str, url: str, folder: str) -> tuple[float, float, int]:
    """Seconds of CPU, seconds, and bytes at most, of `fathom release` or `fathom aggregate`.

    For a process that ended the system tells at least what its parent held when it was started: its own most is read
    while it runs.
    """
    begun, most = time.perf_counter(), 0
    environment = os.environ | {"FATHOM_DATA": folder, "FATHOM_DATABASE_URL": url}
    command = [Path(sys.executable).with_name("fathom"), what, PROJECT.slug]
    with TemporaryFile() as said:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
            most = max(most, _most_so_far(child.pid))
            time.sleep(LOOK_EVERY_S)
        _, status, used = ended
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise SystemExit(f"`fathom {what}` failed: {said.read().decode()}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, most


def _most_so_far(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
