"""A seeded sequence of kills under load, and how long players waited after each."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.players import Crowd
from tests.faults.stage import Stage

# Drawn between these, in seconds: until the next kill, and until what was killed is started again.
PAUSE_S, AWAY_S = (0.3, 2.0), (0.0, 1.5)
# So often two parts are killed in the same moment.
TOGETHER = 0.15
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.02


class Stuck(Exception):
    """Somebody was not served again within PATIENCE_S."""


@dataclass(frozen=True)
class Kill:
    """Seconds from the kill until an answer was acknowledged, and until every client had one acknowledged."""

    kinds: tuple[str, ...]
    first_s: float
    everybody_s: float


def drawn_kills(kinds: Sequence[str], n: int, rng: Random) -> list[tuple[str, ...]]:
    """`n` kills in all, every kind as often as any other, in an order drawn by lot."""
    order = [kinds[place % len(kinds)] for place in range(n)]
    rng.shuffle(order)
    drawn: list[tuple[str, ...]] = []
    for kind in order:
        if drawn and len(drawn[-1]) == 1 and drawn[-1][0] != kind and rng.random() < TOGETHER:
            drawn[-1] = (drawn[-1][0], kind)
        else:
            drawn.append((kind,))
    return drawn


def kill_under_load(stage: Stage, crowd: Crowd, kinds: Sequence[str], n: int, rng: Random) -> Iterator[Kill]:
    """Raises Stuck."""
    for together in drawn_kills(kinds, n, rng):
        wait_for_everybody(crowd, time.monotonic())
        time.sleep(rng.uniform(*PAUSE_S))
        at = time.monotonic()
        for kind in together:
            stage.parts[kind].kill(rng)
        time.sleep(rng.uniform(*AWAY_S))
        for kind in together:
            stage.parts[kind].start()
        served = wait_for_everybody(crowd, at)
        yield Kill(together, served[0] - at, served[-1] - at)


def wait_for_everybody(crowd: Crowd, instant: float) -> list[float]:
    """When each client was acknowledged first since the instant, the earliest first."""
    deadline = time.monotonic() + PATIENCE_S
    while len(served := crowd.served_since(instant)) < crowd.n_clients:
        if time.monotonic() > deadline:
            raise Stuck(f"{crowd.n_clients - len(served)} of {crowd.n_clients} clients wait since {PATIENCE_S:.0f} s.")
        time.sleep(LOOK_EVERY_S)
    return served


def by_kind(kills: Sequence[Kill]) -> dict[str, list[Kill]]:
    found: dict[str, list[Kill]] = {}
    for one in kills:
        found.setdefault(one.kinds[0] if len(one.kinds) == 1 else "two at once", []).append(one)
    return dict(sorted(found.items()))


def n_by_part(kills: Sequence[Kill]) -> Counter[str]:
    return Counter(kind for one in kills for kind in one.kinds)
