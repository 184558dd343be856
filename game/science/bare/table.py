"""Tables as people send them: CSV with comma, semicolon or tab, or Parquet, handed on in chunks of text cells."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from game.errors import InvalidInput

if TYPE_CHECKING:
    from _csv import Reader

PARQUET = ".parquet"
_DELIMITERS = ",;\t"
_CHUNK_ROWS = 10_000
# One cell of a Zooniverse export holds a whole drawing; csv's own limit is 131,072 characters.
_MAX_CELL_CHARACTERS = 50_000_000


@dataclass(frozen=True)
class Chunk:
    """Some rows: `cells` by heading, stripped, all as long as `lines`, which says where in the file each row stands."""

    lines: Sequence[int]
    cells: dict[str, list[str]]
    share_read: float  # of the file, in [0, 1]


@dataclass(frozen=True)
class Table:
    """`chunks` can be gone through once."""

    name: str
    headings: tuple[str, ...]
    chunks: Iterator[Chunk]
    decimal_comma: bool = False

    def heading(self, *words: str) -> str | None:
        """The heading that is one of these words, in any case. Raises InvalidInput if several are."""
        found = [heading for heading in self.headings if heading.casefold() in words]
        if len(found) > 1:
            raise InvalidInput(f"{self.name} has the columns {listed(found)}; only one of them can be meant.")
        return found[0] if found else None

    def number(self, cell: str) -> float:
        """Raises ValueError."""
        return float(cell.replace(",", ".") if self.decimal_comma else cell)


def open_table(path: Path) -> Table:
    """Raises InvalidInput, here or while its chunks are read, if the file is no such table or is empty."""
    if path.suffix.lower() == PARQUET:
        return _parquet(path)
    delimiter, headings = max((_headings(path, sign) for sign in _DELIMITERS), key=lambda found: len(found[1]))
    _check_headings(path, headings)
    return Table(path.name, tuple(headings), _chunks(path, delimiter), decimal_comma=delimiter == ";")


def pyarrow(name: str) -> Any:
    """A module of pyarrow, which is large and only needed for Parquet. Raises InvalidInput if it is missing."""
    try:
        return importlib.import_module(f"pyarrow.{name}")
    except ImportError:
        raise InvalidInput("Parquet needs pyarrow, which is not installed: pip install 'fathom[parquet]'.") from None


def unreadable(path: Path, problem: OSError) -> InvalidInput:
    return InvalidInput(f"{path} cannot be read: {problem.strerror or problem}.")


def listed(words: Iterable[str], most: int = 8) -> str:
    """“a”, “b” and 3 more."""
    quoted = [f"“{word}”" for word in words]
    more = f" and {len(quoted) - most:,} more" if len(quoted) > most else ""
    return ", ".join(quoted[:most]) + more


def counted(n: int, noun: str) -> str:
    """1 answer, 2 answers."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _headings(path: Path, delimiter: str) -> tuple[str, list[str]]:
    # A wrong guess at the delimiter meets quotes in the midst of cells, which is no fault of the file.
    with _opened(path) as opened, _reader(path, opened, delimiter, strict=False) as reader:
        return delimiter, _first_row(reader)


def _check_headings(path: Path, headings: list[str]) -> None:
    if not headings:
        raise InvalidInput(f"{path.name} is empty.")
    twice = sorted({heading for heading in headings if heading and headings.count(heading) > 1})
    if twice:
        raise InvalidInput(f"{path.name} has several columns {listed(twice)}.")


def _chunks(path: Path, delimiter: str) -> Iterator[Chunk]:
    with _opened(path) as opened, _reader(path, opened, delimiter) as reader:
        headings, n_bytes = _first_row(reader), max(path.stat().st_size, 1)
        before = reader.line_num
        while (found := _some(reader)).lengths:
            lines: Sequence[int] = range(before + 1, reader.line_num + 1)
            regular = set(found.lengths) == {len(headings)} and "" not in found.cells[:: len(headings)]
            if not regular or len(lines) != len(found.lengths):
                found, lines = _regular(path, found, before, len(headings))
            before = reader.line_num
            columns = (list(map(str.strip, found.cells[place :: len(headings)])) for place in range(len(headings)))
            yield Chunk(lines, dict(zip(headings, columns, strict=True)), min(opened.tell() / n_bytes, 1.0))


@dataclass(frozen=True)
class _Some:
    """Rows one after the other: as a list of lists, a million of them would keep Python's collector busy."""

    cells: list[str]
    lengths: list[int]


def _some(reader: Reader) -> _Some:
    found = _Some([], [])
    for row in islice(reader, _CHUNK_ROWS):
        found.cells.extend(row)
        found.lengths.append(len(row))
    return found


def _regular(path: Path, found: _Some, before: int, n_headings: int) -> tuple[_Some, list[int]]:
    """Without empty rows, and the line on which each ends. Raises InvalidInput for a row of another length."""
    cells, kept, lines, line = iter(found.cells), _Some([], []), list[int](), before
    for length in found.lengths:
        row = list(islice(cells, length))
        line += 1 + sum(cell.count("\n") for cell in row)  # Quoted cells may hold several lines.
        if not any(row):
            continue  # Spreadsheets leave rows of empty cells below a table.
        if length != n_headings:
            raise InvalidInput(f"{path.name}, line {line}, has {length} cells where the heading has {n_headings}.")
        kept.cells.extend(row)
        kept.lengths.append(length)
        lines.append(line)
    return kept, lines


def _first_row(reader: Reader) -> list[str]:
    """The headings; empty if there is nothing in the file."""
    return [cell.strip() for cell in next(filter(any, reader), [])]


@contextmanager
def _reader(path: Path, opened: BinaryIO, delimiter: str, strict: bool = True) -> Iterator[Reader]:
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    text = TextIOWrapper(opened, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=strict)
    try:
        yield reader
    except csv.Error as problem:
        raise InvalidInput(f"{path.name}, line {reader.line_num}, is no CSV: {problem}.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as problem:
        raise unreadable(path, problem) from None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as problem:
        raise unreadable(path, problem) from None


def _parquet(path: Path) -> Table:
    parquet = pyarrow("parquet")
    try:
        file = parquet.ParquetFile(path)
    except OSError as problem:
        raise unreadable(path, problem) from None
    except ValueError as problem:
        raise InvalidInput(f"{path.name} is no Parquet file: {problem}.") from None
    headings = list(file.schema_arrow.names)
    _check_headings(path, headings)
    return Table(path.name, tuple(headings), _parquet_chunks(path, file))


def _parquet_chunks(path: Path, file: Any) -> Iterator[Chunk]:
    """Rows count as lines, the first is 1; a null is an empty cell."""
    n_rows, done = max(file.metadata.num_rows, 1), 0
    for batch in file.iter_batches(_CHUNK_ROWS):
        lines = list(range(done + 1, done + batch.num_rows + 1))
        done += batch.num_rows
        named = zip(batch.schema.names, batch.columns, strict=True)
        yield Chunk(lines, {name: _text(path, name, column) for name, column in named}, done / n_rows)


def _text(path: Path, name: str, column: Any) -> list[str]:
    try:
        return ["" if cell is None else cell.strip() for cell in column.cast("string").to_pylist()]
    except (NotImplementedError, ValueError):
        kind = column.type
        raise InvalidInput(f"{path.name}: the column “{name}” holds {kind}, which is no text or number.") from None
