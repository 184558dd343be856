"""`make bench`: each hot path in turn with the alternative that it claims to beat, as ratios of medians of one run.

What releases and aggregations take, by size, and what players' strategies earn come last.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator

from tests.bench import answer, consensus, points, scale

Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
ROUNDS = 15


def main() -> None:
    sys.stdout.write(f"{'hot path':34} {'ours':>10}  {'the alternative':40} {'alternative':>11}  {'ratio':>7}\n")
    for title, ours, other_name, other in pairs():
        mine, theirs = interleaved(ours, other)
        line = f"{title:34} {1000 * mine:8.2f} ms  {other_name:40} {1000 * theirs:8.2f} ms  {theirs / mine:6.2f}×\n"
        sys.stdout.write(line)
    sys.stdout.write(f"\n{scale.table()}")
    sys.stdout.write(f"\n{points.table()}")


def pairs() -> Iterator[Pair]:
    yield from answer.pairs()
    yield from consensus.pairs()


def interleaved(ours: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, A B A B …, after one run of both that does not count."""
    taken: tuple[list[float], list[float]] = ([], [])
    for counted in range(-1, ROUNDS):
        for place, call in enumerate((ours, other)):
            start = time.perf_counter()
            call()
            if counted >= 0:
                taken[place].append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


if __name__ == "__main__":
    main()
