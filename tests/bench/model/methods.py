"""The further methods by name; all of them together write docs/methods.md."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from tests.bench.crowd.data import ROOT
from tests.bench.crowd.tables import text
from tests.bench.model import report
from tests.bench.model.prose import WORDS

PARTS = tuple(WORDS)


def run(names: Sequence[str]) -> None:
    parts = {name: _part(name) for name in names}
    if set(names) == set(PARTS):
        report.document(parts, ROOT / "docs")
        sys.stdout.write("\nWritten: docs/methods.md and its plots in docs/img.\n")


def _part(name: str) -> report.Part:
    sys.stdout.write(f"{name} …\n")
    sys.stdout.flush()
    found: report.Part = importlib.import_module(f"tests.bench.model.{name}").part()
    for table in found.tables:
        sys.stdout.write(text(table))
    sys.stdout.flush()
    return found
