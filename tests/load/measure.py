"""What is measured of a load: what people waited for and how long, and what every process of the set-up used."""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# The columns of /proc/stat in which a processor works; one that waits for the disk is free for others.
_BUSY = (1, 2, 3, 6, 7)


class Wait(StrEnum):
    """What a player waits for, in the order of a report."""

    ANSWER = "an answer"
    ROUND = "a round begun"
    PICTURE = "a picture fetched"
    LATE_PICTURE = "a picture that was late"
    SUMMARY = "the summary"
    LEADERBOARD = "the leaderboard"
    LOG_IN = "a log-in"


class Count(StrEnum):
    PICTURE_BYTES = "bytes of pictures"
    KEPT_PICTURES = "from the browser's cache"


@dataclass
class Heard:
    """Seconds from asking to hearing, by what was asked for; what was counted; and what went wrong, by its kind."""

    taken_s: defaultdict[Wait, list[float]] = field(default_factory=lambda: defaultdict(list))
    counted: Counter[Count] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def timed(self, wait: Wait) -> Iterator[None]:
        """Of what breaks, no time is kept."""
        begun = time.perf_counter()
        yield
        self.taken_s[wait].append(time.perf_counter() - begun)

    def clear(self) -> None:
        self.taken_s.clear()
        self.counted.clear()
        self.errors.clear()

    def told(self) -> str:
        lines = [quantiles(wait, self.taken_s[wait]) for wait in Wait if wait in self.taken_s]
        lines += [f"{count:24}{n:>9,}" for count, n in self.counted.items()]
        lines.append(f"{'errors':24}{self.errors.total():>9,}   {dict(self.errors) or ''}".rstrip())
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Watched:
    """A process; `family`: with all that it starts, such as PostgreSQL's backends."""

    name: str
    pid: int
    family: bool = False


@dataclass(frozen=True)
class Used:
    """Seconds of CPU so far, of the dead of a family too; MiB held now: `resident` counts what processes share
    for each of them, `own` divides it among those who share it."""

    cpu_s: float = 0.0
    resident_mib: float = 0.0
    own_mib: float = 0.0
    n_processes: int = 0


@dataclass(frozen=True)
class Reading:
    """What was used until a moment. `busy_s`: of all processors by everybody on the machine."""

    at_s: float
    busy_s: float
    used: dict[Watched, Used]


def read_all(watched: Sequence[Watched]) -> Reading:
    return Reading(time.perf_counter(), _busy_s(), {one: used(one) for one in watched})


def used(watched: Watched) -> Used:
    """Who ended in this moment is left out: her parent has her CPU."""
    total = Used()
    for pid in _family(watched.pid) if watched.family else [watched.pid]:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            memory = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kib = {line.split(":")[0]: int(line.split()[1]) for line in memory[1:]}
            # Own CPU, and that of children who ended and were waited for.
            ticks = sum(map(int, fields[11 : 15 if watched.family else 13]))
            total = Used(
                total.cpu_s + ticks / _TICKS_A_SECOND,
                total.resident_mib + kib["Rss"] / 1024,
                total.own_mib + kib["Pss"] / 1024,
                total.n_processes + 1,
            )
    return total


def processes_told(before: Reading, after: Reading, n_answers: int) -> str:
    """A table: a line for each process, and what others on the machine took meanwhile."""
    seconds = after.at_s - before.at_s
    cpu_s = {one: after.used[one].cpu_s - before.used[one].cpu_s for one in before.used}
    lines = [f"{'':24}{'CPU':>9}{'a thousand answers':>22}{'MiB resident':>16}{'MiB own':>11}"]
    for one, taken_s in cpu_s.items():
        now = after.used[one]
        name = f"{one.name} ({now.n_processes})" if one.family else one.name
        each = f"{taken_s / n_answers * 1000:>20.2f} s" if n_answers else f"{'':22}"
        lines.append(f"{name:24}{taken_s / seconds:>8.0%}{each}{now.resident_mib:>17.0f}{now.own_mib:>11.0f}")
    others = (after.busy_s - before.busy_s - sum(cpu_s.values())) / seconds
    lines.append(f"{'others on this machine':24}{max(others, 0):>8.0%}   of {os.cpu_count()} processors")
    return "\n".join(lines) + "\n"


def percentile(taken_s: Sequence[float], share: float) -> float:
    """In milliseconds; nan of nothing."""
    if not taken_s:
        return float("nan")
    ordered = sorted(taken_s)
    return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def quantiles(title: str, taken_s: Sequence[float]) -> str:
    """A line of a report."""
    p50, p95, p99 = (percentile(taken_s, share) for share in (0.5, 0.95, 0.99))
    return f"{title:24}{len(taken_s):>9,}   p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   p99 {p99:8.1f} ms"


def _family(pid: int) -> list[int]:
    """The process and all that descend from it, whichever of its threads started them."""
    children: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += [int(child) for child in (thread / "children").read_text().split()]
    return [pid, *(one for child in children for one in _family(child))]


def _busy_s() -> float:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(fields[place]) for place in _BUSY) / _TICKS_A_SECOND
