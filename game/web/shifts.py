"""The geometry of a comparison of two versions, in the units of an SVG's viewBox; templates only draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from game.science.comparison import Comparison, LabelShift, Shift

BAR = 1000.0
MIDDLE = BAR / 2
# The ends of the scale, in points, are a multiple of this.
STEP_POINTS = 10


@dataclass(frozen=True)
class Band:
    """A difference on a line of BAR with none in its MIDDLE; also in whole percentage points. `towards` "better" or
    "worse" if that is sure, else ""."""

    told: Shift
    x: float
    low_x: float
    high_x: float
    points: int
    low_points: int
    high_points: int
    towards: str


@dataclass(frozen=True)
class LabelLine:
    told: LabelShift
    recall: Band
    precision: Band
    f1: Band


@dataclass(frozen=True)
class ComparisonPlot:
    """All bands have the same scale, which ends at plus and minus `scale_points`."""

    accuracy: Band
    macro_f1: Band
    labels: tuple[LabelLine, ...]
    scale_points: int
    bar: float = BAR
    middle: float = MIDDLE


def comparison_plot(found: Comparison) -> ComparisonPlot:
    shifts = [found.accuracy, found.macro_f1, *(label.f1 for label in found.labels)]
    scale = _scale(shifts)
    lines = tuple(
        LabelLine(label, _band(label.recall, scale), _band(label.precision, scale), _band(label.f1, scale))
        for label in found.labels
    )
    return ComparisonPlot(_band(found.accuracy, scale), _band(found.macro_f1, scale), lines, scale)


def _scale(shifts: Sequence[Shift]) -> int:
    farthest = max(max(abs(shift.low), abs(shift.high)) for shift in shifts)
    return max(ceil(round(100 * farthest, 6) / STEP_POINTS) * STEP_POINTS, STEP_POINTS)


def _band(shift: Shift, scale_points: int) -> Band:
    def place(difference: float) -> float:
        return round(min(max(MIDDLE + MIDDLE * 100 * difference / scale_points, 0), BAR), 1)

    towards = "" if not shift.sure else "better" if shift.low > 0 else "worse"
    x, low_x, high_x = (place(one) for one in (shift.difference, shift.low, shift.high))
    points, low, high = (round(100 * one) for one in (shift.difference, shift.low, shift.high))
    return Band(shift, x, low_x, high_x, points, low, high, towards)
