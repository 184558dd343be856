"""What a file of answers says, row by row, before anything is judged."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from game.science.bare.order import Codes

# (share in [0, 1], what is being done)
Progress = Callable[[float, str], None]


@dataclass
class Rows:
    """Columns of equal length; an empty label is an abstention, NaN a time that nobody measured."""

    subject: Codes = field(default_factory=Codes)
    volunteer: Codes = field(default_factory=Codes)
    label: Codes = field(default_factory=Codes)
    time_ms: array[float] = field(default_factory=lambda: array("d"))
    lines: array[int] = field(default_factory=lambda: array("q"))
    notes: list[str] = field(default_factory=list)

    def line_of(self, column: Codes, name: str) -> int:
        """Where the name stands first."""
        return self.lines[int(np.flatnonzero(column.column == column.code[name])[0])]
