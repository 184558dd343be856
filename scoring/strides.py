"""Strides: where EM creeps towards its fixed point, three of its steps tell how far away that is."""

from __future__ import annotations

import numpy as np

from scoring.arrays import TINY, Floats

# What EM finds in so many steps it finds by its own steps alone.
PLAIN = 12
LONGEST = 16.0  # Of a stride, in steps: two steps that hardly differ say little about the hundredth.


class Strides:
    """SQUAREM, Varadhan and Roland (2008), scheme S3, over what EM goes by: expected counts, and abilities beside them.

    Of θ₀, θ₁, θ₂, each a step after the one before, with r = θ₁ - θ₀ and v = θ₂ - θ₁ - r, the next step starts from
    θ₀ + 2α·r + α²·v, where α = |r| / |v| of the counts; α = 1 is θ₂ itself. The fixed point stays where it is.
    """

    def __init__(self) -> None:
        self._n_steps, self._before = 0, list[tuple[Floats, Floats]]()

    def further(self, counts: Floats, ability: Floats) -> tuple[Floats, Floats]:
        """Where the next step starts: at `counts` (V, K, K) and `ability` (V,) themselves; every third time ahead."""
        self._n_steps += 1
        if self._n_steps <= PLAIN:
            return counts, ability
        if len(self._before) < 2:
            self._before.append((counts, ability))
            return counts, ability
        (counts_0, ability_0), (counts_1, ability_1) = self._before
        self._before.clear()
        r, v = counts_1 - counts_0, counts - 2 * counts_1 + counts_0
        alpha = float(np.clip(np.linalg.norm(r) / max(float(np.linalg.norm(v)), TINY), 1.0, LONGEST))
        counts_0 = np.maximum(counts_0 + 2 * alpha * r + alpha**2 * v, 0.0)
        change, bend = ability_1 - ability_0, ability - 2 * ability_1 + ability_0
        return counts_0, ability_0 + 2 * alpha * change + alpha**2 * bend
