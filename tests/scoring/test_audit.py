"""Whom people judge alone, and when a promise is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.audit import SHARE, Audit, judged_by_people_alone


def test_one_subject_in_twenty_is_judged_by_people_alone_and_always_the_same() -> None:
    drawn = [judged_by_people_alone(subject) for subject in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(SHARE, abs=0.005)
    assert drawn == [judged_by_people_alone(subject) for subject in range(20_000)]


@pytest.mark.parametrize(
    ("n", "n_wrong", "kept"),
    # Wilson's lower bounds: 1 of 10 .018, 2 of 10 .057, 2 of 50 .011, 3 of 50 .021.
    [(0, 0, True), (10, 0, True), (1, 1, False), (10, 1, True), (10, 2, False), (50, 2, True), (50, 3, False)],
)
def test_a_promise_of_two_in_a_hundred(n: int, n_wrong: int, kept: bool) -> None:
    assert Audit(n, n_wrong).kept(0.02) is kept


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.001, 0.1))
def test_another_error_never_mends_a_promise(n: int, n_wrong: int, promised: float) -> None:
    before, after = Audit(n + n_wrong, n_wrong), Audit(n + n_wrong + 1, n_wrong + 1)
    assert before.kept(promised) or not after.kept(promised)
