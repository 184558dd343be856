"""The geometry of pictures of numbers, in the units of an SVG's viewBox; templates only draw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from game.levels import Project
from game.science.publish import ModelView
from game.store.tables.publications import ModelState

WIDTH, HEIGHT = 600.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 24.0, 28.0, 36.0
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
TINTS = 10
# On a phone more numbers than these would lie upon each other.
MOST_NUMBERED = 9


@dataclass(frozen=True)
class Dot:
    """`macro_y` is None for a version of which no macro-F1 is known; a `numbered` one has its number below it."""

    x: float
    y: float
    version: int
    accuracy: float
    published: bool
    numbered: bool
    macro_y: float | None
    macro_f1: float | None


@dataclass(frozen=True)
class GridLine:
    y: float
    share: float


@dataclass(frozen=True)
class Chart:
    """`line` joins the models that became public, as an SVG path, `macro_line` their macro-F1; `baseline_y` is the
    commonest label's accuracy."""

    dots: tuple[Dot, ...]
    line: str
    macro_line: str
    grid: tuple[GridLine, ...]
    baseline_y: float | None
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Cell:
    """`n` subjects of one true label that were given one label; `share` of the true label's; `tint` 0…TINTS."""

    n: float
    share: float
    tint: int
    right: bool


@dataclass(frozen=True)
class MatrixRow:
    name: str
    cells: tuple[Cell, ...]


def accuracy_chart(models: Sequence[ModelView]) -> Chart:
    """`models` newest first, as they are kept."""
    oldest_first = [model for model in reversed(models) if "accuracy" in model.metrics]
    step = (WIDTH - LEFT - RIGHT) / max(len(oldest_first), 1)
    # Each second, third, …, counted from the newest.
    every, newest = -(-len(oldest_first) // MOST_NUMBERED), len(oldest_first) - 1
    dots = tuple(
        _dot(round(LEFT + step * (place + 0.5), 1), model, numbered=(newest - place) % every == 0)
        for place, model in enumerate(oldest_first)
    )
    public = [f"{dot.x} {dot.y}" for dot in dots if dot.published]
    macro = [f"{dot.x} {dot.macro_y}" for dot in dots if dot.published and dot.macro_y is not None]
    majority = oldest_first[-1].metrics.get("majority_accuracy") if oldest_first else None
    grid = tuple(GridLine(_height(share), share) for share in GRID)
    return Chart(dots, _path(public), _path(macro), grid, None if majority is None else _height(majority))


def confusion_rows(project: Project, model: ModelView) -> list[MatrixRow]:
    """One row for each true label, cells in the order of the labels given. Empty if the model tells none."""
    matrix = model.metrics.get("confusion") or []
    codes = [line["code"] for line in model.metrics.get("per_label", [])] or [label.code for label in project.labels]
    names = {label.code: label.name for label in project.labels}
    return [
        MatrixRow(names.get(code, code), _cells(counts, place))
        for place, (code, counts) in enumerate(zip(codes, matrix, strict=False))
    ]


def _dot(x: float, model: ModelView, *, numbered: bool) -> Dot:
    accuracy, macro_f1 = float(model.metrics["accuracy"]), model.metrics.get("macro_f1")
    return Dot(
        x,
        _height(accuracy),
        model.version,
        accuracy,
        model.state != ModelState.REJECTED,
        numbered,
        None if macro_f1 is None else _height(float(macro_f1)),
        None if macro_f1 is None else float(macro_f1),
    )


def _path(places: Sequence[str]) -> str:
    return f"M{'L'.join(places)}" if places else ""


def _cells(counts: Sequence[float], true: int) -> tuple[Cell, ...]:
    total = sum(counts)
    shares = [count / total if total else 0.0 for count in counts]
    return tuple(
        Cell(count, share, round(share * TINTS), given == true)
        for given, (count, share) in enumerate(zip(counts, shares, strict=True))
    )


def _height(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)
