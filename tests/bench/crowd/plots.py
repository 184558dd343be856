"""The plots of docs/consensus.md: small SVG files that come out the same from the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from scoring.arrays import Floats
from tests.bench.crowd import ours

mpl.use("svg")
mpl.rcParams.update(
    {
        "svg.hashsalt": "fathom",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "grid.linewidth": 0.5,
    }
)
from matplotlib import pyplot as plt  # noqa: E402

# Okabe and Ito's colours tell everybody apart, colour-blind or not; ours is the strong blue.
OURS, OTHERS = "#0072b2", ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def colours(names: list[str]) -> dict[str, str]:
    others = iter(OTHERS * 3)
    return {name: OURS if name == ours.NAME else next(others) for name in names}


def save(figure, path: Path) -> None:  # type: ignore[no-untyped-def]
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    # matplotlib ends lines in blanks, which every diff would complain of.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def reliability(panels: Mapping[str, tuple[Floats, Floats, Floats]], path: Path) -> None:
    """A panel a method: mean confidence, accuracy and number of subjects of each bin; the diagonal is honesty."""
    figure, axes = plt.subplots(1, len(panels), figsize=(2.4 * len(panels), 2.7), sharey=True)
    for axis, (name, (confidence, right, n)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="#888888", linewidth=0.8)
        axis.bar(confidence, n / n.sum(), width=0.04, color="#cccccc")
        axis.plot(confidence, right, marker="o", markersize=4, color=OURS if name.startswith(ours.NAME) else OTHERS[0])
        axis.set(title=name, xlabel="stated confidence", xlim=(0, 1.02), ylim=(0, 1.02))
        axis.title.set_fontsize(9)
    np.atleast_1d(axes)[0].set_ylabel("accuracy (grey: share of subjects)")
    save(figure, path)


def curves(panels: Mapping[str, Mapping[str, tuple[Floats, Floats, Floats]]], path: Path) -> None:
    """A panel a set, a line a method: answers spent a subject, accuracy, spread over the orders."""
    n_columns = 3
    n_rows = -(-len(panels) // n_columns)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=(9, 2.7 * n_rows), squeeze=False)
    colour = colours(list(next(iter(panels.values()))))
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=False):
        for name, (spent, accuracy, spread) in lines.items():
            axis.plot(spent, accuracy, color=colour[name], marker=".", markersize=4, linewidth=1.2, label=name)
            axis.fill_between(spent, accuracy - spread, accuracy + spread, color=colour[name], alpha=0.12, linewidth=0)
        axis.set(title=title, xlabel="answers spent a subject, gold's counted", xlim=(0, 11))
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    axes[0, 0].set_ylabel("accuracy")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=len(names), frameon=False, bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    save(figure, path)


def gaps(found: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """A row a method, a dot a set: claimed - true at the stop, in points; 0 is a kept promise."""
    figure, axis = plt.subplots(figsize=(7, 0.5 * len(found) + 1))
    colour = colours(list(found))
    for height, (name, by_set) in enumerate(reversed(list(found.items()))):
        values = 100 * np.array(list(by_set.values()))
        axis.plot(values, np.full(len(values), height), "o", color=colour[name], alpha=0.6, markersize=6)
        axis.plot(values.mean(), height, "|", color=colour[name], markersize=22, markeredgewidth=2)
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.set(
        yticks=range(len(found)),
        yticklabels=list(found)[::-1],
        xlabel="claimed − true, points (dot: a set; bar: mean)",
    )
    axis.set_ylim(-0.6, len(found) - 0.4)
    save(figure, path)


def bars(values: Mapping[str, float], unit: str, path: Path) -> None:
    """A bar a method, on a logarithmic scale."""
    figure, axis = plt.subplots(figsize=(7, 0.4 * len(values) + 0.8))
    colour = colours(list(values))
    names = list(values)[::-1]
    drawn = axis.barh(names, [values[name] for name in names], color=[colour[name] for name in names])
    axis.bar_label(drawn, fmt="%.3g", padding=3)
    axis.set(xscale="log", xlabel=unit)
    save(figure, path)
