"""Agreement: how many volunteers said what the consensus says."""

from __future__ import annotations

from scoring.arrays import Masks


def agreement(choices: Masks, label: int) -> float | None:
    """Share in [0, 1] of the given choices (n, K) that contain the consensus label; None if there is none."""
    return float(choices[:, label].mean()) if len(choices) else None
