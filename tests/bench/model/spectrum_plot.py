"""The picture of docs/transfer.md: a panel a set, for each way how often it is right where it never looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.crowd.plots import OTHERS, OURS, plt, save

FIGURES = ("groups", "labels", "macro-F1")


def plot(panels: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> None:
    """Set → way → its FIGURES."""
    figure, axes = plt.subplots(1, len(panels), figsize=(3.8 * len(panels), 2.6), squeeze=False, sharex=True)
    for axis, (title, ways) in zip(axes[0], panels.items(), strict=True):
        for place, found in enumerate(ways.values()):
            for figure_name, value, colour in zip(FIGURES, found, (OURS, *OTHERS), strict=False):
                axis.plot(value, place, marker="o", markersize=6, color=colour, linestyle="", label=figure_name)
        axis.set(title=title, xlabel="on photographs never seen", xlim=(0.3, 0.95))
        axis.set_yticks(range(len(ways)), list(ways))
        axis.set_ylim(len(ways) - 0.5, -0.5)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles[: len(FIGURES)], names[: len(FIGURES)], loc="upper center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.9))
    save(figure, path)
