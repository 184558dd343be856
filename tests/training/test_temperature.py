"""Temperature: recovered where it was put in, left alone where it would not help, never learned from the hold-out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from game.training.head import Head, Learned, Lessons
from game.training.temperature import (
    COLDEST,
    HOTTEST,
    cool,
    cooled,
    cooled_head,
    fit_temperature,
    helpful_temperature,
)
from scoring.arrays import Floats


def drawn_labels(p: Floats, seed: int) -> Floats:
    """(N, K) ones: of each subject a label drawn with its probabilities."""
    rng = np.random.default_rng(seed)
    return np.eye(p.shape[1])[[rng.choice(p.shape[1], p=row) for row in p]]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_what_was_heated_is_cooled_by_as_much(temperature: float) -> None:
    """Soft labels are the truth itself, so it is found exactly."""
    p = np.random.default_rng(1).dirichlet(np.ones(4), 200)
    assert fit_temperature(cooled(p, 1 / temperature), p, np.ones(200)) == pytest.approx(temperature, rel=1e-4)


def test_two_subjects_by_hand() -> None:
    """Both say 80 %, one is right: 50 % would be honest, and no temperature says that but the hottest."""
    p, posterior = np.array([[0.8, 0.2]] * 2), np.array([[1.0, 0], [0, 1]])
    assert fit_temperature(p, posterior, np.ones(2)) == pytest.approx(HOTTEST, rel=1e-4)
    # With the right one weighing three times as much 75 % are right: ln 4 / T = ln 3.
    assert fit_temperature(p, posterior, np.array([3.0, 1])) == pytest.approx(np.log(4) / np.log(3), rel=1e-4)


def test_who_is_never_wrong_is_made_surer_within_bounds() -> None:
    p = np.array([[0.6, 0.4]] * 5)
    assert fit_temperature(p, np.array([[1.0, 0]] * 5), np.ones(5)) == pytest.approx(COLDEST, rel=1e-4)


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3))
@settings(max_examples=20)
def test_a_temperature_keeps_the_order_and_can_be_undone(seed: int, temperature: float) -> None:
    p = np.random.default_rng(seed).dirichlet(np.full(5, 3.0), 20)
    warmer = cooled(p, temperature)
    assert np.array_equal(p.argmax(axis=1), warmer.argmax(axis=1))
    assert warmer.sum(axis=1) == pytest.approx(1)
    assert cooled(warmer, 1 / temperature) == pytest.approx(p, abs=1e-6)


def test_it_helps_where_every_fold_says_so() -> None:
    honest = np.random.default_rng(1).dirichlet(np.ones(3), 600)
    decided, fold = drawn_labels(honest, 2), np.arange(600) % 5
    boastful = cooled(honest, 1 / 3)
    assert helpful_temperature(boastful, decided, np.ones(600), fold) == pytest.approx(3, rel=0.15)


def test_it_is_one_where_other_folds_would_mislead() -> None:
    """What half the images ask for is the opposite of what the others do."""
    p = np.array([[0.8, 0.2]] * 40)
    decided = np.array([[1.0, 0]] * 20 + [[1.0, 0], [0, 1.0]] * 10)
    assert helpful_temperature(p, decided, np.ones(40), np.array([0] * 20 + [1] * 20)) == 1


def test_what_was_learned_is_cooled_as_a_whole_or_left_as_it_was() -> None:
    """The crowd is always right of label 0; the heads that saw nothing of an image were, too, and said only 60 %."""
    rng = np.random.default_rng(1)
    head = Head(np.zeros(2), np.ones(2), rng.normal(size=(2, 2)), np.zeros(2))
    posterior = np.array([[0.7, 0.3]] * 30)
    lessons = Lessons(np.zeros((30, 2), np.float16), posterior, np.full(30, 0.7), np.arange(30) % 10)
    shy = Learned(head, 1.0, {}, np.array([[0.6, 0.4]] * 30))
    cool_one, temperature = cool(shy, lessons, seed=1)
    assert temperature == pytest.approx(COLDEST, rel=1e-4)
    # .6⁴ / (.6⁴ + .4⁴)
    assert cool_one.unseen[0, 0] == pytest.approx(0.835, abs=1e-3)
    assert cool_one.head.weight == pytest.approx(head.weight / temperature)
    # Already as sure as it can be said: nothing to gain.
    sure = Learned(head, 1.0, {}, np.array([[1.0, 0.0]] * 30))
    assert cool(sure, lessons, seed=1) == (sure, 1.0)


def test_a_cooled_head_says_what_was_cooled() -> None:
    rng = np.random.default_rng(1)
    head = Head(rng.normal(size=6), np.ones(6), rng.normal(size=(6, 3)), rng.normal(size=3))
    features = rng.normal(size=(10, 6)).astype(np.float16)
    assert cooled_head(head, 0.6)(features) == pytest.approx(cooled(head(features), 0.6))
