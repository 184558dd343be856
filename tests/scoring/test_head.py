"""The head on features: by hand, what it may not learn from, drawn subjects, and real images with real answers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import norm

from scoring.arrays import Floats, log, softmax
from scoring.crowd import Judgement, judge
from scoring.head import (
    N_FOLDS,
    Head,
    _gaussians,
    _log_density,
    _normal_scores,
    _scores,
    fit_head,
    learn,
    prepare,
)
from scoring.voter import frequencies, likelihood
from tests.scoring.crowds import NO_GOLD, Crowd, accuracy, distribution, draw_crowd, generators, read_crowd


def judged(crowd: Crowd, evidence: Floats | None = None) -> Judgement:
    return judge(crowd.answers, len(crowd.true), crowd.n_volunteers, np.array(NO_GOLD), evidence=evidence)


def bare(crowd: Crowd) -> Floats:
    return judged(crowd).posterior


def taught(crowd: Crowd, features: Floats, rng: np.random.Generator) -> Floats:
    """The published posterior (S, K) with a head's vote."""
    n_labels = crowd.answers.choices.shape[1]
    head = prepare(features, np.ones(len(features)), rng)
    lesson = learn(head, lambda evidence: judged(crowd, evidence).log_weight, n_labels)
    return judged(crowd, likelihood(lesson.predictions, frequencies(lesson.posterior))).posterior


def clusters(rng: np.random.Generator, true: np.ndarray, apart: float) -> Floats:
    """Features (S, 12) of which each label has its own middle, so many standard deviations from the others'."""
    middles = rng.normal(size=(true.max() + 1, 12))
    return apart * middles[true] / np.sqrt(24) + rng.normal(size=(len(true), 12))


def test_normal_scores_are_ranks_spread_like_a_normal() -> None:
    # Ranks 2, 3½, 3½, 1 of four: quantiles 3/8, 6/8, 6/8, 1/8.
    expected = norm.ppf([0.375, 0.75, 0.75, 0.125])
    np.testing.assert_allclose(_normal_scores(np.array([[2.0], [9], [9], [-7]]))[:, 0], expected)
    np.testing.assert_allclose(_normal_scores(np.full((3, 1), 5.0)), 0, atol=1e-12)


def test_two_labels_gaussians_by_hand() -> None:
    scores = np.array([[1.0, -1], [3, -3], [-2, 2], [-2, 2]])
    share = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    mean, spread = _gaussians(scores, share)
    # The middle is 0 and counts as two subjects: (1 + 3 + 2·0)/4 = 1 and (-2 - 2 + 2·0)/4 = -1.
    np.testing.assert_allclose(mean, [[1, -1], [-1, 1]])
    # Squared gaps 0, 4, 1, 1: their mean is 1.5; both directions are each other's mirror; 2 % of 3/2 on the diagonal.
    np.testing.assert_allclose(spread, [[1.53, -1.5], [-1.5, 1.53]])


def test_ridge_regression_by_hand() -> None:
    likeness, fold = np.array([[1.0], [2], [3]]), np.array([0, 1, 2])
    size = np.array([4.0 + 9, 1 + 9, 1 + 4, *[14.0] * (N_FOLDS - 3)])[:, None]
    head = Head(likeness, fold, np.ones(3), size, np.ones((N_FOLDS, 1, 1)))
    # The first subject is taught by the others: 1 · (2·1 + 3·(-1))/(4 + 9 + 1) = -1/14.
    scores = _scores(head, np.array([[5.0], [1], [-1]]), ridge=1.0)
    np.testing.assert_allclose(scores[:, 0], [-1 / 14, 2 * (5 - 3) / 11, 3 * (5 + 2) / 6])


@given(generators)
@settings(max_examples=20)
def test_no_subject_is_judged_by_what_its_own_answers_taught(rng: np.random.Generator) -> None:
    head = prepare(rng.normal(size=(60, 4)), np.ones(60), rng)
    posterior, own = distribution(rng, 60, 3), head.fold == 3
    other = np.where(own[:, None], distribution(rng, 60, 3), posterior)
    scores = _scores(head, posterior, 1.0)
    np.testing.assert_allclose(_scores(head, other, 1.0)[own], scores[own], atol=1e-9)
    density = _log_density(head, scores, posterior)
    np.testing.assert_allclose(_log_density(head, scores, other)[own], density[own], atol=1e-9)


