"""What may come beside the answers: experts' labels, and a model's probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from game.errors import InvalidInput
from game.science.bare.reading import SUBJECT_WORDS, Crowd
from game.science.bare.table import Table, counted, listed, open_table
from scoring.arrays import Floats, Ints

NO_GOLD = -1
# Probabilities that were rounded to a few digits still count as summing to 1.
SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Gold:
    labels: Ints  # (S,), NO_GOLD where experts said nothing
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predictions:
    probabilities: Floats  # (S, K), rows sum to 1; NaN rows where there is none
    notes: tuple[str, ...] = ()


def no_gold(crowd: Crowd) -> Gold:
    return Gold(np.full(len(crowd.subjects), NO_GOLD))


def read_gold(path: Path, crowd: Crowd) -> Gold:
    """A table of subject and label. Raises InvalidInput for unknown labels, contradictions, or no known subject."""
    table = open_table(path)
    subject, label = table.heading(*SUBJECT_WORDS), table.heading("label")
    if subject is None or label is None:
        raise InvalidInput(
            f"{table.name} should have the columns {crowd.subject_word},label; it has {listed(table.headings)}."
        )
    said: dict[str, tuple[int, str]] = {}
    n_empty = 0
    for chunk in table.chunks:
        for line, name, given in zip(chunk.lines, chunk.cells[subject], chunk.cells[label], strict=True):
            if not given:
                n_empty += 1
                continue
            _check_label(table.name, line, given, crowd)
            before, same = said.setdefault(name, (line, given))
            if same != given:
                raise InvalidInput(f"{table.name}: lines {before} and {line} give subject “{name}” different labels.")
    if not said:
        raise InvalidInput(f"No row of {table.name} has a label, so there is no gold in it.")
    index, label_index = _index(crowd.subjects), _index(crowd.labels)
    labels = np.full(len(crowd.subjects), NO_GOLD)
    for name, (_, given) in said.items():
        if name in index:
            labels[index[name]] = label_index[given]
    notes = _notes(table.name, list(said), crowd, "gold label")
    return Gold(labels, (*notes, f"{counted(n_empty, 'row')} of {table.name} without a label.") if n_empty else notes)


def read_predictions(path: Path, crowd: Crowd) -> Predictions:
    """A table of subject and a column for every label, or of subject, label and probability.

    Raises InvalidInput for unknown or missing labels, subjects given twice, and rows that do not sum to 1.
    """
    table = open_table(path)
    subject = table.heading(*SUBJECT_WORDS)
    if subject is None:
        raise InvalidInput(f"{table.name} has no column “{crowd.subject_word}”; it has {listed(table.headings)}.")
    long = table.heading("label"), table.heading("probability")
    if long[0] is not None and long[1] is not None:
        found = _long(table, subject, (long[0], long[1]), crowd)
    else:
        found = _wide(table, subject, crowd)
    probabilities = np.full((len(crowd.subjects), len(crowd.labels)), np.nan)
    index, lines = _index(crowd.subjects), dict[str, int]()
    for line, name, row in found:
        if name in lines:
            raise InvalidInput(f"{table.name}: lines {lines[name]} and {line} both predict subject “{name}”.")
        lines[name] = line
        if abs(row.sum() - 1) > SUM_TOLERANCE:
            raise InvalidInput(
                f"{table.name}, line {line}: the probabilities of subject “{name}” sum to {row.sum():.4g}, not 1."
            )
        if name in index:
            probabilities[index[name]] = row / row.sum()
    return Predictions(probabilities, _notes(table.name, list(lines), crowd, "prediction"))


def _wide(table: Table, subject: str, crowd: Crowd) -> Iterator[tuple[int, str, Floats]]:
    columns = _label_columns(table, subject, crowd)
    for chunk in table.chunks:
        cells = [
            [_probability(table, *cell) for cell in zip(chunk.lines, chunk.cells[name], strict=True)]
            for name in columns
        ]
        yield from zip(chunk.lines, chunk.cells[subject], np.array(cells).T, strict=True)


def _label_columns(table: Table, subject: str, crowd: Crowd) -> list[str]:
    """The headings of the labels in their order: all named “p_…”, as consensus.csv is, or all without."""
    for named in ([f"p_{label}" for label in crowd.labels], list(crowd.labels)):
        if set(named) <= set(table.headings):
            others = [] if named[0].startswith("p_") else _others(table, subject, named)
            if others:
                raise InvalidInput(
                    f"{table.name} predicts {listed(others)}, which no answer names; --labels can list all labels."
                )
            return named
    missing = [label for label in crowd.labels if label not in table.headings]
    raise InvalidInput(f"{table.name} has no column for {listed(missing)}; every label needs one.")


def _others(table: Table, subject: str, named: list[str]) -> list[str]:
    return [heading for heading in table.headings if heading and heading != subject and heading not in named]


def _long(table: Table, subject: str, named: tuple[str, str], crowd: Crowd) -> Iterator[tuple[int, str, Floats]]:
    label, probability = named
    label_index = _index(crowd.labels)
    rows: dict[str, tuple[int, Floats]] = {}
    for chunk in table.chunks:
        cells = (chunk.cells[name] for name in (subject, label, probability))
        for line, name, of, cell in zip(chunk.lines, *cells, strict=True):
            _check_label(table.name, line, of, crowd)
            _, row = rows.setdefault(name, (line, np.full(len(crowd.labels), np.nan)))
            if not np.isnan(row[label_index[of]]):
                raise InvalidInput(f"{table.name}, line {line}: subject “{name}” has the label “{of}” a second time.")
            row[label_index[of]] = _probability(table, line, cell)
    for name, (line, row) in rows.items():
        yield line, name, np.nan_to_num(row)


def _probability(table: Table, line: int, cell: str) -> float:
    try:
        probability = table.number(cell)
    except ValueError:
        probability = np.nan
    if not 0 <= probability <= 1:
        raise InvalidInput(f"{table.name}, line {line}: “{cell}” is no probability from 0 to 1.")
    return probability


def _check_label(name: str, line: int, label: str, crowd: Crowd) -> None:
    if label not in crowd.labels:
        raise InvalidInput(
            f"{name}, line {line}: “{label}” is a label that no answer names; there are {listed(crowd.labels)}. "
            f"If it is meant, --labels can list all labels."
        )


def _notes(name: str, subjects: Sequence[str], crowd: Crowd, what: str) -> tuple[str, ...]:
    """`subjects` are those that the file names. Raises InvalidInput if nobody was asked about any."""
    n_known = len(set(subjects) & set(crowd.subjects))
    if n_known == 0:
        others = f" It names “{subjects[0]}”, the answers “{crowd.subjects[0]}”." if subjects else ""
        raise InvalidInput(
            f"None of the subjects of {name} has answers; are the two files of the same subjects?{others}"
        )
    n_left_out = len(subjects) - n_known
    left_out = f"; left out, because nobody was asked about them: {n_left_out:,}" if n_left_out else ""
    return (f"{counted(n_known, what)} from {name}{left_out}.",)


def _index(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}
