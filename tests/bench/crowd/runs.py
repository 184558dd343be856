"""Running many independent pieces on all cores, with a line of progress for each, and posteriors kept for research."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np

from scoring.arrays import Floats
from tests.bench.crowd import ours, rivals
from tests.bench.crowd.data import CrowdSet, no_gold

Piece = TypeVar("Piece")
Found = TypeVar("Found")
Posteriors = dict[str, dict[str, Floats | None]]  # method → set → (S, K); None where the method does not apply

START = time.monotonic()
# `--keep` sets it: what crowd-kit said of a set once it says again, and an afternoon of research needs it often.
KEPT = "CONSENSUS_BENCH_KEEP"


def say(line: str) -> None:
    sys.stderr.write(f"  {time.monotonic() - START:6.1f} s  {line}\n")
    sys.stderr.flush()


def on_all_cores(work: Callable[[Piece], Found], pieces: Iterable[Piece]) -> list[Found]:
    """What `work` finds for every piece, in order; a child process per core, forked, so nothing is sent twice."""
    with multiprocessing.get_context("fork").Pool(min(os.cpu_count() or 1, 4)) as pool:
        return list(pool.imap(work, list(pieces), chunksize=1))


def posteriors(crowds: list[CrowdSet], known: Posteriors = {}) -> Posteriors:  # noqa: B006
    """Every method's posterior on every set, no truth used, ours first; worked out once in a run, for two parts."""
    if known:
        return known
    pieces = [(name, crowd) for crowd in crowds for name in (ours.NAME, *rivals.METHODS)]
    for (name, crowd), posterior in zip(pieces, on_all_cores(_posterior, pieces), strict=True):
        known.setdefault(name, {})[crowd.name] = posterior
    return known


def _posterior(piece: tuple[str, CrowdSet]) -> Floats | None:
    name, crowd = piece
    if name == ours.NAME:
        return ours.consensus(crowd, no_gold(crowd))
    kept = Path(tempfile.gettempdir()) / "consensus-bench" / f"{crowd.name}-{crowd.n_answers}-{name}.npy"
    if os.environ.get(KEPT) and kept.exists() and name.startswith("crowd-kit"):
        found = np.load(kept)
        return None if found.size == 0 else found
    start = time.monotonic()
    try:
        posterior = rivals.METHODS[name](crowd)
    except MemoryError:
        posterior = None
    say(f"{crowd.name}: {name}, {time.monotonic() - start:.1f} s")
    kept.parent.mkdir(exist_ok=True)
    np.save(kept, np.empty(0) if posterior is None else posterior)
    return posterior
