"""The pictures of the model's page: what each shows of the figures, and in what order."""

from typing import Any

import pytest

from game.web.model_plots import (
    BAR,
    Calibration,
    calibration,
    cover_rows,
    coverage_curve,
    label_bars,
    learning_curve,
    mixed_up,
    model_plots,
)
from game.web.payloads.consensus import CalibrationPoint
from game.web.payloads.models import Cover, CoveragePoint, LearningPoint, ModelFigures
from tests.world import World


def figures(**given: Any) -> ModelFigures:
    return ModelFigures.model_validate({"accuracy": 0.75, "n": 40} | given)


def line(code: str, recall: float, n: int) -> dict[str, Any]:
    return {"code": code, "precision": 0.5, "recall": recall, "f1": 0.5, "n": n}


def test_bars_of_labels_stand_best_first_and_those_without_pictures_last() -> None:
    told = figures(per_label=[line("a", 0.2, 20), line("b", 0, 0), line("c", 0.5, 20)]).per_label
    bars = label_bars({"a": "Ada"}, told)
    assert [(bar.name, bar.width, bar.low_x) for bar in bars] == [("c", 500, None), ("Ada", 200, None), ("b", 0, None)]


def test_the_best_and_the_weakest_are_called_so_on_enough_pictures(world: World) -> None:
    project = world.projects["moorea"]
    lines = [line("Porit", 0.9, 50), line("Turf", 0.1, 10), line("Sand", 1.0, 9), line("CCA", 0.5, 30)]
    plots = model_plots(project, figures(per_label=lines))
    assert plots.best and plots.weakest
    assert (plots.best.told.code, plots.weakest.told.code) == ("Porit", "Turf")
    alone = model_plots(project, figures(per_label=lines[:1]))
    assert alone.best and alone.weakest is None


@pytest.mark.parametrize(("right", "manner"), [(0.8, "honest"), (0.9, "modest"), (0.7, "boastful")])
def test_a_model_is_honest_modest_or_boastful(right: float, manner: str) -> None:
    found = calibration([CalibrationPoint(confidence=0.8, right=right, low=0.6, high=0.95, n=20)])
    assert isinstance(found, Calibration)
    assert found.manner == manner
    assert calibration([]) is None


def test_coverage_goes_from_few_to_all_and_marks_the_half() -> None:
    points = [
        CoveragePoint(share=share, confidence=0.5, accuracy=1 - share / 5, low=0.7, high=1, n=10)
        for share in (0.1, 0.5, 1.0)
    ]
    curve = coverage_curve(points)
    assert curve
    first, half, last = curve.points
    assert (half.x - curve.left) / (curve.right - curve.left) == pytest.approx(0.5, abs=1e-3)
    assert (last.x, last.step, first.step) == (curve.right, 1.0, 0.1)
    assert [point.marked for point in curve.points] == [False, True, False]
    # The axis starts at 60 %: .8 is half way up.
    assert (curve.bottom - last.y) / (curve.bottom - curve.top) == pytest.approx(0.5, abs=1e-3)
    assert first.y < half.y < last.y
    assert coverage_curve(points[:1]) is None


def learned(n: int, accuracy: float, high: float) -> LearningPoint:
    return LearningPoint(
        share=n / 400, n_subjects=n, n_answers=4 * n, accuracy=accuracy, low=accuracy, high=high, macro_f1=0.5
    )


@pytest.mark.parametrize(("best_try", "worth"), [(0.74, True), (0.76, False)])
def test_more_answers_help_if_they_bring_more_than_chance(world: World, best_try: float, worth: bool) -> None:
    curve = [learned(200, 0.73, best_try), learned(400, 0.75, 0.75)]
    plots = model_plots(world.projects["moorea"], figures(learning_curve=curve))
    assert plots.worth_while is worth
    assert plots.learning
    first, last = plots.learning.points
    assert last.x - first.x == pytest.approx((plots.learning.right - plots.learning.left) / 2)
    assert (first.step, last.step) == (800, 1600)
    assert learning_curve(curve[:1]) is None


def test_covers_stand_side_by_side_the_widest_first() -> None:
    error = {"mean": 0.05, "interval": None}
    one = {"machine_error": error, "crowd_error": error}
    told = Cover.model_validate(
        {
            "n": 100, "n_images": 4, "machine_error": error, "crowd_error": error,
            "per_label": [
                {"code": "sand", "experts": 0.2, "machine": 0.1, "crowd": None, **one},
                {"code": "coral", "experts": 0.4, "machine": 0.8, "crowd": 0.6, **one},
            ],
        }
    )  # fmt: skip
    coral, sand = cover_rows({"coral": "Coral"}, told)
    assert [(bar.who, bar.width) for bar in coral.bars] == [("experts", BAR / 2), ("crowd", 750), ("model", BAR)]
    assert [bar.who for bar in sand.bars] == ["experts", "model"]
    assert (coral.name, sand.name) == ("Coral", "sand")


def test_what_is_mixed_up_most_is_named() -> None:
    lines = [line("a", 0.5, 20), line("b", 0.5, 20), line("c", 0.5, 2)]
    # Half of c is called a, but there are two of it only.
    told = figures(per_label=lines, confusion=[[15, 5, 0], [8, 12, 0], [1, 0, 1]])
    found = mixed_up({"b": "Bee"}, told)
    assert found
    assert (found.true, found.given, found.share) == ("Bee", "a", 0.4)
    assert mixed_up({}, figures(per_label=lines, confusion=[[20, 0, 0], [0, 20, 0], [0, 0, 2]])) is None
