"""What is measured of a load: how long answers took, and what the server's processes used."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Heard:
    """Seconds from asking to hearing, of answers and of rounds that were begun; and what went wrong, by its kind."""

    answers_s: list[float] = field(default_factory=list)
    rounds_s: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Used:
    """Of one process: seconds of CPU since it began, and the memory it holds now, in MiB."""

    cpu_s: float
    memory_mib: float


def used(pid: int) -> Used:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    resident_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return Used((int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND, resident_kib / 1024)


def percentile(taken_s: Sequence[float], share: float) -> float:
    """In milliseconds; nan of nothing."""
    if not taken_s:
        return float("nan")
    ordered = sorted(taken_s)
    return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def report(heard: Heard, duration_s: float, before: dict[int, Used], after: dict[int, Used]) -> str:
    """`before` and `after`: process → what it had used."""
    n = len(heard.answers_s)
    cpu_ms = 1000 * sum(after[pid].cpu_s - before[pid].cpu_s for pid in before) / max(n, 1)
    lines = [
        f"acknowledged answers  {n:>8}   {n / duration_s:8.1f} /s   {cpu_ms:6.2f} ms of server CPU each",
        quantiles("an answer", heard.answers_s),
        quantiles("a round begun", heard.rounds_s),
        f"errors                {sum(heard.errors.values()):>8}   {dict(heard.errors) or ''}",
    ]
    for place, pid in enumerate(before, start=1):
        share = (after[pid].cpu_s - before[pid].cpu_s) / duration_s
        lines.append(f"web process {place}         {100 * share:7.0f} % CPU   {after[pid].memory_mib:6.0f} MiB")
    return "\n".join(lines) + "\n"


def quantiles(title: str, taken_s: Sequence[float]) -> str:
    """A line of a report."""
    p50, p95, p99 = (percentile(taken_s, share) for share in (0.5, 0.95, 0.99))
    return f"{title:20}  {len(taken_s):>8}   p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   p99 {p99:7.1f} ms"
