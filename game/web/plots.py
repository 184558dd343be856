"""The geometry of the pictures of a project's consensus, in the units of an SVG's viewBox; templates only draw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from game.levels import Project
from game.web.charts import TINTS
from game.web.payloads.consensus import (
    Alpha,
    CalibrationPoint,
    ChoiceSetFigures,
    Consensus,
    Figures,
    ReliabilityBin,
    Tribar,
)

BAR = 1000.0
SIDE = 400.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 24.0, 16.0, 52.0
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CELL = 10
# From what is done to what is still to do.
STAGES = ("expert", "settled", "agreed", "divided", "one", "none")
# What Krippendorff (2004) asks of data for tentative, and for firm conclusions.
TENTATIVE, FIRM = 0.667, 0.8
# What most people want to know of a number that says how sure somebody is.
PROMISE = 0.95


@dataclass(frozen=True)
class Segment:
    """`n` subjects of one stage, from `x`, `width` wide, of BAR."""

    stage: str
    n: int
    share: float
    x: float
    width: float


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    low_y: float
    high_y: float
    told: CalibrationPoint


@dataclass(frozen=True)
class Tick:
    """At this share on both axes."""

    x: float
    y: float
    share: float


@dataclass(frozen=True)
class CalibrationPlot:
    """Both axes run from the same share to 1, so that the diagonal is where confidence comes true."""

    points: tuple[Point, ...]
    ticks: tuple[Tick, ...]
    left: float = LEFT
    right: float = SIDE - RIGHT
    top: float = TOP
    bottom: float = SIDE - BOTTOM
    side: float = SIDE


@dataclass(frozen=True)
class Bar:
    """`n` volunteers; `width` of BAR is the longest bar's."""

    told: ReliabilityBin
    width: float


@dataclass(frozen=True)
class Column:
    """A bin of reliability as a rectangle in a square of BAR: its area is the number of volunteers."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class AlphaScale:
    """On a line of BAR, where 0 is chance and 1 is always the same; below 0 everything stands at 0."""

    told: Alpha
    x: float
    low_x: float
    high_x: float
    tentative_x: float = TENTATIVE * BAR
    firm_x: float = FIRM * BAR


@dataclass(frozen=True)
class HeatCell:
    """`share` None: too few answers; `tint` 0…TINTS; (x, y) of a square of CELL."""

    share: float | None
    tint: int
    right: bool
    x: int
    y: int


@dataclass(frozen=True)
class HeatRow:
    """Answers to subjects of one true choice; `n` None: too few to say anything of."""

    name: str
    n: int | None
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class ChoiceSetPlot:
    choice_set: str
    rows: tuple[HeatRow, ...]
    alpha: AlphaScale | None
    size: int


@dataclass(frozen=True)
class ConsensusPlots:
    """`promise`: the point of the calibration next to PROMISE; `commonest`: the bin of most volunteers."""

    consensus: Consensus
    figures: Figures
    tribar: tuple[Segment, ...]
    calibration: CalibrationPlot
    promise: CalibrationPoint | None
    reliability: tuple[Bar, ...]
    columns: tuple[Column, ...]
    commonest: ReliabilityBin | None
    choice_sets: tuple[ChoiceSetPlot, ...]


def consensus_plots(project: Project, consensus: Consensus) -> ConsensusPlots | None:
    """None while there is nothing to draw."""
    drawn = consensus.figures
    if drawn is None:
        return None
    return ConsensusPlots(
        consensus=consensus,
        figures=drawn,
        tribar=() if drawn.tribar is None else segments(drawn.tribar),
        calibration=calibration_plot(drawn.calibration),
        promise=min(drawn.calibration, key=lambda one: abs(one.confidence - PROMISE), default=None),
        reliability=bars(drawn.reliability),
        columns=columns(drawn.reliability),
        commonest=max(drawn.reliability, key=lambda one: one.n, default=None),
        choice_sets=tuple(_choice_set(project, one) for one in drawn.choice_sets),
    )


def segments(tribar: Tribar) -> tuple[Segment, ...]:
    """Empty without subjects."""
    counts = {stage: int(getattr(tribar, stage)) for stage in STAGES}
    total, found, before = sum(counts.values()), [], 0
    for stage, n in counts.items():
        if total:
            found.append(Segment(stage, n, n / total, _rounded(BAR * before / total), _rounded(BAR * n / total)))
        before += n
    return tuple(found)


def calibration_plot(points: Sequence[CalibrationPoint]) -> CalibrationPlot:
    lowest = min((min(one.confidence, one.low) for one in points), default=0.0)
    start = max(tick for tick in TICKS[:-1] if tick <= lowest)

    def place(share: float) -> tuple[float, float]:
        along = (share - start) / (1 - start)
        return _rounded(LEFT + (SIDE - LEFT - RIGHT) * along), _rounded(TOP + (SIDE - TOP - BOTTOM) * (1 - along))

    dots = [
        Point(place(one.confidence)[0], place(one.right)[1], place(one.low)[1], place(one.high)[1], one)
        for one in points
    ]
    return CalibrationPlot(tuple(dots), tuple(Tick(*place(tick), tick) for tick in TICKS if tick >= start))


def bars(bins: Sequence[ReliabilityBin]) -> tuple[Bar, ...]:
    """The most reliable first."""
    longest = max((one.n for one in bins), default=1)
    return tuple(Bar(one, _rounded(BAR * one.n / longest)) for one in reversed(bins))


def columns(bins: Sequence[ReliabilityBin]) -> tuple[Column, ...]:
    if not bins:
        return ()
    start, end = bins[0].low, bins[-1].high
    tallest = max(one.n / (one.high - one.low) for one in bins)
    found = []
    for one in bins:
        height = BAR * one.n / (one.high - one.low) / tallest
        x, width = (one.low - start) / (end - start), (one.high - one.low) / (end - start)
        found.append(Column(_rounded(BAR * x), _rounded(BAR - height), _rounded(BAR * width), _rounded(height)))
    return tuple(found)


def _choice_set(project: Project, told: ChoiceSetFigures) -> ChoiceSetPlot:
    names = {choice.code: choice.name for choice in project.choices}
    rows = [
        HeatRow(names.get(code, code), n, tuple(_cell(share, row, place) for place, share in enumerate(shares)))
        for row, (code, n, shares) in enumerate(zip(told.codes, told.n, told.confusion, strict=True))
    ]
    known = any(cell.share is not None for row in rows for cell in row.cells)
    return ChoiceSetPlot(told.choice_set, tuple(rows) if known else (), _scale(told.alpha), CELL * len(rows))


def _cell(share: float | None, row: int, column: int) -> HeatCell:
    return HeatCell(share, round((share or 0) * TINTS), row == column, CELL * column, CELL * row)


def _scale(alpha: Alpha | None) -> AlphaScale | None:
    if alpha is None:
        return None
    return AlphaScale(alpha, *(_rounded(BAR * max(share, 0.0)) for share in (alpha.value, alpha.low, alpha.high)))


def _rounded(length: float) -> float:
    return round(length, 1)
