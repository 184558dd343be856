"""The picture of all versions: who is joined, who is hollow, and how many numbers there is room for."""

from itertools import pairwise

import pytest

from game.science.publish import ModelView
from game.store.tables.publications import ModelState
from game.web.charts import MOST_NUMBERED, accuracy_chart
from tests.conftest import NOW


def versions(n: int, state: ModelState = ModelState.REPLACED) -> list[ModelView]:
    """Newest first."""
    return [ModelView(one, state, "", {"accuracy": 0.5}, NOW, 1, "") for one in range(n, 0, -1)]


@pytest.mark.parametrize("n", [1, 4, MOST_NUMBERED, MOST_NUMBERED + 1, 41, 300])
def test_numbers_stand_at_equal_steps_with_the_newest_among_them(n: int) -> None:
    numbered = [dot.version for dot in accuracy_chart(versions(n)).dots if dot.numbered]
    assert numbered[-1] == n
    assert len(numbered) == n if n <= MOST_NUMBERED else len(numbered) <= MOST_NUMBERED
    assert len({later - sooner for sooner, later in pairwise(numbered)}) <= 1


def test_a_rejected_version_is_hollow_and_on_no_line() -> None:
    chart = accuracy_chart([*versions(1, ModelState.REJECTED), *versions(2)])
    assert [dot.published for dot in chart.dots] == [True, True, False]
    assert chart.line.count(" ") == 2
    assert accuracy_chart([]).dots == ()
