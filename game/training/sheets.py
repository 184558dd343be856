"""The figures of metrics.json as tables, for a spreadsheet: a line for a label, a bin, a share, never for a subject."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from game.training.tables import write_table

Line = list[Any]
Metrics = Mapping[str, Any]

APART = ("low", "high")
COLUMNS = {
    "figures.csv": ["among", "figure", "value", "low", "high"],
    "per_label.csv": [
        "among", "code", "n", "n_given",
        *(f"{name}{end}" for name in ("precision", "recall", "f1") for end in ("", "_low", "_high")),
    ],
    "confusion.csv": ["among", "true", "given", "n"],
    "reliability.csv": ["among", "calibrated", "n", "confidence", "right", "low", "high"],
    "coverage.csv": ["among", "share", "n", "confidence", "accuracy", "low", "high"],
    "cover.csv": [
        "among", "code", "experts", "machine", "crowd", "machine_error", "machine_error_low", "machine_error_high",
        "crowd_error", "crowd_error_low", "crowd_error_high",
    ],
    "learning_curve.csv": ["of", "share", "n_subjects", "n_answers", "accuracy", "low", "high", "macro_f1"],
    "ways.csv": ["way", "chosen", "loss", "accuracy", "gain", "error", "why"],
}  # fmt: skip


def write_sheets(folder: Path, metrics: Metrics) -> dict[str, int]:
    """File → how many rows. Only of what was measured: whole images have no cover."""
    rows = {
        "figures.csv": _figures(metrics),
        "per_label.csv": _labels(metrics),
        "confusion.csv": _confusion(metrics),
        "reliability.csv": _reliability(metrics),
        "coverage.csv": _points(metrics, "coverage", COLUMNS["coverage.csv"][1:]),
        "cover.csv": _cover(metrics),
        "learning_curve.csv": (
            [metrics["learning_curve_of"], *(point[name] for name in COLUMNS["learning_curve.csv"][1:])]
            for point in metrics["learning_curve"]
        ),
        "ways.csv": _ways(metrics),
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


def _figures(metrics: Metrics) -> Iterator[Line]:
    """Whatever is a single number; what was not measured has no line."""
    for among, figures in _among(metrics):
        for name in ("accuracy", "macro_f1", "ece"):
            yield [among, name, figures[name], *_ends(figures["interval"][name])]
        yield [among, "majority_accuracy", figures["majority_accuracy"], *_ends(None)]
    before = metrics["uncalibrated"]
    yield ["labels", "uncalibrated_ece", before["ece"], *_ends(before["interval"]["ece"])]
    for among, cover in _among(metrics["cover"]) if metrics["cover"] else ():
        for name in ("machine_error", "crowd_error"):
            if cover[name]:
                yield [among, f"cover_{name}", *_error(cover[name])]
    if transfer := metrics.get("transfer"):
        yield ["labels", "transfer_gain", transfer["gain"], *(_cell(transfer[end]) for end in APART)]
        yield ["labels", "scratch_accuracy", transfer["scratch"], *_ends(None)]
    if elsewhere := metrics.get("elsewhere"):
        ends = (_cell(elsewhere[end]) for end in APART)
        yield ["labels", "unseen_site_accuracy", elsewhere["unseen"], *ends]


def _labels(metrics: Metrics) -> Iterator[Line]:
    for among, figures in _among(metrics):
        for line in figures["per_label"]:
            shares = [
                each for name in ("precision", "recall", "f1") for each in (line[name], *_ends(line["interval"][name]))
            ]
            yield [among, line["code"], line["n"], line["n_given"], *shares]


def _confusion(metrics: Metrics) -> Iterator[Line]:
    for among, figures in _among(metrics):
        codes = [line["code"] for line in figures["per_label"]]
        for true, row in zip(codes, figures["confusion"], strict=True):
            yield from ([among, true, given, n] for given, n in zip(codes, row, strict=True))


def _ways(metrics: Metrics) -> Iterator[Line]:
    for one in (metrics.get("method") or {"ways": ()})["ways"]:
        measured = (_cell(one[name]) for name in ("loss", "accuracy", "gain", "error"))
        yield [one["way"], "yes" if one["chosen"] else "no", *measured, one["why"]]


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
