"""Features of subjects: what a model sees of each, from numpy's own files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from game.errors import InvalidInput
from game.science.bare.reading import SUBJECT_WORDS, Crowd
from game.science.bare.table import counted, listed, unreadable
from scoring.arrays import Floats


@dataclass(frozen=True)
class Features:
    rows: Floats  # (S, D); NaN rows where there are none
    notes: tuple[str, ...] = ()


def read_features(path: Path, ids: Path | None, crowd: Crowd) -> Features:
    """An .npy (rows, D) whose row i is of subject i, or of the i-th line of `ids`; or an .npz of `ids` and `features`.

    Raises InvalidInput.
    """
    loaded = _load(path)
    if isinstance(loaded, np.ndarray):
        matrix = loaded
        names = _lines(ids) if ids is not None else None
    else:
        if ids is not None or set(loaded) != {"ids", "features"}:
            raise InvalidInput(f"{path.name} should hold the arrays ids and features, and then needs no --feature-ids.")
        matrix, names = loaded["features"], [str(name) for name in loaded["ids"].tolist()]
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.number) or np.iscomplexobj(matrix) or not matrix.size:
        raise InvalidInput(f"{path.name} should hold numbers, a row for every subject; its shape is {matrix.shape}.")
    if names is not None and len(names) != len(matrix):
        raise InvalidInput(f"{path.name} has {len(matrix):,} rows of features and {len(names):,} ids.")
    place = _places(path.name, len(matrix), names, crowd)
    rows = np.full((len(crowd.subjects), matrix.shape[1]), np.nan)
    known = np.flatnonzero(place >= 0)
    rows[known] = matrix[place[known]]
    if not np.isfinite(rows[known]).all():
        worst = known[~np.isfinite(rows[known]).all(axis=1)][0]
        raise InvalidInput(
            f"{path.name}: the features of subject “{crowd.subjects[worst]}” are not all finite numbers."
        )
    beyond = len(matrix) - len(known)
    left_out = f"; {counted(beyond, 'row')} of subjects that nobody was asked about" if beyond else ""
    note = f"Features of {len(known):,} of {len(crowd.subjects):,} subjects, {matrix.shape[1]:,} each{left_out}."
    return Features(rows, (note,))


def _load(path: Path) -> Any:
    """An array or a mapping of arrays; nothing in the file is ever run."""
    try:
        loaded = np.load(path, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except OSError as problem:
        raise unreadable(path, problem) from None
    except (ValueError, EOFError, BadZipFile):
        raise InvalidInput(f"{path.name} is no .npy or .npz file of numbers.") from None


def _lines(path: Path) -> list[str]:
    """One id a line, below a heading or not."""
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except OSError as problem:
        raise unreadable(path, problem) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None
    return names[1:] if names and names[0].casefold() in SUBJECT_WORDS else names


def _places(name: str, n_rows: int, names: list[str] | None, crowd: Crowd) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which row is of each subject (S,); -1 for none."""
    if names is None:
        return _numbered(name, n_rows, crowd)
    twice = len(names) - len(set(names))
    if twice:
        raise InvalidInput(f"{name}: {twice:,} ids stand twice.")
    index = {subject: row for row, subject in enumerate(names)}
    place = np.array([index.get(subject, -1) for subject in crowd.subjects])
    if (place < 0).all():
        raise InvalidInput(f"None of the ids of {name} has answers; are the two files of the same subjects?")
    return place


def _numbered(name: str, n_rows: int, crowd: Crowd) -> np.ndarray[Any, np.dtype[np.int64]]:
    strange = [subject for subject in crowd.subjects if not re.fullmatch(r"\d+", subject) or int(subject) >= n_rows]
    if strange:
        raise InvalidInput(
            f"{name} has {n_rows:,} rows for the subjects 0 to {n_rows - 1:,}, and there are answers to "
            f"{listed(strange, 3)}; --feature-ids can say whose each row is."
        )
    return np.array([int(subject) for subject in crowd.subjects])
