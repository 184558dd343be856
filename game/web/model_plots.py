"""The geometry and the gist of a model's examination, in the units of an SVG's viewBox; templates only draw it."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from game.levels import Project
from game.web.payloads.consensus import CalibrationPoint
from game.web.payloads.models import Cover, CoveragePoint, LabelFigures, LearningPoint, ModelFigures
from game.web.plots import BAR, CalibrationPlot, Tick, calibration_plot

WIDTH, HEIGHT = 480.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 82.0, 24.0, 16.0, 52.0
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Of fewer examination pictures a label is not called the best or the weakest.
ENOUGH = 10
# What is off by less keeps its word.
HONEST = 0.03


@dataclass(frozen=True)
class LabelBar:
    """How much of a label the model finds; `low_x` to `high_x` of BAR is where that may lie, None if none can tell."""

    name: str
    told: LabelFigures
    width: float
    low_x: float | None
    high_x: float | None


@dataclass(frozen=True)
class CurvePoint:
    """`step` is the number below it, None where it has none; the sentence above the curve speaks of a `marked` one."""

    x: float
    y: float
    low_y: float
    high_y: float
    step: float | None
    marked: bool


@dataclass(frozen=True)
class Curve:
    """`band` is the area between all low and high ends, `line` joins the points; both are SVG paths."""

    points: tuple[CurvePoint, ...]
    ticks: tuple[Tick, ...]
    line: str
    band: str
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class CoverBar:
    """One of the three who say how much of the ground something covers."""

    who: str
    share: float
    width: float


@dataclass(frozen=True)
class CoverRow:
    name: str
    bars: tuple[CoverBar, ...]


@dataclass(frozen=True)
class Calibration:
    """`surest` is the last bin; `surplus`: how much more often it is right than it says, negative for a boaster."""

    calibration: CalibrationPlot
    surest: CalibrationPoint
    surplus: float

    @property
    def manner(self) -> str:
        if abs(self.surplus) < HONEST:
            return "honest"
        return "modest" if self.surplus > 0 else "boastful"


@dataclass(frozen=True)
class MixedUp:
    """Of pictures of one label the `share` that gets another one: the largest there is."""

    true: str
    given: str
    share: float


@dataclass(frozen=True)
class ModelPlots:
    """What is None or empty was not measured. `half`: the surest half of answers; `before`: the last point but one.

    `never_said`: names of labels; `telling`: the first level that asks for them, None if every level does. `unknown`:
    names of those that a model that was taught elsewhere does not know at all.
    """

    figures: ModelFigures
    names: Mapping[str, str]
    labels: tuple[LabelBar, ...]
    best: LabelBar | None
    weakest: LabelBar | None
    mixed_up: MixedUp | None
    reliability: Calibration | None
    coverage: Curve | None
    half: CoveragePoint | None
    cover: tuple[CoverRow, ...]
    covered: Cover | None
    learning: Curve | None
    before: LearningPoint | None
    never_said: tuple[str, ...]
    telling: str | None
    unknown: tuple[str, ...]

    @property
    def worth_while(self) -> bool:
        """Whether the last doubling of answers brought more than chance does between tries."""
        return self.before is not None and self.figures.learning_curve[-1].accuracy > self.before.high


def model_plots(project: Project, figures: ModelFigures) -> ModelPlots:
    names = {one.code: one.name for one in project.groups} | {one.code: one.name for one in project.labels}
    labels = label_bars(names, figures.per_label)
    known = sorted((bar for bar in labels if bar.told.n >= ENOUGH), key=lambda bar: bar.told.recall)
    covered = None if figures.cover is None else figures.cover.groups or figures.cover
    curve = figures.learning_curve
    return ModelPlots(
        figures=figures,
        names=names,
        labels=labels,
        best=known[-1] if known else None,
        weakest=known[0] if len(known) > 1 else None,
        mixed_up=mixed_up(names, figures),
        reliability=calibration(figures.reliability),
        coverage=coverage_curve(figures.coverage),
        half=next((point for point in figures.coverage if point.share == 0.5), None),
        cover=() if covered is None else cover_rows(names, covered),
        covered=covered,
        learning=learning_curve(curve),
        before=curve[-2] if len(curve) > 1 else None,
        never_said=never_said(project, figures),
        telling=telling(project, figures.never_said),
        unknown=named(project, figures.taught_by.unknown if figures.taught_by else ()),
    )


def never_said(project: Project, figures: ModelFigures) -> tuple[str, ...]:
    """The labels' names, in the project's order."""
    return named(project, figures.never_said)


def named(project: Project, codes: Collection[str]) -> tuple[str, ...]:
    return tuple(label.name for label in project.labels if label.code in codes)


def telling(project: Project, codes: Set[str]) -> str | None:
    """The title of the first level that offers all of these labels; None if every level does, or none."""
    found = [level.title for level in project.levels if codes <= {choice.code for choice in level.choices}]
    return found[0] if 0 < len(found) < len(project.levels) else None


def label_bars(names: Mapping[str, str], lines: Sequence[LabelFigures]) -> tuple[LabelBar, ...]:
    """Best found first; labels of which the examination had none come last."""
    ordered = sorted(lines, key=lambda line: (line.n > 0, line.recall), reverse=True)
    return tuple(
        LabelBar(
            names.get(line.code, line.code),
            line,
            _rounded(BAR * line.recall),
            None if line.interval.recall is None else _rounded(BAR * line.interval.recall.low),
            None if line.interval.recall is None else _rounded(BAR * line.interval.recall.high),
        )
        for line in ordered
    )


def calibration(bins: Sequence[CalibrationPoint]) -> Calibration | None:
    if not bins:
        return None
    surplus = sum(one.n * (one.right - one.confidence) for one in bins) / sum(one.n for one in bins)
    return Calibration(calibration_plot(bins), bins[-1], surplus)


def coverage_curve(points: Sequence[CoveragePoint]) -> Curve | None:
    """From few answers to all: x is the share that is answered."""
    steps = {point.share: point.share for point in points[::-2]}
    drawn = [(point.share, point, steps.get(point.share), point.share == 0.5) for point in points]
    return None if len(points) < 2 else _curve(drawn)


def learning_curve(points: Sequence[LearningPoint]) -> Curve | None:
    """Every step is a doubling, so that equal steps can be compared."""
    n = len(points)
    drawn = [((place + 0.5) / n, point, point.n_answers, place >= n - 2) for place, point in enumerate(points)]
    return None if n < 2 else _curve(drawn)


def cover_rows(names: Mapping[str, str], cover: Cover) -> tuple[CoverRow, ...]:
    """The widest cover by experts first; the longest bar is BAR."""
    widest = max((share for one in cover.per_label for share in (one.experts, one.machine, one.crowd or 0)), default=1)
    rows = []
    for one in sorted(cover.per_label, key=lambda one: -one.experts):
        shares = {"experts": one.experts, "crowd": one.crowd, "model": one.machine}
        bars = [
            CoverBar(who, share, _rounded(BAR * share / (widest or 1)))
            for who, share in shares.items()
            if share is not None
        ]
        rows.append(CoverRow(names.get(one.code, one.code), tuple(bars)))
    return tuple(rows)


def mixed_up(names: Mapping[str, str], figures: ModelFigures) -> MixedUp | None:
    """None if no label with ENOUGH pictures is ever taken for another one."""
    codes = [line.code for line in figures.per_label]
    found = [
        MixedUp(names.get(codes[true], codes[true]), names.get(codes[given], codes[given]), n / sum(row))
        for true, row in enumerate(figures.confusion[: len(codes)])
        for given, n in enumerate(row[: len(codes)])
        if given != true and n and sum(row) >= ENOUGH
    ]
    return max(found, key=lambda one: one.share, default=None)


def _curve(drawn: Sequence[tuple[float, CoveragePoint | LearningPoint, float | None, bool]]) -> Curve:
    """How far along in [0, 1], the point, its step, marked; upwards from the tick below the lowest end to 1."""
    start = max(tick for tick in TICKS[:-1] if tick <= min(point.low for _, point, _, _ in drawn))

    def y(share: float) -> float:
        return _rounded(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share) / (1 - start))

    points = tuple(
        CurvePoint(
            _rounded(LEFT + (WIDTH - LEFT - RIGHT) * along), y(one.accuracy), y(one.low), y(one.high), step, marked
        )
        for along, one, step, marked in drawn
    )
    line = "M" + "L".join(f"{one.x} {one.y}" for one in points)
    ends = [f"{one.x} {one.high_y}" for one in points] + [f"{one.x} {one.low_y}" for one in reversed(points)]
    ticks = tuple(Tick(0.0, y(tick), tick) for tick in TICKS if tick >= start)
    return Curve(points, ticks, line, f"M{'L'.join(ends)}Z")


def _rounded(length: float) -> float:
    return round(length, 1)
