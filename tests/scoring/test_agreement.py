"""Agreement."""

from __future__ import annotations

import numpy as np

from scoring.agreement import agreement

CORAL, SAND, ALGAE = 0, 1, 2
CHOICES = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]], dtype=bool)
TWICE_CORAL_ONCE_EACH_OTHER = [2, 1, 1]


def test_agreement_is_the_share_of_choices_that_contain_the_consensus_label() -> None:
    given = np.array([TWICE_CORAL_ONCE_EACH_OTHER] * 3)
    # 2 of 4; the label itself, and the group that holds it; the group alone.
    assert agreement(given, CHOICES, np.array([CORAL, SAND, ALGAE])).tolist() == [0.5, 0.5, 0.25]


def test_nobody_agrees_where_nobody_answered() -> None:
    given = np.array([[0, 0, 0], TWICE_CORAL_ONCE_EACH_OTHER])
    assert agreement(given, CHOICES, np.array([CORAL, CORAL])).tolist() == [0, 0.5]
