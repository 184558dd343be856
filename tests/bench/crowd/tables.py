"""What a part of the benchmark hands back, and how it is written: plain text for the screen, Markdown for the docs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers under a head; `note` says how it was measured."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """One line of the table of goals: `gap` ≥ 0 means reached, and by how much."""

    measure: str
    elsewhere: str  # the best of the others in this run
    goal: str
    reached: str
    gap: float

    @property
    def sign(self) -> str:
        return "✓" if self.gap >= 0 else "✗"


@dataclass(frozen=True)
class Figure:
    """A plot of the docs: the name of its file, what it shows in words, and how it is drawn into a path."""

    name: str
    caption: str
    draw: Callable[[Path], None]


@dataclass(frozen=True)
class Part:
    """Everything one part found."""

    title: str
    tables: list[Table]
    goals: list[Goal]
    figures: list[Figure] = field(default_factory=list)


def goals_table(goals: list[Goal]) -> Table:
    rows = [[goal.sign, goal.measure, goal.elsewhere, goal.goal, goal.reached] for goal in goals]
    return Table("Goals", ["", "measure", "best of the others, same run", "goal", "reached"], rows)


def text(table: Table) -> str:
    """Columns in line: the first to the left, numbers to the right."""
    lines = [table.head, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.head))]
    left = {column for column in range(len(widths)) if column == 0 or (len(table.rows) and _wordy(table, column))}
    body = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([f"\n{table.title}", *body, *([table.note] if table.note else [])]) + "\n"


def markdown(table: Table) -> str:
    marks = [":--" if column == 0 or _wordy(table, column) else "--:" for column in range(len(table.head))]
    lines = [table.head, marks, *table.rows]
    body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([f"### {table.title}\n", *body, "", *([table.note, ""] if table.note else [])])


def _wordy(table: Table, column: int) -> bool:
    return any(len(row[column]) > 14 for row in table.rows)


def document(parts: list[Part], folder: Path) -> None:
    """Writes docs/consensus.md and its plots: goals first, then every part with its tables and plots."""
    images = folder / "img"
    images.mkdir(parents=True, exist_ok=True)
    goals = markdown(goals_table([goal for part in parts for goal in part.goals]))
    pieces = [_HEAD, goals.replace("### Goals", "## Goals and what was reached")]
    for part in parts:
        pieces.append(f"\n## {part.title}\n")
        for figure in part.figures:
            figure.draw(images / figure.name)
            pieces.append(f"![{figure.caption}](img/{figure.name})\n\n*{figure.caption}*\n")
        pieces += [markdown(table) for table in part.tables]
    (folder / "consensus.md").write_text("\n".join(pieces))


_HEAD = """# The consensus, measured

Fathom's consensus beside everybody else's, on real crowds whose truth experts know. `make bench-consensus` ran every
method, measured, and wrote this page: no number on it was typed. Every method has one setting for all sets, its own
authors' where it is not ours; orders, gold and cheats are drawn by fixed seeds. The data are not part of the project:
they are read from `../shared/data/crowd` (or `FATHOM_SHARED_DATA`), and whatever other set lies there is measured, too.

Methods marked "own writing" have no package; they were written for this benchmark from their papers' equations.
"""
