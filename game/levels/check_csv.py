"""What the checker says about subjects.csv and gold.csv."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from game.levels.files import GOLD_COLUMNS, POINT_COLUMNS, SUBJECT_COLUMNS, Row, columns_of, rows_of
from game.levels.keys import did_you_mean, unknown
from game.levels.project import Gold, GoldUse, Project, SubjectKind


def csv_findings(folder: Path, subjects: Mapping[str, Any]) -> list[str]:
    """Findings about form: columns and cells. `subjects` is that table of project.toml."""
    points = POINT_COLUMNS if subjects["kind"] == SubjectKind.POINT else ()
    findings = []
    if "package" in subjects:
        if not (folder / "subjects.csv").exists():
            findings.append("subjects.csv is missing; list the package's files, one a line, under the heading file.")
        findings += _column_findings(folder / "subjects.csv", SUBJECT_COLUMNS)
    elif (folder / "subjects.csv").exists():
        findings.append("subjects.csv is only for a project whose pictures lie in a package; import yours instead.")
    findings += _column_findings(folder / "gold.csv", (GOLD_COLUMNS[0], *points, *GOLD_COLUMNS[1:]))
    return findings or [finding for row in rows_of(folder / "gold.csv") for finding in _gold_row_findings(row, points)]


def _column_findings(path: Path, wanted: tuple[str, ...]) -> list[str]:
    found = columns_of(path)
    if not path.exists() or found == wanted:
        return []
    strange = [unknown(f"{path.name}, line 1", name, list(wanted)) for name in found if name not in wanted]
    return strange or [f"{path.name}, line 1: the heading should be {','.join(wanted)}."]


def _gold_row_findings(row: Row, points: tuple[str, ...]) -> list[str]:
    place = f"gold.csv, line {row.line}"
    findings = []
    if row.cells["use"] not in list(GoldUse):
        findings.append(
            f"{place}: use = {row.cells['use']!r} is not known{did_you_mean(row.cells['use'], list(GoldUse))}"
        )
    for name in points:
        if not row.cells[name].isdecimal():
            findings.append(
                f"{place}: {name} = {row.cells[name]!r} should be a whole number of pixels from the top left."
            )
    return findings


def subject_findings(project: Project) -> list[str]:
    twice = {file for file in project.subjects if project.subjects.count(file) > 1}
    findings = [f"subjects.csv: {file!r} is listed twice; remove one." for file in sorted(twice)]
    if project.package and not project.subjects:
        findings.append("subjects.csv lists no file; add the package's files, one a line.")
    return findings


def gold_findings(project: Project) -> list[str]:
    """Findings about meaning: labels, files, explanations, and whether every label can be measured."""
    findings = []
    seen: set[tuple[str, int | None, int | None]] = set()
    for gold in project.gold:
        findings += _one_gold_findings(f"gold.csv, {gold.file!r}", gold, project)
        if (gold.file, gold.row, gold.column) in seen:
            findings.append(f"gold.csv, {gold.file!r} is listed twice; remove one.")
        seen.add((gold.file, gold.row, gold.column))
    measured = {gold.label for gold in project.gold if gold.use is GoldUse.HIDDEN}
    if project.package:
        findings += [
            f"gold.csv: no hidden gold for {label.code}, so nobody can be measured on it; add some."
            for label in project.labels
            if label.code not in measured
        ]
    return findings


def _one_gold_findings(place: str, gold: Gold, project: Project) -> list[str]:
    codes = [label.code for label in project.labels]
    findings = []
    if gold.label not in codes:
        findings.append(f"{place}: the label {gold.label!r} is not known{did_you_mean(gold.label, codes)}")
    if project.package and gold.file not in project.subjects:
        findings.append(f"{place}: the file is not in subjects.csv{did_you_mean(gold.file, list(project.subjects))}")
    if gold.use is GoldUse.TEACHING and not gold.why:
        findings.append(f"{place}: teaching gold explains itself; write in why what there is to see.")
    if gold.use is not GoldUse.TEACHING and gold.why:
        findings.append(f"{place}: {gold.use} gold never explains itself; leave why empty.")
    return findings
