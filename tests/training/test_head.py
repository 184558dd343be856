"""The head learns probabilities, not votes; its ridge is chosen on images that were left out."""

import numpy as np
import pytest

from game.training.head import BALANCE, N_FOLDS, RIDGES, Lessons, fit_heads, folds, importance, learn
from tests.training.conftest import quiet


def lessons(n_images: int = 10, n_each: int = 12) -> Lessons:
    """Two labels told apart by the first of four features, with noise that differs between images."""
    rng = np.random.default_rng(3)
    n = n_images * n_each
    true = rng.integers(0, 2, n)
    image = np.repeat(np.arange(n_images), n_each)
    features = rng.normal(size=(n, 4)) + rng.normal(size=(n_images, 4))[image] * 0.3
    features[:, 0] += 3 * true
    posterior = np.where(true[:, np.newaxis] == np.arange(2), 0.9, 0.1)
    return Lessons(features.astype(np.float16), posterior, posterior.max(axis=1), image)


def test_with_features_that_tell_nothing_it_says_the_weighted_mean_of_the_posteriors() -> None:
    silent = Lessons(
        np.ones((2, 3), np.float16), np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([1.0, 1.0]), np.array([0, 1])
    )
    head = fit_heads(silent, np.array([3.0, 1.0]), (3,), (1.0,))[1.0]
    # (3·0.8 + 1·0.4) / 4 = 0.7
    assert head(silent.features) == pytest.approx(np.array([[0.7, 0.3], [0.7, 0.3]]), abs=1e-4)


def test_it_finds_what_tells_the_labels_apart() -> None:
    taught = lessons()
    learned = learn(taught, (1, 3), seed=0, progress=quiet())
    right = learned.unseen.argmax(axis=1) == taught.posterior.argmax(axis=1)
    assert right.mean() > 0.85
    assert learned.head(taught.features).sum(axis=1) == pytest.approx(1)


def test_the_ridge_has_the_least_loss_on_images_left_out() -> None:
    taught = lessons()
    learned = learn(taught, (1, 3), seed=0, progress=quiet())
    assert tuple(learned.losses) == RIDGES[: len(learned.losses)]
    weight, fold = importance(taught), folds(taught.image, 0)
    losses = dict.fromkeys(RIDGES, 0.0)
    for out in range(N_FOLDS):
        kept = fold != out
        some = Lessons(taught.features[kept], taught.posterior[kept], taught.confidence[kept], taught.image[kept])
        for ridge, head in fit_heads(some, weight[kept], (1, 3), RIDGES).items():
            wrong = taught.posterior[~kept] * np.log(head(taught.features[~kept]))
            losses[ridge] -= float((weight[~kept] @ wrong).sum())
    assert learned.ridge == min(losses, key=lambda ridge: losses[ridge])
    assert learned.losses[learned.ridge] == pytest.approx(losses[learned.ridge] / weight.sum(), abs=1e-6)


def test_it_stops_looking_once_a_looser_ridge_does_worse() -> None:
    """Posteriors that have nothing to do with the features are best foretold by the firmest ridge."""
    taught = lessons()
    lots = np.random.default_rng(3).permutation(len(taught.posterior))
    strange = Lessons(taught.features, taught.posterior[lots], taught.confidence, taught.image)
    assert tuple(learn(strange, (1, 3), seed=0, progress=quiet()).losses) == RIDGES[:2]


def test_a_firmer_ridge_is_more_cautious() -> None:
    taught = lessons()
    heads = fit_heads(taught, importance(taught), (1, 3), (3.0, 0.01))
    assert heads[3.0](taught.features).max(axis=1).mean() < heads[0.01](taught.features).max(axis=1).mean()


def test_the_order_in_which_ridges_are_tried_changes_nothing() -> None:
    taught = lessons()
    after_another = fit_heads(taught, importance(taught), (1, 3), (3.0, 0.3))[0.3]
    alone = fit_heads(taught, importance(taught), (1, 3), (0.3,))[0.3]
    assert after_another(taught.features) == pytest.approx(alone(taught.features), abs=1e-3)


def test_whole_images_are_left_out_together() -> None:
    image = np.repeat(np.arange(11), 4)
    fold = folds(image, seed=5)
    assert set(fold) == set(range(N_FOLDS))
    assert all(len(set(fold[image == one])) == 1 for one in range(11))


def test_a_single_image_is_split_by_subject() -> None:
    assert set(folds(np.zeros(10, np.int64), seed=5)) == set(range(N_FOLDS))


def test_the_same_seed_learns_the_same_bit_for_bit() -> None:
    first, second = (learn(lessons(), (1, 3), seed=4, progress=quiet()) for _ in range(2))
    assert np.array_equal(first.head.weight, second.head.weight)
    assert np.array_equal(first.unseen, second.unseen)


def test_confidence_and_rarity_weigh() -> None:
    taught = Lessons(
        np.zeros((4, 1), np.float16),
        np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
        np.array([1.0, 0.5, 1.0, 1.0]),
        np.arange(4),
    )
    weight = importance(taught)
    assert weight[1] == weight[0] / 2
    # The labels' shares are 3/4 and 1/4: (3)^¼ = 1.316.
    assert weight[3] / weight[0] == pytest.approx(3**BALANCE)
