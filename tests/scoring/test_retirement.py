"""Retirement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.retirement import RetirementReason, RetirementRule, retirement_reason

RULE = RetirementRule()


@pytest.mark.parametrize(
    ("confidence", "n_given", "n_bad_image", "reason"),
    [
        (0.95, 3, 0, RetirementReason.CONFIDENT),
        (0.949, 3, 0, None),
        (0.99, 2, 0, None),
        (0.60, 14, 2, None),
        (0.60, 15, 0, RetirementReason.CONTESTED),
        (0.95, 15, 0, RetirementReason.CONFIDENT),
        (0.60, 0, 3, RetirementReason.BAD_IMAGE),
        (0.60, 15, 3, RetirementReason.BAD_IMAGE),
        (0.95, 12, 3, RetirementReason.CONFIDENT),
        (0.00, 0, 0, None),
    ],
)
def test_a_subject_retires_for_the_first_reason_that_holds(
    confidence: float, n_given: int, n_bad_image: int, reason: RetirementReason | None
) -> None:
    assert retirement_reason(confidence, n_given, n_bad_image, RULE) is reason


def test_a_project_may_set_its_own_rule() -> None:
    strict = RetirementRule(confidence=0.99, minimum=5, maximum=40, bad_image=2)
    assert retirement_reason(0.98, 39, 1, strict) is None
    assert retirement_reason(0.99, 5, 0, strict) is RetirementReason.CONFIDENT


def test_a_subject_that_nobody_can_tell_leaves_play_too() -> None:
    assert retirement_reason(0.5, 2, 0, RULE, n_cant_tell=12) is None
    assert retirement_reason(0.5, 2, 0, RULE, n_cant_tell=13) is RetirementReason.CONTESTED


def test_where_the_model_agrees_two_people_are_enough_and_one_never_is() -> None:
    assert retirement_reason(0.95, 2, 0, RULE.with_model) is RetirementReason.CONFIDENT
    assert retirement_reason(0.99, 1, 0, RULE.with_model) is None
    assert RetirementRule(minimum=1).with_model.minimum == 1


@given(st.floats(0, 1), st.integers(0, 30), st.integers(0, 10))
def test_a_subject_never_outstays_its_maximum(confidence: float, n_given: int, n_bad_image: int) -> None:
    retired = retirement_reason(confidence, n_given, n_bad_image, RULE) is not None
    assert retired or (n_given < RULE.maximum and n_bad_image < RULE.bad_image)


@given(st.floats(0, 1), st.integers(0, 30), st.integers(0, 10))
def test_one_more_answer_of_the_same_confidence_never_brings_a_subject_back(
    confidence: float, n_given: int, n_bad_image: int
) -> None:
    if retirement_reason(confidence, n_given, n_bad_image, RULE) is not None:
        assert retirement_reason(confidence, n_given + 1, n_bad_image, RULE) is not None
