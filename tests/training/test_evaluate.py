"""The figures, by hand."""

import numpy as np
import pytest

from game.training.dataset import Label
from game.training.evaluate import confusion_counts, evaluate

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


def test_a_project_without_groups_has_no_group_figures() -> None:
    plain = [Label(label.code, label.name, "", "") for label in LABELS]
    assert evaluate(P, TRUE, plain).groups is None
