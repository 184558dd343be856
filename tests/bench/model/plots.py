"""The plots of docs/methods.md, in the manner of the consensus's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scoring.arrays import Floats
from tests.bench.crowd.plots import OTHERS, OURS, plt, save


def dots(found: Mapping[str, Mapping[str, Floats]], measure: str, path: Path) -> None:
    """A row a method, a dot a place (its mean over seeds), a bar their mean; `found`: place → method → (seeds,)."""
    methods = list(next(iter(found.values())))
    figure, axis = plt.subplots(figsize=(7, 0.45 * len(methods) + 0.9))
    for height, method in enumerate(reversed(methods)):
        values = np.array([np.mean(of[method]) for of in found.values()])
        axis.plot(values, np.full(len(values), height), "o", color=OURS, alpha=0.6, markersize=6)
        axis.plot(values.mean(), height, "|", color=OTHERS[0], markersize=20, markeredgewidth=2)
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.set(yticks=range(len(methods)), yticklabels=methods[::-1], xlabel=measure)
    axis.set_ylim(-0.6, len(methods) - 0.4)
    save(figure, path)


def curves(panels: Mapping[str, Mapping[str, tuple[Floats, Floats]]], steps: list[int], asked: str, path: Path) -> None:
    """A panel a set, a line a method: mean (N,) and spread (N,) of the accuracy at each of `steps` (N,)."""
    n_columns = min(len(panels), 2)
    n_rows = -(-len(panels) // n_columns)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=(4.4 * n_columns, 2.9 * n_rows), squeeze=False)
    colours = (OURS, *OTHERS)
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=False):
        for colour, (name, (mean, spread)) in zip(colours, lines.items(), strict=False):
            axis.plot(steps, mean, color=colour, marker="o", markersize=3, linewidth=1.2, label=name)
            axis.fill_between(steps, mean - spread, mean + spread, color=colour, alpha=0.12, linewidth=0)
        axis.set(title=title, xlabel=asked, xscale="log", xticks=steps, xticklabels=steps)
        axis.minorticks_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("accuracy by label")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=2, frameon=False, bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    save(figure, path)


def shares(panels: Mapping[str, Mapping[str, Floats]], names: list[str], path: Path) -> None:
    """A panel a set, bars of every method side by side: the share of times that each of `names` was asked."""
    figure, axes = plt.subplots(-(-len(panels) // 2), 2, figsize=(8.8, 2.6 * -(-len(panels) // 2)), sharey=True)
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=True):
        width = 0.8 / len(lines)
        for place, (colour, (name, share)) in enumerate(zip((OURS, *OTHERS), lines.items(), strict=False)):
            axis.bar(
                np.arange(len(names)) + (place - (len(lines) - 1) / 2) * width, share, width, color=colour, label=name
            )
        axis.set(title=title, xlabel="layer", xticks=range(len(names)), xticklabels=names, ylim=(0, 1.02))
        axis.set_ylabel("share")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    save(figure, path)
