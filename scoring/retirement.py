"""Retirement: when a subject leaves play, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RetirementReason(StrEnum):
    CONFIDENT = "confident"
    CONTESTED = "contested"
    BAD_IMAGE = "bad_image"


@dataclass(frozen=True)
class RetirementRule:
    """`confidence` in [0, 1]; the others count classifications."""

    confidence: float = 0.95
    minimum: int = 3
    maximum: int = 15
    bad_image: int = 3


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
