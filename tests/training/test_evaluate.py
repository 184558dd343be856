"""The figures, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from game.training.dataset import Label
from game.training.evaluate import LabelIntervals, confusion_counts, evaluate
from game.training.intervals import Interval

LABELS = (
    Label("hump", "Hump coral", "coral", ""),
    Label("fire", "Other coral", "coral", ""),
    Label("turf", "Turf", "algae", ""),
    Label("sand", "Sand", "", ""),
)
# Six hold-out subjects; the model gives hump, fire, hump, turf, turf, hump.
TRUE = np.array([0, 0, 0, 1, 2, 2])
P = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.3, 0.4, 0.2, 0.1],
        [0.6, 0.2, 0.1, 0.1],
        [0.3, 0.3, 0.4, 0.0],
        [0.1, 0.1, 0.8, 0.0],
        [0.4, 0.2, 0.3, 0.1],
    ]
)


def test_rows_are_true_and_columns_given() -> None:
    given = P.argmax(axis=1)
    expected = [[2, 1, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert confusion_counts(given, TRUE, 4).tolist() == expected


def test_accuracy_and_the_commonest_label() -> None:
    figures = evaluate(P, TRUE, LABELS)
    assert figures.accuracy == pytest.approx(3 / 6)
    assert figures.majority_accuracy == pytest.approx(3 / 6)
    assert figures.n == 6


def test_precision_recall_and_f1_of_each_label() -> None:
    hump, fire, turf, sand = evaluate(P, TRUE, LABELS).per_label
    # Hump: 2 right of 3 given and of 3 true. Turf: 1 of 2 and of 2. Fire: 0 of 1 given, 0 of 1 true.
    assert (hump.precision, hump.recall, hump.f1, hump.n) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert (turf.precision, turf.recall, turf.f1, turf.n) == pytest.approx((1 / 2, 1 / 2, 1 / 2, 2))
    assert (fire.precision, fire.recall, fire.f1, fire.n) == (0, 0, 0, 1)
    assert (sand.f1, sand.n) == (0, 0)


def test_macro_f1_counts_labels_that_occur() -> None:
    # (2/3 + 0 + 1/2) / 3; sand occurs nowhere.
    assert evaluate(P, TRUE, LABELS).macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 3)


def test_a_group_is_as_likely_as_its_labels_together() -> None:
    groups = evaluate(P, TRUE, LABELS).groups
    assert groups is not None
    # Coral sums to .8, .7, .8, .6, .2, .6, and is true of the first four: five of six are right.
    assert groups.accuracy == pytest.approx(5 / 6)
    assert groups.majority_accuracy == pytest.approx(4 / 6)
    assert [line.code for line in groups.per_label] == ["coral", "algae", "sand"]
    assert groups.confusion == ((4, 0, 0), (1, 1, 0), (0, 0, 0))


def test_a_project_without_groups_has_no_group_figures() -> None:
    plain = [Label(label.code, label.name, "", "") for label in LABELS]
    assert evaluate(P, TRUE, plain).groups is None


def test_shares_carry_wilson_s_interval_and_nothing_carries_none() -> None:
    hump, _, _, sand = evaluate(P, TRUE, LABELS).per_label
    # 2 of 3: centre (2 + 1.92) / (3 + 3.84), half width 1.96 · √(3 · 2/9 + .96) / 6.84.
    assert hump.interval.recall is not None
    assert (hump.interval.recall.low, hump.interval.recall.high) == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert (hump.n, hump.n_given) == (3, 3)
    assert sand.interval == LabelIntervals(None, None, None)


def test_subjects_of_a_single_image_tell_nothing_of_the_next_image() -> None:
    figures = evaluate(P, TRUE, LABELS, image=np.zeros(6, np.int64))
    assert figures.interval.accuracy is figures.interval.macro_f1 is figures.interval.ece is None
    assert figures.per_label[0].interval.f1 is None
    assert figures.per_label[0].interval.recall is not None


def test_images_that_differ_make_an_interval_wide() -> None:
    """All right in one image, all wrong in the other: drawn again, both may be the one or the other."""
    p, true = np.tile([0.9, 0.1], (8, 1)), np.array([0] * 4 + [1] * 4)
    labels = [Label("a", "A", "", ""), Label("b", "B", "", "")]
    by_image = evaluate(p, true, labels, image=np.array([0] * 4 + [1] * 4)).interval.accuracy
    by_subject = evaluate(p, true, labels).interval.accuracy
    assert by_image == Interval(0, 1)
    assert by_subject is not None and 0 < by_subject.low < 0.5 < by_subject.high < 1


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_figures_do_not_depend_on_the_order_of_subjects_and_lie_within_their_intervals(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, true, image = rng.dirichlet(np.ones(4), 60), rng.integers(0, 4, 60), rng.integers(0, 6, 60)
    order = rng.permutation(60)
    found, again = evaluate(p, true, LABELS, image), evaluate(p[order], true[order], LABELS, image[order])
    assert found.accuracy == again.accuracy
    assert found.macro_f1 == pytest.approx(again.macro_f1)
    assert found.interval.accuracy == again.interval.accuracy
    assert found.interval.accuracy is not None and found.interval.ece is not None
    assert found.interval.accuracy.low <= found.accuracy <= found.interval.accuracy.high
    assert 0 <= found.interval.ece.low <= found.ece <= found.interval.ece.high <= 1
