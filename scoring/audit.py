"""Audit: which subjects people judge without the model, and whether the model keeps what was promised for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from scoring.confusion import wilson

SHARE = 0.05


def judged_by_people_alone(subject_id: int) -> bool:
    """By lot, for ever the same: a SHARE of all subjects."""
    lot = int.from_bytes(hashlib.sha256(f"audit {subject_id}".encode()).digest()[:4])
    return lot < SHARE * 2**32


@dataclass(frozen=True)
class Audit:
    """Of `n` subjects that people judged alone and of which the model was sure it had `n_wrong` wrong, as people say.

    What people have wrong counts against the model, too: the state is taken back rather too early than too late.
    """

    n: int
    n_wrong: int

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share that is wrong, in [0, 1]."""
        low, high = wilson(self.n_wrong, self.n)
        return float(low), float(high)

    def kept(self, promised: float) -> bool:
        """Whether no more than a share of `promised` may still be wrong; nothing audited is nothing broken."""
        return self.n == 0 or self.bounds[0] <= promised
