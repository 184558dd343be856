"""CSV files of a release, read with a plain sentence about every cell that cannot be right."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from game.errors import TrainingError


class Row(dict[str, str]):
    """Cells by column; `where` names file and line for whoever has to mend it."""

    where: str = ""


def read_table(file: Path, columns: Sequence[str]) -> list[Row]:
    """Raises TrainingError if the file or one of the `columns` is missing, or if it is not text."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened, restval="")
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise TrainingError(f"{file.name} has no column “{missing[0]}”.")
            return [_row(cells, f"{file.name}, line {reader.line_num}") for cells in reader]
    except FileNotFoundError:
        raise TrainingError(f"The release has no {file.name}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise TrainingError(f"{file.name} cannot be read as CSV in UTF-8.") from None


def write_table(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """How many rows were written."""
    n_rows = 0
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            n_rows += 1
    return n_rows


def named(row: Row, column: str, known: Mapping[str, int]) -> int:
    """The place of what the cell names."""
    if row[column] not in known:
        raise TrainingError(f"{row.where}: the release knows no {column} “{row[column]}”.")
    return known[row[column]]


def number(row: Row, column: str) -> float:
    """In [0, 1]."""
    try:
        value = float(row[column])
    except KeyError:
        raise TrainingError(f"{row.where}: there is no column “{column}”.") from None
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise TrainingError(f"{row.where}: {column} is “{row[column]}”; it must be a number from 0 to 1.")
    return value


def pixel(row: Row, column: str) -> int:
    text = row.get(column) or ""
    if not text.isdecimal():
        raise TrainingError(f"{row.where}: {column} is “{text}”; a point needs whole pixels, counted from 0.")
    return int(text)


def _row(cells: Mapping[str, str], where: str) -> Row:
    row = Row(cells)
    row.where = where
    return row
