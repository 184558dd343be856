"""Chance, as play draws it: one source of numbers, and what is drawn with it."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Drawn = TypeVar("Drawn")


class Chance(Protocol):
    """`random` draws a number in [0, 1): Python's random.Random and numpy's Generator both do."""

    def random(self) -> float: ...


def shuffled(these: Sequence[Drawn], rng: Chance) -> list[Drawn]:
    return sorted(these, key=lambda _: rng.random())


def one_of(these: Sequence[Drawn], rng: Chance) -> Drawn:
    return these[int(rng.random() * len(these))]


def rounded(expected: float, rng: Chance) -> int:
    """An integer next to `expected`, whose mean is `expected`."""
    whole, fraction = divmod(expected, 1.0)
    return int(whole) + int(rng.random() < fraction)
