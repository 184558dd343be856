"""The head: multinomial logistic regression on frozen features and soft labels, its ridge cross-validated."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from game.training.dataset import Consensus, Subject
from game.training.progress import Progress
from scoring.arrays import Floats, Ints, log, softmax

# From the firmest to the loosest: each solution is where the search for the next one starts.
RIDGES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
N_FOLDS = 5
# A rare label counts more, but mildly: (1/share)^¼. On the Moorea points it lifts macro-F1 by .03 and costs no
# accuracy; the full 1/share costs .04 of accuracy.
BALANCE = 0.25
MAX_STEPS = 200


@dataclass(frozen=True)
class Lessons:
    """N subjects: features (N, D), posteriors (N, K), confidences (N,), the whole image that each lies in (N,)."""

    features: NDArray[np.float16]
    posterior: Floats
    confidence: Floats
    image: Ints


@dataclass(frozen=True)
class Head:
    """p = softmax(((x - mean) / scale) · weight + bias); mean, scale (D,), weight (D, K), bias (K,)."""

    mean: Floats
    scale: Floats
    weight: Floats
    bias: Floats

    def __call__(self, features: NDArray[np.float16]) -> Floats:
        """Probabilities (N, K) of features (N, D)."""
        return softmax((features - self.mean) / self.scale @ self.weight + self.bias)


@dataclass(frozen=True)
class Learned:
    """`unseen` (N, K): each lesson judged by a head that saw nothing of its image. `losses`: ridge → loss on it."""

    head: Head
    ridge: float
    losses: dict[float, float]
    unseen: Floats


def lessons_of(subjects: Sequence[Subject], consensus: Consensus, features: NDArray[np.float16]) -> Lessons:
    """`features` (N, D) are those of the consensus."""
    names = [subjects[place].whole for place in consensus.subject]
    return Lessons(features, consensus.target, consensus.confidence, np.unique(names, return_inverse=True)[1])


def learn(lessons: Lessons, widths: Sequence[int], seed: int, progress: Progress) -> Learned:
    """The ridge with the least cross-entropy on images that were left out; `widths` sum to D, one for each block."""
    weight = importance(lessons)
    unseen = _left_out(lessons, weight, widths, seed, progress)
    losses = {ridge: _loss(p, lessons.posterior, weight) for ridge, p in unseen.items()}
    best = min(losses, key=lambda ridge: losses[ridge])
    head = fit_heads(lessons, weight, widths, (best,))[best]
    progress("fit", len(weight), len(weight), f"Learned from {len(weight)} subjects, with ridge {best:g}")
    return Learned(head, best, losses, unseen[best])


def folds(image: Ints, seed: int, n_folds: int = N_FOLDS) -> Ints:
    """The fold 0…n_folds-1 of each lesson (N,): whole images stay together; a single image is split by subject."""
    groups = image if len(np.unique(image)) > 1 else np.arange(len(image))
    _, group = np.unique(groups, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(group.max() + 1)
    return shuffled[group] % n_folds


def importance(lessons: Lessons) -> Floats:
    """(N,): confidence times how rare the likely labels are, mildly."""
    share = np.maximum(lessons.posterior.mean(axis=0), 1 / len(lessons.posterior))
    return np.asarray(lessons.confidence * (lessons.posterior @ share**-BALANCE))


def fit_heads(
    lessons: Lessons, importance: Floats, widths: Sequence[int], ridges: Sequence[float]
) -> dict[float, Head]:
    """By ridge, firmest first, the head of each."""
    return dict(_path(lessons, importance, widths, ridges))


def _path(
    lessons: Lessons, importance: Floats, widths: Sequence[int], ridges: Sequence[float]
) -> Iterator[tuple[float, Head]]:
    """For each ridge the minimum of Σ_n w_n · cross-entropy(posterior_n, p_n) / Σ w + ridge/2N · ‖weight‖².

    Features are standardised, then each block shrunk by the root of its width: a layer of 1,280 channels weighs no
    more than one of 96, and the same ridges suit every network.
    """
    mean = lessons.features.mean(axis=0, dtype=np.float64)
    spread = lessons.features.std(axis=0, dtype=np.float64) + 1e-3
    scale = spread * np.sqrt(np.repeat(widths, widths) * len(widths))
    x = torch.from_numpy((lessons.features - mean) / scale)
    target = torch.from_numpy(lessons.posterior * (importance / importance.sum())[:, np.newaxis])
    weight = torch.zeros(x.shape[1], target.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(target.shape[1], dtype=torch.float64, requires_grad=True)
    for ridge in ridges:
        with one_thread():
            _minimise(x, target, ridge / len(x), (weight, bias))
        yield ridge, Head(mean, scale, weight.detach().numpy().copy(), bias.detach().numpy().copy())


@contextmanager
def one_thread() -> Iterator[None]:
    """Small sums are done before a second thread has woken up, and one adds them in the same order everywhere."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _minimise(x: Tensor, target: Tensor, ridge: float, head: tuple[Tensor, Tensor]) -> None:
    """Moves the head's weight (D, K) and bias (K,) to the minimum: convex, so L-BFGS finds the only one.

    `x` is (N, D), `target` (N, K) sums to 1 over all.
    """
    weight, bias = head
    search = torch.optim.LBFGS(head, max_iter=MAX_STEPS, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        wrong = -(target * torch.log_softmax(x @ weight + bias, dim=1)).sum() + ridge / 2 * weight.square().sum()
        wrong.backward()  # type: ignore[no-untyped-call]
        return wrong

    search.step(loss)  # type: ignore[no-untyped-call]


def _left_out(
    lessons: Lessons, weight: Floats, widths: Sequence[int], seed: int, progress: Progress
) -> dict[float, Floats]:
    """By ridge probabilities (N, K), each by a head that was fitted without the lesson's fold.

    From the firmest on, until a looser one does worse: those after it would only learn the lessons more by heart, and
    take the longest to find.
    """
    fold, judged, losses = folds(lessons.image, seed), {}, [np.inf]
    paths = {}
    for out in np.unique(fold):
        kept = fold != out
        some = Lessons(lessons.features[kept], lessons.posterior[kept], lessons.confidence[kept], lessons.image[kept])
        paths[out] = _path(some, weight[kept], widths, RIDGES)
    for place, ridge in enumerate(RIDGES):
        progress("fit", place, len(RIDGES), "Learning, with some images left out to choose the ridge")
        judged[ridge] = np.empty_like(lessons.posterior)
        for out, path in paths.items():
            judged[ridge][fold == out] = next(path)[1](lessons.features[fold == out])
        losses.append(_loss(judged[ridge], lessons.posterior, weight))
        if losses[-1] > losses[-2]:
            break
    return judged


def _loss(p: Floats, posterior: Floats, weight: Floats) -> float:
    """Weighted mean cross-entropy of predictions `p` (N, K)."""
    return float(-(weight[:, np.newaxis] * posterior * log(p)).sum() / weight.sum())
