"""Columns of rows that a generator makes by the hundred thousand, as Arrow arrays."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.arrays import Floats, Ints, Masks

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def codes(n: int, n_digits: int, rng: np.random.Generator) -> pa.Array:
    """Codes of random hexadecimal digits, as play makes them."""
    digits = _HEX[rng.integers(16, size=n * n_digits, dtype=np.uint8)]
    ends = np.arange(0, (n + 1) * n_digits, n_digits, dtype=np.int32)
    return pa.Array.from_buffers(pa.utf8(), n, [None, pa.py_buffer(ends), pa.py_buffer(digits)])


def same(value: object, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), n)


def nothing(n: int) -> pa.Array:
    return pa.nulls(n)


def named(names: Sequence[str], place: Ints, known: Masks | None = None) -> pa.Array:
    """The name at each place; nothing where it is not known."""
    return pc.take(pa.array(names), pa.array(place, mask=None if known is None else ~known))


def json_rows(numbers: Floats) -> pa.Array:
    """(n, m) → as many lists in JSON."""
    cells = [pc.cast(pa.array(column), pa.utf8()) for column in numbers.T]
    return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*cells, ", "), "]", "")


def json_squares(numbers: Floats) -> pa.Array:
    """(n, m, m) → as many lists of lists in JSON."""
    rows = [json_rows(row) for row in numbers.transpose(1, 0, 2)]
    return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*rows, ", "), "]", "")
