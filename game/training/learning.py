"""What more answers would bring: the head learned again from a half, a quarter, an eighth of what there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from game.training.evaluate import figures
from scoring.arrays import Floats, Ints

SHARES = (1 / 8, 1 / 4, 1 / 2)
N_REPEATS = 3
# So many in one go take about a second; of a larger project only its smaller shares are learned again.
MAX_LESSONS = 5000
FEWEST = 10

# Places of lessons (n,) to learn from → probabilities (G, K) of the hold-out.
Refit = Callable[[Ints], Floats]


@dataclass(frozen=True)
class LearningPoint:
    """Mean over repeats with other subjects, and the least and the most; the model itself is one repeat."""

    share: float
    n_subjects: int
    n_answers: int
    accuracy: float
    low: float
    high: float
    macro_f1: float


def learning_curve(
    refit: Refit | None, n_answers: Ints, true: Ints, final: Floats, seed: int
) -> tuple[LearningPoint, ...]:
    """From few to all; `n_answers` (N,) of each lesson, `final` (G, K): what the model itself says of the hold-out.

    The model alone without `refit`.
    """
    rng = np.random.default_rng(seed)
    points = []
    for share in SHARES:
        n = round(share * len(n_answers))
        if refit and FEWEST <= n <= MAX_LESSONS:
            chosen = [np.sort(rng.permutation(len(n_answers))[:n]) for _ in range(N_REPEATS)]
            answers = round(np.mean([n_answers[places].sum() for places in chosen]))
            points.append(_point(share, n, int(answers), [_judged(refit(places), true) for places in chosen]))
    return (*points, _point(1.0, len(n_answers), int(n_answers.sum()), [_judged(final, true)]))


def _point(share: float, n_subjects: int, n_answers: int, judged: Sequence[tuple[float, float]]) -> LearningPoint:
    accuracies = [accuracy for accuracy, _ in judged]
    macro_f1 = float(np.mean([each for _, each in judged]))
    mean = float(np.mean(accuracies))
    return LearningPoint(share, n_subjects, n_answers, mean, min(accuracies), max(accuracies), macro_f1)


def _judged(p: Floats, true: Ints) -> tuple[float, float]:
    """Accuracy and macro-F1."""
    found = figures(p, true, [""] * p.shape[1], None)
    return found.accuracy, found.macro_f1
