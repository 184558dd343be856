"""The worked example of scoring/README.md: its numbers are what the code says."""

from __future__ import annotations

import numpy as np
import pytest

from scoring import consensus
from scoring.consensus import Heard
from scoring.redundancy import effective_votes, voices
from tests.scoring.crowds import each_label, one_coin

CORAL, SAND = each_label(2)
ADA, BEN, CEM = (one_coin(reliability, 2) for reliability in (0.9, 0.7, 0.5))


def told(heard: Heard, matrix: np.ndarray, choice: np.ndarray, weight: float = 1.0) -> Heard:
    return consensus.hear(heard, consensus.log_likelihood(matrix, choice), float(voices(matrix)), weight)


def three() -> Heard:
    heard = consensus.nothing(np.array([0.5, 0.5]))
    for matrix, choice in ((ADA, CORAL), (BEN, SAND), (CEM, SAND)):
        heard = told(heard, matrix, choice)
    return heard


def test_the_three_volunteers() -> None:
    np.testing.assert_allclose(np.exp(three().log_weight), [0.0675, 0.0175])
    assert three().voices == pytest.approx(1.2)
    assert effective_votes(1.2, 0.75) == pytest.approx(0.63, abs=0.005)
    assert consensus.posterior(three(), 0.75)[0] == pytest.approx(0.67, abs=0.005)


def test_dia_agrees_or_copies() -> None:
    assert consensus.posterior(told(three(), ADA, CORAL), 0.75)[0] == pytest.approx(0.81, abs=0.005)
    heard = consensus.nothing(np.array([0.5, 0.5]))
    for matrix, choice, weight in ((ADA, CORAL, 0.5), (ADA, CORAL, 0.5), (BEN, SAND, 1.0), (CEM, SAND, 1.0)):
        heard = told(heard, matrix, choice, weight)
    assert consensus.posterior(heard, 0.75)[0] == pytest.approx(0.67, abs=0.005)


@pytest.mark.parametrize(("redundancy", "n"), [(0.75, 7), (0.0, 2)])
def test_how_many_like_ada_make_95_percent(redundancy: float, n: int) -> None:
    heard = consensus.nothing(np.array([0.5, 0.5]))
    needed = 0
    while consensus.posterior(heard, redundancy)[0] < 0.95:
        heard, needed = told(heard, ADA, CORAL), needed + 1
    assert needed == n
