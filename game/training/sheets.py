"""The figures of metrics.json as tables, for a spreadsheet: a line for a label, a bin, a share, never for a subject."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from game.training.tables import write_table

Line = list[Any]
Metrics = Mapping[str, Any]

APART = ("low", "high")
COLUMNS = {
    "per_label.csv": [
        "among", "code", "n", "n_given",
        *(f"{name}{end}" for name in ("precision", "recall", "f1") for end in ("", "_low", "_high")),
    ],
    "reliability.csv": ["among", "calibrated", "n", "confidence", "right", "low", "high"],
    "coverage.csv": ["among", "share", "n", "confidence", "accuracy", "low", "high"],
    "cover.csv": [
        "among", "code", "experts", "machine", "crowd", "machine_error", "machine_error_low", "machine_error_high",
        "crowd_error", "crowd_error_low", "crowd_error_high",
    ],
    "learning_curve.csv": ["share", "n_subjects", "n_answers", "accuracy", "low", "high", "macro_f1"],
}  # fmt: skip


def write_sheets(folder: Path, metrics: Metrics) -> dict[str, int]:
    """File → how many rows. Only of what was measured: whole images have no cover."""
    rows = {
        "per_label.csv": _labels(metrics),
        "reliability.csv": _reliability(metrics),
        "coverage.csv": _points(metrics, "coverage", COLUMNS["coverage.csv"][1:]),
        "cover.csv": _cover(metrics),
        "learning_curve.csv": (
            [point[name] for name in COLUMNS["learning_curve.csv"]] for point in metrics["learning_curve"]
        ),
    }
    return {
        file: write_table(folder / file, COLUMNS[file], lines)
        for file, lines in rows.items()
        if file != "cover.csv" or metrics["cover"]
    }


def _among(metrics: Metrics) -> Iterator[tuple[str, Metrics]]:
    """The figures by label and, where there are any, by group."""
    yield "labels", metrics
    if metrics["groups"]:
        yield "groups", metrics["groups"]


def _labels(metrics: Metrics) -> Iterator[Line]:
    for among, figures in _among(metrics):
        for line in figures["per_label"]:
            shares = [
                each for name in ("precision", "recall", "f1") for each in (line[name], *_ends(line["interval"][name]))
            ]
            yield [among, line["code"], line["n"], line["n_given"], *shares]


def _points(metrics: Metrics, figure: str, columns: list[str]) -> Iterator[Line]:
    for among, figures in _among(metrics):
        for point in figures[figure]:
            yield [among, *(point[name] for name in columns)]


def _reliability(metrics: Metrics) -> Iterator[Line]:
    columns = COLUMNS["reliability.csv"][2:]
    for line in _points(metrics, "reliability", columns):
        yield [line[0], "yes", *line[1:]]
    for point in metrics["uncalibrated"]["reliability"]:
        yield ["labels", "no", *(point[name] for name in columns)]


def _cover(metrics: Metrics) -> Iterator[Line]:
    for among, figures in _among(metrics["cover"]) if metrics["cover"] else ():
        for line in figures["per_label"]:
            errors = [each for who in ("machine_error", "crowd_error") for each in _error(line[who])]
            yield [among, line["code"], line["experts"], line["machine"], _cell(line["crowd"]), *errors]


def _error(error: Metrics | None) -> Line:
    return ["", "", ""] if error is None else [error["mean"], *_ends(error["interval"])]


def _ends(interval: Metrics | None) -> Line:
    return ["", ""] if interval is None else [interval[end] for end in APART]


def _cell(value: float | None) -> float | str:
    return "" if value is None else value
