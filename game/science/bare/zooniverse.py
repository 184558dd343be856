"""Zooniverse's classification export: one question with a single choice becomes rows of subject, volunteer, label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from game.errors import InvalidInput
from game.science.bare.rows import Progress, Rows
from game.science.bare.table import Chunk, Table, listed

MARKS = ("annotations", "subject_ids", "user_name")
OPTIONAL = ("workflow_id", "user_ip", "metadata", "gold_standard")

# (workflow, task)
Question = tuple[str, str]


@dataclass
class _Seen:
    """What a first look at all annotations found: how often each question was answered, and how it could not be."""

    choices: Counter[Question] = field(default_factory=Counter)
    unreadable: dict[Question, str] = field(default_factory=dict)
    rows: list[tuple[int, str, str, str, float, dict[Question, str]]] = field(default_factory=list)
    n_gold_standard: int = 0


def is_export(table: Table) -> bool:
    return set(table.headings) >= set(MARKS)


def read_rows(table: Table, asked: str | None, progress: Progress) -> Rows:
    """`asked` is TASK or WORKFLOW:TASK; None will do where only one question has single choices.

    Raises InvalidInput, naming the questions that there are, if it is not clear or not readable which is meant.
    """
    seen = _Seen()
    for chunk in table.chunks:
        _look_at(table.name, chunk, seen)
        progress(chunk.share_read, f"of {table.name} read")
    question = _question(table.name, seen, asked)
    rows = Rows()
    answering = [row for row in seen.rows if question in row[5]]
    for line, subject, volunteer, _, time_ms, said in answering:
        rows.lines.append(line)
        rows.time_ms.append(time_ms)
        rows.subject.extend((subject,))
        rows.volunteer.extend((volunteer,))
        rows.label.extend((said[question],))
    rows.notes.extend(_notes(seen, question, len(answering)))
    return rows


def _look_at(name: str, chunk: Chunk, seen: _Seen) -> None:
    empty = [""] * len(chunk.lines)
    columns = (chunk.cells.get(heading, empty) for heading in (*MARKS, *OPTIONAL))
    for line, answer, subject, user, workflow, ip, metadata, gold_standard in zip(chunk.lines, *columns, strict=True):
        said: dict[Question, str] = {}
        for task, value in _answers(name, line, answer):
            question = (workflow, task)
            label = _label(value)
            if label is None:
                seen.unreadable.setdefault(question, _kind(value))
            else:
                said[question] = label
                seen.choices[question] += 1
        volunteer = user or (f"not-logged-in-{ip}" if ip else "")
        seen.rows.append((line, subject, volunteer, workflow, _time_ms(metadata), said))
        seen.n_gold_standard += gold_standard.casefold() == "true"


def _answers(name: str, line: int, annotations: str) -> Iterator[tuple[str, Any]]:
    try:
        yield from _flat(json.loads(annotations))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InvalidInput(
            f"{name}, line {line}: annotations should be a JSON list of task and value; it is “{annotations[:40]}”."
        ) from None


def _flat(annotations: Any) -> Iterator[tuple[str, Any]]:
    """(task, value) of every answer; a combined task holds further ones."""
    for annotation in annotations:
        value = annotation["value"]
        if isinstance(value, list) and value and all(isinstance(part, dict) and "task" in part for part in value):
            yield from _flat(value)
        else:
            yield str(annotation["task"]), value


def _label(value: Any) -> str | None:
    """The single choice, empty if there is none; None for whatever else a task can ask for."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _kind(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "several choices at once"
    return "drawings, a survey or other things that are no single choice"


def _time_ms(metadata: str) -> float:
    """From opening the subject to the answer, by the browser's clock; NaN where that says nothing."""
    try:
        about = json.loads(metadata)
        begun, ended = (datetime.fromisoformat(about[moment]) for moment in ("started_at", "finished_at"))
        time_ms = (ended - begun).total_seconds() * 1000
    except (ValueError, TypeError, KeyError):
        return np.nan
    return time_ms if time_ms >= 0 else np.nan


def _question(name: str, seen: _Seen, asked: str | None) -> Question:
    readable = [question for question in seen.choices if question not in seen.unreadable]
    meant = [question for question in readable if asked in (None, question[1], ":".join(question))]
    if len(meant) == 1:
        return meant[0]
    for question, kind in seen.unreadable.items():
        if asked in (question[1], ":".join(question)):
            raise InvalidInput(
                f"The task {_name(question, seen)} of {name} asks for {kind}; only single choices can be read."
            )
    there = ", ".join(f"{_name(question, seen)} ({seen.choices[question]:,} answers)" for question in readable)
    if not there:
        raise InvalidInput(f"{name} holds no question with a single choice, the only kind that can be read.")
    if meant:
        raise InvalidInput(f"{name} holds several questions; choose one with --zooniverse-task: {there}.")
    raise InvalidInput(f"{name} has no task {listed([asked or ''])} with single choices; it has {there}.")


def _name(question: Question, seen: _Seen) -> str:
    """The task alone, or with its workflow if the export holds several."""
    several = len({workflow for workflow, _ in [*seen.choices, *seen.unreadable]}) > 1
    return ":".join(question) if several else question[1]


def _notes(seen: _Seen, question: Question, n_answering: int) -> Iterator[str]:
    yield f"Read the task {_name(question, seen)}, {n_answering:,} classifications."
    if n_answering < len(seen.rows):
        yield f"{len(seen.rows) - n_answering:,} classifications without an answer to it were left out."
    if seen.n_gold_standard:
        yield f"{seen.n_gold_standard:,} are marked gold_standard and count as any other; --gold takes experts' labels."
