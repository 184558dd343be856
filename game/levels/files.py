"""The raw files of a project's folder: text, TOML and CSV, before anybody has judged what they say."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from game.errors import LevelError

GOLD_COLUMNS = ("file", "label", "use", "why")
POINT_COLUMNS = ("row", "column")
SUBJECT_COLUMNS = ("file",)


@dataclass(frozen=True)
class Row:
    """One row of a CSV file; `line` counts from 1, the heading being line 1."""

    line: int
    cells: Mapping[str, str]


def toml_document(path: Path) -> dict[str, Any]:
    """Raises LevelError if the file is missing or is not TOML."""
    try:
        return tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as problem:
        raise LevelError(f"{path.name} cannot be read as TOML: {problem}.") from None


def text_of(path: Path) -> str:
    """Raises LevelError if the file is missing or is not UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise LevelError(f"{path.name} is missing from {path.parent}; write one.") from None
    except UnicodeDecodeError:
        raise LevelError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None


def columns_of(path: Path) -> tuple[str, ...]:
    """The heading of a CSV file; empty if there is no such file."""
    lines = text_of(path).splitlines() if path.exists() else []
    return tuple(next(csv.reader(lines), []))


def rows_of(path: Path) -> tuple[Row, ...]:
    """The rows of a CSV file, every cell stripped; empty if there is no such file."""
    if not path.exists():
        return ()
    reader = csv.DictReader(StringIO(text_of(path), newline=""), strict=True)
    try:
        return tuple(_rows(path.name, reader))
    except csv.Error as problem:
        raise LevelError(f"{path.name}, line {reader.line_num} cannot be read as CSV: {problem}.") from None


def _rows(name: str, reader: csv.DictReader[str]) -> Iterator[Row]:
    for cells in reader:
        if None in cells:
            raise LevelError(f"{name}, line {reader.line_num} has too many cells; put text with commas in quotes.")
        yield Row(reader.line_num, {column: (cell or "").strip() for column, cell in cells.items()})


def steps_of(text: str) -> tuple[str, ...]:
    """Parts of a text that lines of three dashes separate."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip() == "---":
            parts.append([])
        else:
            parts[-1].append(line)
    return tuple("\n".join(part).strip() for part in parts)
