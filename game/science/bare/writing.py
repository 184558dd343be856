"""Writing columns as CSV or Parquet: all files or none, so that an error leaves nothing behind."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from game.errors import InvalidInput
from game.science.bare.sheets import Columns
from game.science.bare.table import PARQUET, pyarrow


def check_places(written: Iterable[Path], read: Iterable[Path]) -> None:
    """Raises InvalidInput, before any work is done, for a place where nothing can be written or that is read."""
    sources, taken = {path.resolve() for path in read}, set[Path]()
    for path in written:
        place = path.resolve()
        if place in sources:
            raise InvalidInput(f"{path} is one of the files that are read; it would be lost.")
        if place in taken:
            raise InvalidInput(f"{path} is named for two different files.")
        if place.exists() and not place.is_file():
            raise InvalidInput(f"{path} is no file that can be replaced.")
        if not place.parent.is_dir():
            raise InvalidInput(f"There is no folder {path.parent} to write {path.name} in.")
        if path.suffix.lower() not in ("", ".csv", ".txt", PARQUET):
            raise InvalidInput(f"{path.name} can be written as .csv or {PARQUET}, not as {path.suffix}.")
        if path.suffix.lower() == PARQUET:
            pyarrow("parquet")
        taken.add(place)


def write_all(files: Mapping[Path, Columns]) -> None:
    """Writes every file under another name, then gives all their names. Raises InvalidInput if that cannot be done."""
    unfinished: dict[Path, Path] = {}
    try:
        for path, columns in files.items():
            place = path.resolve()
            unfinished[place] = _written(place, parquet(columns) if _is_parquet(path) else text(columns).encode())
        for place, new in unfinished.items():
            new.replace(place)
    except OSError as problem:
        raise InvalidInput(f"{problem.filename} cannot be written: {problem.strerror}.") from None
    finally:
        for new in unfinished.values():
            new.unlink(missing_ok=True)


def text(columns: Columns) -> str:
    """CSV with one heading line; numbers with eight significant digits, nothing where there is nothing to say."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_cells(column) for column in columns.values()), strict=True))
    return lines.getvalue()


def parquet(columns: Columns) -> bytes:
    arrow, file = pyarrow("lib"), BytesIO()
    arrays = {name: arrow.array(column, from_pandas=True) for name, column in columns.items()}
    pyarrow("parquet").write_table(arrow.table(arrays), file)
    return file.getvalue()


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == PARQUET


def _cells(column: Sequence[str] | NDArray[Any]) -> Iterable[object]:
    if not isinstance(column, np.ndarray):
        return column
    if np.issubdtype(column.dtype, np.floating):
        return ["" if number != number else f"{number:.8g}" for number in column.tolist()]
    return list(column.tolist())


def _written(place: Path, content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).chmod(0o644)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)
