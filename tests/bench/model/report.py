"""What each further method found, and how docs/methods.md is written from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.crowd.tables import Figure, Table, markdown
from tests.bench.model.prose import HEAD, WORDS


@dataclass(frozen=True)
class Part:
    """What one method's measurement found."""

    tables: list[Table]
    figures: list[Figure]


def document(parts: Mapping[str, Part], folder: Path) -> None:
    """Writes docs/methods.md and its plots: the verdicts first, then every method with its tables."""
    pieces = [HEAD, *(f"- *{WORDS[name].title}.* {WORDS[name].verdict}" for name in parts)]
    for name, part in parts.items():
        pieces.append(f"\n## {WORDS[name].title}\n\n{WORDS[name].about}\n")
        for figure in part.figures:
            figure.draw(folder / "img" / figure.name)
            pieces.append(f"![{figure.caption}](img/{figure.name})\n\n*{figure.caption}*\n")
        pieces += [markdown(table) for table in part.tables]
    (folder / "methods.md").write_text("\n".join(pieces).rstrip() + "\n")
