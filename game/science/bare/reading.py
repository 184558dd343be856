"""Reading answers: a table of subject, volunteer and label, in any of three forms, becomes a crowd of numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from game.errors import InvalidInput
from game.science.bare import zooniverse
from game.science.bare.order import natural_order
from game.science.bare.rows import Progress, Rows
from game.science.bare.table import Chunk, Table, listed, open_table
from scoring.answers import Answers
from scoring.arrays import Floats, Ints

SUBJECT_WORDS, VOLUNTEER_WORDS = ("task", "subject"), ("worker", "volunteer")
# A confusion matrix has the square of it as entries, for every volunteer; whoever has more read the wrong column.
MOST_LABELS = 1000
FORMS = "task,worker,label or subject,volunteer,label, with time_ms where it is known, or a Zooniverse export"


class Keep(StrEnum):
    """Which answer counts when a volunteer gave a subject several."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True)
class Wishes:
    """How the file is to be read: `labels` in this order and no others, or None for those that answers name."""

    keep: Keep | None = None
    labels: tuple[str, ...] | None = None
    zooniverse_task: str | None = None


@dataclass(frozen=True)
class Crowd:
    """Answers in the order of subject and volunteer, whatever the file's; index i means the i-th name."""

    answers: Answers
    time_ms: Floats  # (N,), NaN where unknown
    subjects: tuple[str, ...]
    volunteers: tuple[str, ...]
    labels: tuple[str, ...]
    subject_word: str  # The file's own heading.
    notes: tuple[str, ...]  # Sentences: what was left out, and why.


def read_crowd(path: Path, wishes: Wishes, progress: Progress) -> Crowd:
    """Raises InvalidInput, in one sentence that names file and line, for whatever cannot be read."""
    table = open_table(path)
    if zooniverse.is_export(table):
        word, rows = "subject", zooniverse.read_rows(table, wishes.zooniverse_task, progress)
    else:
        if wishes.zooniverse_task is not None:
            raise InvalidInput(f"--zooniverse-task is given, but {table.name} is no Zooniverse classification export.")
        word, rows = _plain_rows(table, progress)
    return _crowd(table.name, word, rows, wishes)


def read_labels(name: str, labels: tuple[str, ...] | None, rows: Rows) -> tuple[str, ...]:
    """The labels, K ≥ 2, in their order. Raises InvalidInput for one that is unknown, or if there are too few."""
    named = [label for label in rows.label.code if label]
    if labels is None:
        labels = tuple(natural_order(named))
    unknown = [label for label in named if label not in labels]
    if unknown:
        line = rows.line_of(rows.label, unknown[0])
        raise InvalidInput(f"{name}, line {line}: --labels does not list {listed(unknown)}.")
    if len(labels) > MOST_LABELS:
        raise InvalidInput(
            f"{name} has {len(labels):,} different labels and at most {MOST_LABELS:,} can be judged; is “label” really "
            f"the label?"
        )
    if len(labels) < 2:
        only = f"Every answer of {name} is “{labels[0]}”" if labels else f"No answer of {name} names a label"
        raise InvalidInput(f"{only}; a consensus needs two labels at least (--labels can list them).")
    return labels


def _plain_rows(table: Table, progress: Progress) -> tuple[str, Rows]:
    subject, volunteer = table.heading(*SUBJECT_WORDS), table.heading(*VOLUNTEER_WORDS)
    label, time = table.heading("label"), table.heading("time_ms")
    if subject is None or volunteer is None or label is None:
        wanted = {"task": subject, "worker": volunteer, "label": label}
        missing = listed(word for word, found in wanted.items() if found is None)
        raise InvalidInput(
            f"{table.name} has no column {missing}; it has {listed(table.headings)} and should have {FORMS}."
        )
    rows = Rows()
    for chunk in table.chunks:
        rows.subject.extend(chunk.cells[subject])
        rows.volunteer.extend(chunk.cells[volunteer])
        rows.label.extend(chunk.cells[label])
        rows.lines.extend(chunk.lines)
        rows.time_ms.extend(_times_ms(table, chunk, time))
        progress(chunk.share_read, f"of {table.name} read")
    return subject, rows


