"""Reliabilities are shrunk, and their intervals keep their word."""

import numpy as np
import pytest
from hypothesis import given

from scoring.arrays import Floats
from scoring.reliabilities import measure, spread
from tests.scoring.crowds import draw_confusions, generators


def drawn(rng: np.random.Generator) -> Floats:
    """Counts (5, 3, 3)."""
    return rng.uniform(0, 20, (5, 3, 3))


def test_how_alike_volunteers_are_is_read_off_their_spread() -> None:
    # Two volunteers of 100 subjects each, 90 and 50 right: π = 141/202 = .698, seen = .04/.2108 = .1899 (the mean
    # square distance from π is .04000), luck = 2·(.5·.5/100) = .005, room = .5. γ = .1849/.495 = .3735, beyond the
    # loosest, 1/3. With 75 and 65 right seen = .0025/.2108 = .01188, γ = .00688/.495 = .0139, s = 1/γ - 1 = 70.9.
    assert spread(np.array([90.0, 50.0]), np.array([100.0, 100.0])) == pytest.approx((0.698, 2.0), abs=1e-3)
    assert spread(np.array([75.0, 65.0]), np.array([100.0, 100.0])) == pytest.approx((0.698, 70.9), rel=0.01)
    assert spread(np.array([3.0]), np.array([4.0]))[1] == pytest.approx(200)


def test_a_row_is_shrunk_to_the_volunteers_accuracy_and_the_crowds_mistakes() -> None:
    # One volunteer, 9 of 10 right, one cat taken for a dog, none for an eel. s = 200, π = 10/12, so ρ =
    # (9 + 166.67)/210 = .8365. Row cat: (4 + 8ρ)/(5 + 8) = .8225; mistakes are shared (1 + 1/3) : 1/3, so a dog is
    # (1 + 8·(1 - ρ)·.8)/13 = .1574 and an eel 8·(1 - ρ)·.2/13 = .0201. Row eel, never met, is ρ itself.
    counts = np.array([[[4.0, 1.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 0.0]]])
    confusion = measure(counts).confusion[0]
    assert confusion[0] == pytest.approx([0.8225, 0.1574, 0.0201], abs=1e-4)
    assert confusion[2] == pytest.approx([(1 - 0.8365) / 2, (1 - 0.8365) / 2, 0.8365], abs=1e-4)


def test_an_interval_is_the_beta_of_the_mean_recall() -> None:
    # One volunteer, 0 of 0: s = 200, π = 1/2; ρ = r = .5, w = 1, so the variance is .25/201 + 2·(.25/9)/4 = .01513.
    # The Beta of mean .5 and that variance has weight .25/.01513 - 1 = 15.52; it is nearly normal, .5 ± 1.96·.123.
    measured = measure(np.zeros((1, 2, 2)))
    assert measured.low == pytest.approx([0.5 - 1.96 * 0.123], abs=0.01)
    assert measured.high == pytest.approx([0.5 + 1.96 * 0.123], abs=0.01)


@given(generators)
def test_rows_sum_to_one_and_intervals_hold_their_reliability(rng: np.random.Generator) -> None:
    measured = measure(drawn(rng))
    assert measured.confusion.sum(axis=2) == pytest.approx(np.ones((5, 3)))
    assert ((measured.low >= 0) & (measured.low < measured.reliability)).all()
    assert ((measured.reliability < measured.high) & (measured.high <= 1)).all()


@given(generators)
def test_intervals_shrink_with_answers(rng: np.random.Generator) -> None:
    counts = drawn(rng)
    few, many = measure(counts), measure(10 * counts)
    assert (many.high - many.low < few.high - few.low).all()


@given(generators)
def test_the_order_of_volunteers_and_labels_changes_only_the_order(rng: np.random.Generator) -> None:
    counts, order, relabelled = drawn(rng), rng.permutation(5), rng.permutation(3)
    one, other = measure(counts), measure(counts[order][:, relabelled][:, :, relabelled])
    assert other.low == pytest.approx(one.low[order])
    assert other.high == pytest.approx(one.high[order])
    assert other.confusion == pytest.approx(one.confusion[order][:, relabelled][:, :, relabelled])


def test_whoever_never_errs_still_has_an_interval() -> None:
    measured = measure(9.0 * np.broadcast_to(np.eye(2), (2, 2, 2)))
    assert ((measured.low > 0.7) & (measured.high <= 1)).all()


def test_intervals_hold_the_reliabilities_that_volunteers_were_drawn_with(rng: np.random.Generator) -> None:
    n_labels, n_volunteers, n_subjects = 10, 40, 500
    confusion = draw_confusions(rng, rng.beta(8, 3, n_volunteers), n_labels)
    true = rng.integers(n_labels, size=n_subjects)
    subject = np.repeat(np.arange(n_subjects), 5)
    volunteer = np.concatenate([rng.choice(n_volunteers, 5, replace=False) for _ in range(n_subjects)])
    thresholds = confusion[volunteer, true[subject]].cumsum(axis=1)[:, :-1]
    given_label = (rng.random(len(subject))[:, None] > thresholds).sum(axis=1)
    counts = np.zeros((n_volunteers, n_labels, n_labels))
    np.add.at(counts, (volunteer, true[subject], given_label), 1.0)
    measured = measure(counts)
    reliability = np.diagonal(confusion, axis1=1, axis2=2).mean(axis=1)
    assert ((measured.low <= reliability) & (reliability <= measured.high)).mean() >= 0.9
