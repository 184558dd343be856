"""The picture of a comparison: a difference has its place on a line that all labels share."""

from game.science.comparison import Comparison, LabelShift, Shift
from game.science.publish import ModelView
from game.store.tables.publications import ModelState
from game.web.shifts import comparison_plot
from tests.conftest import NOW

EVEN = Shift(0.5, 0.5, -0.05, 0.05)
UP = Shift(0.5, 0.62, 0.02, 0.22)
DOWN = Shift(0.5, 0.4, -0.18, -0.02)


def compared(*f1: Shift) -> Comparison:
    version = ModelView(1, ModelState.REJECTED, "", {}, NOW, 1, "a")
    labels = tuple(LabelShift(str(place), "", 9, EVEN, EVEN, one, 0, 0) for place, one in enumerate(f1))
    return Comparison(version, version, 9, 9, EVEN, EVEN, labels)


def test_the_scale_reaches_the_farthest_end_in_steps_of_ten_points() -> None:
    assert comparison_plot(compared(UP)).scale_points == 30
    assert comparison_plot(compared(EVEN)).scale_points == 10
    assert comparison_plot(compared(Shift(0.5, 0.5, 0, 0.3))).scale_points == 30


def test_no_difference_stands_in_the_middle_and_an_interval_on_both_sides() -> None:
    """Of ± 10 points on a line of 1000: -5, 0 and 5."""
    band = comparison_plot(compared(EVEN)).accuracy
    assert (band.low_x, band.x, band.high_x) == (250, 500, 750)
    assert (band.points, band.low_points, band.high_points, band.towards) == (0, -5, 5, "")


def test_what_is_sure_says_which_way() -> None:
    plot = comparison_plot(compared(UP, DOWN))
    assert [line.f1.towards for line in plot.labels] == ["better", "worse"]
    assert [line.f1.points for line in plot.labels] == [12, -10]
