"""The gate lets through what is better, and luck no more often than it says; statistics by hand and by seeded draws."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from game.science.gate import (
    FEWEST_IMAGES,
    LEVEL,
    against_commonest,
    against_model,
    holm,
    label_tests,
    sign_test,
    student_tail,
)
from game.science.holdouts import OTHER, Paired, beside_commonest, counts, f1
from scoring.arrays import Ints
from tests.science.examined import examined

LABELS = ("coral", "sand", "turf", "algae")
N_TRIALS = 160


def paired(true: list[int], new: list[int], old: list[int], image: list[int] | None = None) -> Paired:
    """Each subject an image, unless told otherwise."""
    images = np.arange(len(true)) if image is None else np.array(image)
    return Paired(LABELS[: max(true) + 1], images, np.array(true), np.array(new), np.array(old))


def drawn(
    rng: np.random.Generator, accuracies: tuple[float, float], n_images: int, n_points: int, spread: float = 0
) -> Paired:
    """Two models (new, old) that are right this often; images are harder and easier for each by `spread`."""
    n = n_images * n_points
    image, true = np.repeat(np.arange(n_images), n_points), rng.integers(len(LABELS), size=n)

    def said(accuracy: float) -> Ints:
        right = rng.random(n) < accuracy + spread * rng.standard_normal(n_images)[image]
        return np.where(right, true, (true + rng.integers(1, len(LABELS), size=n)) % len(LABELS))

    new, old = said(accuracies[0]), said(accuracies[1])
    return Paired(LABELS, image, true, new, old)


def share_passed(accuracies: tuple[float, float], n_images: int, n_points: int, spread: float = 0) -> float:
    rng = np.random.default_rng([n_images, n_points])
    trials = [drawn(rng, accuracies, n_images, n_points, spread) for _ in range(N_TRIALS)]
    return float(np.mean([against_model(one, rng).passed for one in trials]))


# One in twenty, and what so many trials may show of it.
AT_MOST = LEVEL + 2.5 * (LEVEL * (1 - LEVEL) / N_TRIALS) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("n_images", "n_points"), [(60, 1), (12, 20), (5, 60), (3, 100), (1, 200)])
def test_of_two_equally_good_models_luck_passes_no_more_often_than_stated(n_images: int, n_points: int) -> None:
    assert share_passed((0.7, 0.7), n_images, n_points) <= AT_MOST


@pytest.mark.slow
@pytest.mark.parametrize("n_images", [FEWEST_IMAGES, 14])
def test_neither_does_it_where_whole_images_are_hard_for_one_of_them(n_images: int) -> None:
    """Points drawn one by one would pass luck far more often: this is what drawing whole images is for."""
    assert share_passed((0.7, 0.7), n_images, 50, spread=0.12) <= AT_MOST


@pytest.mark.slow
def test_a_clearly_better_model_passes() -> None:
    assert share_passed((0.8, 0.7), 40, 10) > 0.9


def test_a_better_model_that_ruins_one_label_is_refused(rng: np.random.Generator) -> None:
    """Far better on three labels, and on every second algae that the old one recognised the new one says turf."""
    better = drawn(rng, (0.95, 0.7), 40, 20)
    algae = LABELS.index("algae")
    ruined = np.where((better.true == algae) & (better.image % 2 == 0), LABELS.index("turf"), better.new)
    trial = against_model(replace(better, new=ruined), rng)
    assert trial.macro_f1.better
    assert [label.code for label in trial.worse] == ["algae"]
    assert not trial.passed
    assert against_model(better, rng).passed


def test_a_model_that_says_the_same_is_not_better(rng: np.random.Generator) -> None:
    same = drawn(rng, (0.7, 0.7), 20, 5)
    trial = against_model(replace(same, new=same.old), rng)
    assert (trial.macro_f1.low, trial.macro_f1.high, trial.n_needed, trial.passed) == (0, 0, None, False)


def test_a_hold_out_that_is_large_enough_is_not_asked_to_grow(rng: np.random.Generator) -> None:
    assert against_model(drawn(rng, (0.7, 0.71), 8_000, 1), rng).n_needed is None


def test_macro_f1_is_the_mean_of_the_labels_f1(rng: np.random.Generator) -> None:
    """Coral: 2 of 3 right, given 3 times: 4/6. Sand: 1 of 2 right, given twice: 2/4. Mean: .5833; the old one: all."""
    trial = against_model(paired([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]), rng)
    assert trial.macro_f1.new == pytest.approx(7 / 12)
    assert trial.macro_f1.old == 1
    assert not trial.passed


def test_a_label_that_no_subject_has_is_only_ever_wrong(rng: np.random.Generator) -> None:
    """Coral given once, rightly, of two: 2/3; sand right: 1."""
    trial = against_model(paired([0, 0, 1], [0, OTHER, 1], [0, 0, 1]), rng)
    assert trial.macro_f1.new == pytest.approx((2 / 3 + 1) / 2)


def test_counts_are_right_given_and_true_of_each_image() -> None:
    """Image 0: coral right, coral given for sand. Image 1: sand given something else."""
    found = counts(np.array([0, 1, 1]), np.array([0, 0, OTHER]), np.array([0, 0, 1]), 2)
    assert found.tolist() == [[[1, 0], [2, 0], [1, 1]], [[0, 0], [0, 0], [0, 1]]]
    assert f1(found[0]).tolist() == [pytest.approx(2 / 3), 0]


def test_the_sign_test_is_exact() -> None:
    """Of four coins at least three heads: (4 + 1) / 16."""
    assert sign_test(3, 1) == 5 / 16
    assert sign_test(0, 0) == 1
    assert sign_test(0, 9) == 1
    assert sign_test(2_600, 2_400) == pytest.approx(stats.binomtest(2_600, 5_000, alternative="greater").pvalue)


def test_holms_procedure_multiplies_the_smallest_most() -> None:
    """Holm (1979): 3 x .01, then 2 x .04, and never less than the one before: .08 again, not .06."""
    assert holm([0.04, 0.01, 0.06]) == [pytest.approx(0.08), pytest.approx(0.03), pytest.approx(0.08)]
    assert holm([0.9, 0.8]) == [1, 1]


def test_a_label_is_tested_on_what_only_one_of_both_recognises() -> None:
    """Coral: the old one alone right twice, the new one once; sand: both right. P(Bin(3) >= 2) = 4/8, Holm: 1."""
    coral, sand = label_tests(paired([0, 0, 0, 0, 1], [1, 1, 0, 0, 1], [0, 0, 1, 0, 1]))
    assert (coral.code, coral.n, coral.only_old, coral.only_new, coral.p_value) == ("coral", 4, 2, 1, 1)
    assert (sand.n, sand.only_old, sand.only_new, sand.worse) == (1, 0, 0, False)


@pytest.mark.parametrize("n", [3, 5, 14, 60, 5000])
def test_the_tail_is_students(n: int) -> None:
    expected = stats.norm.cdf(-stats.t.isf(LEVEL, n - 1) * (n / (n - 1)) ** 0.5)
    assert student_tail(n) == pytest.approx(expected, rel=0.2 if n == 3 else 0.02)


def test_a_single_image_is_drawn_subject_by_subject(rng: np.random.Generator) -> None:
    trial = against_model(drawn(rng, (0.9, 0.5), 1, 200), rng)
    assert (trial.n_images, trial.passed) == (1, True)


def test_chance_does_not_beat_the_commonest_label(rng: np.random.Generator) -> None:
    """Pure chance has the better macro-F1, so that mean recall has to decide as well."""
    true = rng.choice(LABELS, size=300, p=[0.55, 0.15, 0.15, 0.15])
    blind = against_commonest(beside_commonest(examined(true, rng.permutation(true))), rng)
    assert blind.macro_f1.better
    assert blind.recall
    assert not blind.recall.better
    assert not blind.passed
    seeing = np.where(rng.random(300) < 0.5, true, rng.permutation(true))
    assert against_commonest(beside_commonest(examined(true, seeing)), rng).passed


def test_what_recognises_the_rare_passes_even_if_it_is_right_less_often_than_the_commonest_label(
    rng: np.random.Generator,
) -> None:
    """Nineteen in twenty are sand: whoever always says so is right more often than any model that looks for coral."""
    true = np.array(["coral" if place % 20 == 0 else "sand" for place in range(600)])
    given = np.where((true == "sand") & (rng.random(600) < 0.08), "coral", true)
    assert against_commonest(beside_commonest(examined(true, given)), rng).passed


def test_as_many_subjects_as_are_asked_for_would_tell(rng: np.random.Generator) -> None:
    small = against_model(drawn(np.random.default_rng(0), (0.8, 0.7), 60, 1), rng)
    assert not small.macro_f1.better
    assert small.macro_f1.difference > 0
    assert small.n_needed
    seems = (0.7 + small.macro_f1.difference, 0.7)
    assert share_passed(seems, small.n_needed, 1) > 0.7


def test_without_an_improvement_a_hold_out_is_asked_for_that_could_tell_one(rng: np.random.Generator) -> None:
    worse = against_model(drawn(rng, (0.6, 0.75), 30, 4), rng)
    assert worse.macro_f1.difference < 0
    assert worse.n_needed
    assert worse.n_needed > 120


def test_the_same_draws_give_the_same_figures() -> None:
    pair = drawn(np.random.default_rng(1), (0.75, 0.7), 20, 5)
    assert against_model(pair, np.random.default_rng(3)) == against_model(pair, np.random.default_rng(3))


@pytest.mark.parametrize(("n_images", "n_points"), [(5_000, 1), (25, 200), (3, 1_667)])
def test_five_thousand_subjects_are_judged_within_a_second(n_images: int, n_points: int) -> None:
    pair = drawn(np.random.default_rng(1), (0.72, 0.7), n_images, n_points)
    begun = time.perf_counter()
    against_model(pair, np.random.default_rng(1))
    assert time.perf_counter() - begun < 1
