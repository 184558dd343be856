"""Names in the order in which people count: 2 before 10, image9 before image10; and codes that stand for names."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from scoring.arrays import Ints

_DIGITS = re.compile(r"(\d+)")
_INTEGER = re.compile(r"[+-]?\d+")


def natural_order(names: Iterable[str]) -> list[str]:
    """Integers by value if all are, otherwise runs of digits by value and the rest as text."""
    unordered = list(names)
    if all(_INTEGER.fullmatch(name) for name in unordered):
        return sorted(unordered, key=lambda name: (int(name), name))
    return sorted(unordered, key=lambda name: (_parts(name), name))


class Codes:
    """Collects a column of names: each becomes the number of its first appearance."""

    def __init__(self) -> None:
        self.code: defaultdict[str, int] = defaultdict()
        self.code.default_factory = self.code.__len__
        self._column = array("q")

    def extend(self, names: Iterable[str]) -> None:
        self._column.extend(map(self.code.__getitem__, names))

    @property
    def column(self) -> Ints:
        return np.array(self._column, dtype=np.int64)

    def name(self, row: int) -> str:
        """What stands in this row."""
        code = self._column[row]
        return next(name for name, of in self.code.items() if of == code)

    def renumbered(self, order: Iterable[str]) -> Ints:
        """The column with every name's place in `order`; -1 for a name that is not in it."""
        place = {name: index for index, name in enumerate(order)}
        places = np.array([place.get(name, -1) for name in self.code], dtype=np.int64)
        return places[self.column] if len(places) else self.column


def _parts(name: str) -> list[tuple[int, int, str]]:
    """Digits compare as numbers and stand before text."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name) if part]