def _times_ms(table: Table, chunk: Chunk, heading: str | None) -> list[float]:
    """NaN where the cell is empty or there is no such column."""
    if heading is None:
        return [np.nan] * len(chunk.lines)
    # A million times are read at once where all are well; otherwise the one that is not is looked for.
    with suppress(ValueError):
        times = np.array(list(map(float, chunk.cells[heading])))
        if ((times >= 0) & (times < np.inf)).all():
            return list(times.tolist())
    found = []
    for line, cell in zip(chunk.lines, chunk.cells[heading], strict=True):
        try:
            time_ms = table.number(cell) if cell else np.nan
        except ValueError:
            raise InvalidInput(f"{table.name}, line {line}: time_ms is “{cell}”, which is no number.") from None
        if time_ms < 0 or time_ms == np.inf:
            raise InvalidInput(f"{table.name}, line {line}: time_ms is “{cell}”, which is no duration.")
        found.append(time_ms)
    return found


def _crowd(name: str, word: str, rows: Rows, wishes: Wishes) -> Crowd:
    _check_rows(name, rows)
    labels = read_labels(name, wishes.labels, rows)
    subjects, volunteers = natural_order(rows.subject.code), natural_order(rows.volunteer.code)
    subject, volunteer = rows.subject.renumbered(subjects), rows.volunteer.renumbered(volunteers)
    given = rows.label.renumbered(labels)
    counted, notes = np.flatnonzero(given >= 0), [*rows.notes]
    if len(counted) < len(given):
        notes.append(f"{len(given) - len(counted):,} of {len(given):,} answers name no label: abstentions, kept out.")
    # A file's order means nothing: the same answers in another order give the same numbers to the last digit.
    place = subject * len(volunteers) + volunteer
    counted = counted[np.argsort(place[counted], kind="stable")]
    repeats = np.append(False, np.diff(place[counted]) == 0)
    if repeats.any():
        sentence = _said_twice(rows, counted[np.flatnonzero(repeats) - 1], counted[repeats])
        if wishes.keep is None:
            raise InvalidInput(f"{name}: {sentence}; say which answer counts with --keep first or --keep last.")
        notes.append(f"{sentence}; the {wishes.keep} one counts.")
        counted = counted[~(repeats if wishes.keep is Keep.FIRST else np.append(repeats[1:], False))]
    answers = Answers(subject[counted], volunteer[counted], given[counted], np.eye(len(labels), dtype=np.bool_))
    time_ms = np.array(rows.time_ms, dtype=np.float64)[counted]
    return Crowd(answers, time_ms, tuple(subjects), tuple(volunteers), labels, word, tuple(notes))


def _check_rows(name: str, rows: Rows) -> None:
    if not rows.lines:
        raise InvalidInput(f"{name} has a heading and no answers.")
    for column, of in ((rows.subject, "subject"), (rows.volunteer, "volunteer")):
        if "" in column.code:
            raise InvalidInput(f"{name}, line {rows.line_of(column, '')}: the {of} is empty.")


def _said_twice(rows: Rows, earlier: Ints, later: Ints) -> str:
    """One sentence about rows that repeat the one before: how many, how many contradict it, where the first stands."""
    n_contradicting = int((rows.label.column[earlier] != rows.label.column[later]).sum())
    first = int(later.argmin())
    was, again = int(earlier[first]), int(later[first])
    repeat = "answer repeats" if len(later) == 1 else "answers repeat"
    return (
        f"{len(later):,} {repeat} an earlier one of the same volunteer to the same subject, {n_contradicting:,} of "
        f"them with another label (line {rows.lines[again]}: volunteer “{rows.volunteer.name(again)}”, subject "
        f"“{rows.subject.name(again)}”, as in line {rows.lines[was]})"
    )