@given(generators)
@settings(max_examples=20)
def test_renaming_labels_renames_the_predictions(rng: np.random.Generator) -> None:
    head = prepare(rng.normal(size=(60, 4)), np.ones(60), rng)
    posterior, labels = distribution(rng, 60, 4), rng.permutation(4)
    predictions = fit_head(head, posterior)
    np.testing.assert_allclose(predictions.sum(axis=1), 1)
    np.testing.assert_allclose(fit_head(head, posterior[:, labels]), predictions[:, labels], atol=1e-8)


def test_units_and_skew_of_features_do_not_matter(rng: np.random.Generator) -> None:
    features = rng.normal(size=(50, 3))
    plain = prepare(features, np.ones(50), np.random.default_rng(4))
    other = prepare(np.exp(features) * [1, 100, 1e-6], np.ones(50), np.random.default_rng(4))
    np.testing.assert_allclose(other.likeness, plain.likeness, atol=1e-9)


def test_whom_nobody_answered_about_teaches_nothing_but_is_predicted(rng: np.random.Generator) -> None:
    weight = np.r_[np.zeros(10), np.ones(90)]
    head = prepare(rng.normal(size=(100, 3)), weight, rng)
    posterior = distribution(rng, 100, 2)
    target = posterior - 0.5
    other = np.where(weight[:, None] > 0, target, 9.0)
    np.testing.assert_allclose(_scores(head, other, 1.0), _scores(head, target, 1.0))
    assert np.isfinite(fit_head(head, posterior)).all()


def test_a_subject_without_features_has_no_prediction(rng: np.random.Generator) -> None:
    features = rng.normal(size=(80, 3))
    features[7, 1] = np.nan
    predictions = fit_head(prepare(features, np.ones(80), rng), distribution(rng, 80, 2))
    assert np.isnan(predictions[7]).all()
    assert np.isfinite(np.delete(predictions, 7, axis=0)).all()


@pytest.mark.parametrize("features", [np.full((30, 2), np.nan), np.ones((30, 2)), np.zeros((30, 0))])
def test_features_without_any_difference_change_nothing(features: Floats, rng: np.random.Generator) -> None:
    said = log(distribution(rng, 30, 3))
    lesson = learn(prepare(features, np.ones(30), rng), lambda _: said, 3)
    np.testing.assert_allclose(lesson.posterior, softmax(said))
    assert np.isnan(lesson.predictions).all()


@pytest.mark.parametrize("n_features", [3, 200])
def test_random_features_change_nothing(n_features: int, rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, n_labels=4, group_share=0.0)
    features = rng.normal(size=(len(crowd.true), n_features))
    np.testing.assert_allclose(taught(crowd, features, rng), bare(crowd), atol=1e-9)


def test_features_that_show_the_label_raise_the_consensus(rng: np.random.Generator) -> None:
    crowd = draw_crowd(rng, n_labels=4, group_share=0.0)
    everyone = crowd.true >= 0
    without = accuracy(bare(crowd), crowd.true, everyone)
    assert accuracy(taught(crowd, clusters(rng, crowd.true, 3.0), rng), crowd.true, everyone) > without + 0.03


def test_the_same_generator_teaches_the_same() -> None:
    crowd = draw_crowd(np.random.default_rng(2), n_labels=3, group_share=0.0)
    features = clusters(np.random.default_rng(3), crowd.true, 2.0)
    once, again = (taught(crowd, features, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_nine_of_ten_real_images_are_right_with_two_and_a_half_answers_each(shared_data: Path) -> None:
    """LabelMe of Rodrigues and Pereira (2018), Deep learning from crowds: elsewhere's best is .882."""
    crowd = read_crowd(shared_data / "crowd" / "labelme")
    features = np.load(shared_data / "crowd" / "labelme" / "features_vgg512.npy").astype(np.float64)
    posterior = taught(crowd, features, np.random.default_rng(0))
    everyone = crowd.true >= 0
    assert accuracy(bare(crowd), crowd.true, everyone) < 0.85
    assert accuracy(posterior, crowd.true, everyone) >= 0.90
    assert -log(posterior[np.arange(len(crowd.true)), crowd.true]).mean() < 0.4


def test_real_answers_are_not_harmed_by_random_features(shared_data: Path, rng: np.random.Generator) -> None:
    for name in ("labelme", "weather_amt", "s_face"):
        crowd = read_crowd(shared_data / "crowd" / name)
        features = rng.normal(size=(len(crowd.true), 32))
        np.testing.assert_allclose(taught(crowd, features, rng), bare(crowd), atol=1e-9)
