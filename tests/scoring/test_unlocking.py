"""Unlocking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from scoring.arrays import Floats
from scoring.confusion import recall_bounds
from scoring.unlocking import UnlockRule, Z, holding_back, unlocked
from tests.scoring.crowds import generators

RULE = UnlockRule()


def recalls(*right_of: tuple[int, int]) -> Floats:
    """Counts (C, C): of each choice, so many right of so many; the misses go to the next choice."""
    right, n = np.array(right_of, dtype=float).T
    return np.diag(right) + np.roll(np.diag(n - right), 1, axis=1)


def test_the_bound_that_opens_a_choice_is_wilsons() -> None:
    # z² = 1.28² = 1.6384. 4 of 4: 4 / 5.6384 = 0.709. 3 of 3: 3 / 4.6384 = 0.647.
    low, _ = recall_bounds(recalls((4, 4), (3, 3)), Z)
    np.testing.assert_allclose(low, [4 / 5.6384, 3 / 4.6384])


@pytest.mark.parametrize(
    ("counts", "opens"),
    [
        (recalls((4, 4), (4, 4), (4, 4)), True),
        (recalls((9, 10), (9, 10), (9, 10)), True),
        (recalls((4, 4), (4, 4), (3, 3)), False),  # 10 gold, but the last is not proved yet.
        (recalls((9, 10), (9, 10), (3, 5)), False),
        (recalls((4, 4), (4, 4)), False),  # Proved, but only on 8 gold.
        (recalls((0, 0), (0, 0), (0, 0)), False),
    ],
)
def test_a_level_opens_when_every_choice_is_known(counts: Floats, opens: bool) -> None:
    assert unlocked(counts, RULE) is opens


def test_the_choice_least_proved_holds_back() -> None:
    assert holding_back(recalls((9, 10), (3, 5), (9, 10)), RULE) == 1
    assert holding_back(recalls((9, 10), (9, 10), (0, 0)), RULE) == 2  # Never met.
    assert holding_back(recalls((9, 10), (9, 10), (9, 10)), RULE) is None


def test_a_choice_that_gold_cannot_measure_holds_nobody_back() -> None:
    counts = recalls((9, 10), (9, 10), (0, 0))
    judged = np.array([True, True, False])
    assert not unlocked(counts, RULE)
    assert unlocked(counts, RULE, judged)
    assert holding_back(recalls((9, 10), (3, 5), (0, 0)), RULE, judged) == 1


def test_a_level_may_ask_for_more() -> None:
    counts = recalls((9, 10), (9, 10))
    assert not unlocked(counts, UnlockRule(recall=0.8))
    assert not unlocked(counts, UnlockRule(n_gold=30))
    assert holding_back(counts, UnlockRule(n_gold=30)) == 0


@given(generators)
def test_another_right_answer_never_closes_a_level(rng: np.random.Generator) -> None:
    counts = recalls(*[(int(right), int(right + wrong)) for right, wrong in rng.integers(0, 12, size=(3, 2))])
    more = counts + np.diag(np.eye(3)[rng.integers(3)])
    assert unlocked(more, RULE) or not unlocked(counts, RULE)


@given(generators)
def test_something_holds_back_exactly_while_the_level_is_closed(rng: np.random.Generator) -> None:
    counts = rng.integers(0, 12, size=(3, 3)).astype(float)
    assert (holding_back(counts, RULE) is None) == unlocked(counts, RULE)
