"""Agreement."""

from __future__ import annotations

import numpy as np

from scoring.agreement import agreement

CORAL, SAND, ALGAE = 0, 1, 2


def test_agreement_is_the_share_of_choices_that_contain_the_consensus_label() -> None:
    choices = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 1]], dtype=bool)
    assert agreement(choices, CORAL) == 0.5  # 2 of 4
    assert agreement(choices, SAND) == 0.5  # the label itself, and the group that holds it
    assert agreement(choices, ALGAE) == 0.25  # the group alone


def test_nobody_agrees_where_nobody_answered() -> None:
    assert agreement(np.zeros((0, 3), dtype=bool), CORAL) is None
