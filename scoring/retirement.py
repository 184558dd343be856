"""Retirement: when a subject leaves play, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class RetirementReason(StrEnum):
    CONFIDENT = "confident"
    CONTESTED = "contested"
    BAD_IMAGE = "bad_image"
    MACHINE_ACCEPTED = "machine_accepted"


@dataclass(frozen=True)
class RetirementRule:
    """`confidence` in [0, 1]; `minimum`, `maximum` and `bad_image` count classifications.

    `minimum_with_model` takes the place of `minimum` where the model and everybody who answered name the same.
    `machine_accepts_at`: the model's own confidence, in [0, 1], from which a subject that nobody answered leaves play
    without people, or None for never.
    """

    confidence: float = 0.95
    minimum: int = 3
    maximum: int = 15
    bad_image: int = 3
    minimum_with_model: int = 2
    machine_accepts_at: float | None = None

    @property
    def with_model(self) -> RetirementRule:
        """For a subject on which the model and everybody who answered agree."""
        return replace(self, minimum=min(self.minimum, self.minimum_with_model))


def retirement_reason(
    confidence: float,
    n_given: int,
    n_bad_image: int,
    rule: RetirementRule,
    n_cant_tell: int = 0,
) -> RetirementReason | None:
    """Why a subject leaves play, or None while it stays; `n_given` counts classifications that are labels."""
    if confidence >= rule.confidence and n_given >= rule.minimum:
        return RetirementReason.CONFIDENT
    if n_bad_image >= rule.bad_image:
        return RetirementReason.BAD_IMAGE
    if n_given + n_cant_tell >= rule.maximum:
        return RetirementReason.CONTESTED
    return None
