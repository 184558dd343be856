"""A million answers: CPU seconds per EM iteration and memory, ours beside crowd-kit and sparse matrices, one thread."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from crowdkit.aggregation import DawidSkene  # noqa: E402

from tests.bench.crowd import ours, plots  # noqa: E402
from tests.bench.crowd.bayes import plain_em  # noqa: E402
from tests.bench.crowd.data import ROOT, CrowdSet  # noqa: E402
from tests.bench.crowd.rivals import spread  # noqa: E402
from tests.bench.crowd.runs import say  # noqa: E402
from tests.bench.crowd.tables import Figure, Goal, Part, Table  # noqa: E402

N_SUBJECTS, N_VOLUNTEERS, N_ANSWERS, N_LABELS, N_ITERATIONS = 200_000, 5_000, 1_000_000, 10, 20
TIMES_FASTER, MAX_MB = 20.0, 100.0
CROWD_KIT, SPARSE = "crowd-kit DawidSkene", "EM on sparse matrices"
# Interleaved, so that a busy minute of the machine hits all of them; crowd-kit's is long enough for an average.
ORDER = (ours.NAME, SPARSE, CROWD_KIT, ours.NAME, SPARSE, ours.NAME, SPARSE)


@dataclass(frozen=True)
class Run:
    cpu_s: float  # per iteration
    added_mb: float  # peak resident memory over what it was with the answers loaded
    labels: float  # share of labels that are true: all do the same work


def part(crowds: list[CrowdSet]) -> Part:
    runs: dict[str, list[Run]] = {}
    for name in ORDER:
        runs.setdefault(name, []).append(_child(name))
        say(f"speed: {name}, {runs[name][-1].cpu_s:.3f} CPU-s an iteration")
    median = {name: float(np.median([run.cpu_s for run in found])) for name, found in runs.items()}
    memory = {name: max(run.added_mb for run in found) for name, found in runs.items()}
    rows = [
        [
            name,
            f"{median[name]:.3f}",
            f"{N_ITERATIONS * median[name]:.1f}",
            f"{median[CROWD_KIT] / median[name]:.1f}×",
            f"{memory[name]:.0f}",
            f"{found[0].labels:.4f}",
        ]
        for name, found in runs.items()
    ]
    head = ["method", "CPU-s / iteration", f"{N_ITERATIONS} iterations", "faster", "MB added", "accuracy"]
    times = median[CROWD_KIT] / median[ours.NAME]
    goals = [
        Goal("1 M answers: times faster per iteration than crowd-kit",
             f"{SPARSE} {median[CROWD_KIT] / median[SPARSE]:.1f}×", f"≥ {TIMES_FASTER:.0f}×",
             f"{times:.1f}×", times - TIMES_FASTER),
        Goal("1 M answers: peak memory added, MB", f"{SPARSE} {memory[SPARSE]:.0f}", f"≤ {MAX_MB:.0f}",
             f"{memory[ours.NAME]:.0f}", MAX_MB - memory[ours.NAME]),
    ]  # fmt: skip
    unit = "CPU seconds per EM iteration over a million answers"
    figure = Figure("speed.svg", f"{unit}, one thread.", lambda path: plots.bars(median, unit, path))
    return Part("Speed", [Table("A million answers, ten labels, one thread", head, rows, _NOTE)], goals, [figure])


_NOTE = (
    f"{N_ANSWERS:,} drawn answers of {N_VOLUNTEERS:,} volunteers to {N_SUBJECTS:,} subjects. Each run is a process "
    "of its own, interleaved; median CPU seconds, largest peak, counted from after the answers are loaded."
)


def drawn(n_answers: int = N_ANSWERS, n_subjects: int = N_SUBJECTS, n_volunteers: int = N_VOLUNTEERS) -> CrowdSet:
    """A crowd whose volunteers differ in reliability, in what they confuse and in how much they do; seeded."""
    rng = np.random.default_rng(0)
    activity = rng.lognormal(sigma=1.0, size=n_volunteers)
    volunteer = rng.choice(n_volunteers, size=n_answers, p=activity / activity.sum())
    subject = rng.permutation(np.arange(n_answers) % n_subjects)
    true = rng.choice(N_LABELS, size=n_subjects, p=rng.dirichlet(np.full(N_LABELS, 3.0)))
    reliable = rng.random(n_answers) < rng.uniform(0.4, 0.95, n_volunteers)[volunteer]
    mistaken = (true[subject] + 1 + rng.binomial(N_LABELS - 2, 0.2, n_answers)) % N_LABELS
    given = np.where(reliable, true[subject], mistaken)
    return CrowdSet("drawn", subject, volunteer, given, true, n_volunteers, N_LABELS)


def _child(name: str) -> Run:
    command = [sys.executable, "-m", "tests.bench.crowd.speed", name]
    answered = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Run(**json.loads(answered.stdout))


def _prepare(name: str, crowd: CrowdSet) -> Callable[[], object]:
    """The call that is measured; whatever it needs is loaded before."""
    if name == CROWD_KIT:
        frame = pd.DataFrame({"task": crowd.subject, "worker": crowd.volunteer, "label": crowd.given})
        # A tolerance that no step can undercut: all iterations are run.
        return lambda: DawidSkene(n_iter=N_ITERATIONS, tol=-np.inf).fit_predict_proba(frame)
    if name == SPARSE:
        return lambda: plain_em(crowd, np.full(crowd.n_subjects, -1), N_ITERATIONS, tolerance=0.0)[0]
    return lambda: ours.iterate(crowd, N_ITERATIONS)


def _measure(name: str) -> Run:
    crowd = drawn()
    call = _prepare(name, crowd)
    _peak_mb()  # Drawing the answers had a peak of its own; from here on a new one is kept.
    before, start = _peak_mb(), _cpu_s()
    found = call()
    cpu_s, added = _cpu_s() - start, _peak_mb() - before
    posterior = spread(found, crowd) if isinstance(found, pd.DataFrame) else np.asarray(found)
    right = float((posterior.argmax(axis=1) == crowd.true).mean())
    return Run(cpu_s / N_ITERATIONS, added, right)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb() -> float:
    """Peak resident memory since the last call, MB; Linux forgets the peak when it is told to."""
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")
    return peak / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vars(_measure(sys.argv[1]))))
