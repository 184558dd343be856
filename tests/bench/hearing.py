"""How a model is heard: by its sharpness, by a confusion matrix in its place, or by both, beside real people's answers.

    python -m tests.bench.hearing [seeds]

Real answers, the first 1 to 4 of each subject in random order, and 50 gold. labelme has features of its pictures, from
which the game's own head learns the consensus; for the others sixteen features are drawn, so that what such a model
mistakes systematically it has learned from people. All ways hear the same predictions beside the same answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from game.training.dataset import Consensus
from game.training.head import Lessons, fit_heads, folds, importance
from scoring.arrays import Floats, Ints, Masks, log, softmax
from scoring.confusion import anchored, empirical_bayes
from scoring.crowd import judge
from scoring.redundancy import publish
from scoring.voter import TAUGHT, frequencies, likelihood, meet, promised_confusion, reconcile
from tests.bench.crowd import metrics
from tests.bench.crowd.data import UNKNOWN, CrowdSet, draw_gold, folder, judged, read

SETS = ("labelme", "dog", "s_face", "weather_amt")
N_ANSWERS, COMPARED_AT, N_GOLD = (1, 2, 3, 4), 2, 50
SURE = 0.95
N_FOLDS, RIDGE = 5, 1.0
N_FEATURES, APART = 16, 0.62
# A matrix that people measured judges no subject whose own answers went into it.
N_PARTS = 10
N_STEPS = 30

# Predictions (S, K), people's posterior (S, K), gold's labels (S,), UNKNOWN elsewhere → P(true | model) (S, K).
Way = Callable[[Floats, Floats, Ints], Floats]


def sharp(p: Floats, said: Floats, true: Ints) -> Floats:
    """As the game did before it measured a matrix."""
    known = _with_gold(said, true)
    return reconcile(p, known)[0]


def both_by_gold(p: Floats, said: Floats, true: Ints) -> Floats:
    """The game."""
    gold = true != UNKNOWN
    met = meet(p, _with_gold(said, true), p[gold], true[gold])
    return sharp(p, said, true) if met is None else met.word(p).probability


def both_by_people(p: Floats, said: Floats, true: Ints) -> Floats:
    known, heard = _with_gold(said, true), sharp(p, said, true)
    named, promised = np.eye(p.shape[1])[p.argmax(axis=1)], promised_confusion(p, heard)

    def put_right(taught: Masks, asked: Masks) -> Floats:
        matrix = empirical_bayes(known[taught].T @ named[taught], promised, float(p.shape[1]))
        return np.asarray(log(heard[asked]) + named[asked] @ np.log(matrix / promised).T)

    return softmax(in_parts(put_right, p.shape))


def matrix_by_people(p: Floats, said: Floats, true: Ints) -> Floats:
    """P(true | model) ∝ π(t)·M[t, g], whatever else the model says; rows mixed with K subjects of a common diagonal."""
    known, named = _with_gold(said, true), np.eye(p.shape[1])[p.argmax(axis=1)]

    def told(taught: Masks, asked: Masks) -> Floats:
        return log(frequencies(known)) + named[asked] @ log(_matrix(known[taught].T @ named[taught])).T

    return softmax(in_parts(told, p.shape))


def matrix_by_gold(p: Floats, said: Floats, true: Ints) -> Floats:
    gold, named = true != UNKNOWN, np.eye(p.shape[1])[p.argmax(axis=1)]
    matrix = _matrix(np.eye(p.shape[1])[true[gold]].T @ named[gold])
    return softmax(log(frequencies(_with_gold(said, true))) + named @ log(matrix).T)


def mixture_by_people(p: Floats, said: Floats, true: Ints) -> Floats:
    """Σ_g P_β(g)·T[g, t], T (K, K) by EM, each row mixed with K subjects of which the model is right."""
    known, heard, n_labels = _with_gold(said, true), sharp(p, said, true), p.shape[1]
    share = known / frequencies(known)

    def mixed(taught: Masks, asked: Masks) -> Floats:
        turned = np.full((n_labels, n_labels), 0.1 / n_labels) + 0.9 * np.eye(n_labels)
        for _ in range(N_STEPS):
            joint = heard[taught][:, :, None] * turned * share[taught][:, None, :]
            counts = (joint / joint.sum(axis=(1, 2), keepdims=True)).sum(axis=0)
            turned = empirical_bayes(counts, np.eye(n_labels), float(n_labels))
        return heard[asked] @ turned

    return in_parts(mixed, p.shape)


WAYS: dict[str, Way | None] = {
    "people alone": None,
    "sharpness alone": sharp,
    "matrix alone, by people": matrix_by_people,
    "matrix alone, by gold": matrix_by_gold,
    "mixture of matrix and sharpness, by people": mixture_by_people,
    "matrix × sharpness, by people": both_by_people,
    "matrix × sharpness, by gold (the game)": both_by_gold,
}
BEFORE = "sharpness alone"


def _with_gold(said: Floats, true: Ints) -> Floats:
    gold = (true != UNKNOWN)[:, None]
    return np.where(gold, np.eye(said.shape[1])[np.maximum(true, 0)], said)


def in_parts(told: Callable[[Masks, Masks], Floats], shape: tuple[int, ...]) -> Floats:
    found, part = np.empty(shape), np.arange(shape[0]) % N_PARTS
    for out in range(N_PARTS):
        found[part == out] = told(part != out, part == out)
    return found


def _matrix(counts: Floats) -> Floats:
    """(K, K), rows mixed with K subjects of a matrix with one number on its diagonal."""
    return empirical_bayes(counts, anchored(np.trace(counts) / counts.sum() * np.eye(len(counts)), 0), len(counts))


def measure(crowd: CrowdSet, n_answers: int, seed: int) -> dict[str, Floats]:
    """By way: accuracy, log-loss, ECE, the share of subjects that reach 95 %, and the accuracy of these, (5,)."""
    rng = np.random.default_rng([seed, n_answers])
    gold = draw_gold(crowd, N_GOLD, np.random.default_rng(seed))
    some = first_answers(crowd, n_answers, np.random.default_rng(seed))
    found = judge(some.answers, crowd.n_subjects, crowd.n_volunteers, gold)
    said = publish(found.log_weight, found.voices, found.redundancy)
    p = _predictions(crowd, said, gold, rng)
    common = frequencies(_with_gold(said, gold))
    told = {}
    for name, way in WAYS.items():
        evidence = 0.0 if way is None else TAUGHT * likelihood(way(p, said, gold), common)
        told[name] = figures_of(softmax(log(said) + evidence), crowd, judged(crowd, gold))
    return told


def first_answers(crowd: CrowdSet, n_answers: int, rng: np.random.Generator) -> CrowdSet:
    """So many answers of each subject; fewer are the first of more."""
    order = rng.permutation(crowd.n_answers)
    order = order[np.argsort(crowd.subject[order], kind="stable")]
    starts = np.flatnonzero(np.diff(crowd.subject[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    return crowd.only(order[rank < n_answers])


def _predictions(crowd: CrowdSet, said: Floats, gold: Ints, rng: np.random.Generator) -> Floats:
    """(S, K): gold by a head that learned from no gold, the others by heads that have not seen their fold."""
    looks = crowd.features if crowd.features is not None else drawn_looks(crowd, rng)
    taught = np.flatnonzero(gold == UNKNOWN)
    posterior = said[taught]
    consensus = Consensus(taught, posterior, posterior.max(axis=1))
    lessons = Lessons(looks[taught].astype(np.float64), consensus.target, consensus.confidence, taught)
    fold, p = folds(taught, 0, N_FOLDS), learned(lessons, np.ones(len(taught), np.bool_))(looks)
    for out in range(N_FOLDS):
        p[taught[fold == out]] = learned(lessons, fold != out)(looks[taught[fold == out]])
    return p


def drawn_looks(crowd: CrowdSet, rng: np.random.Generator) -> Floats:
    means = rng.normal(0, APART, (crowd.n_labels, N_FEATURES))
    return means[np.maximum(crowd.true, 0)] + rng.normal(0, 1, (crowd.n_subjects, N_FEATURES))


def learned(lessons: Lessons, kept: Masks) -> Callable[[Floats], Floats]:
    some = Lessons(lessons.features[kept], lessons.posterior[kept], lessons.confidence[kept], lessons.image[kept])
    return fit_heads(some, importance(some), (lessons.features.shape[1],), (RIDGE,))[RIDGE]


def figures_of(posterior: Floats, crowd: CrowdSet, where: Ints) -> Floats:
    asked = posterior, crowd.true, where
    sure = where[posterior[where].max(axis=1) >= SURE]
    right = metrics.accuracy(posterior, crowd.true, sure) if len(sure) else np.nan
    scores = [score(*asked) for score in (metrics.accuracy, metrics.log_loss, metrics.calibration_error)]
    return np.array([*scores, len(sure) / len(where), right])


def needed(reached: Floats, accuracy: float) -> float:
    """Answers a subject until a curve (len(N_ANSWERS),) has this accuracy; NaN if it never has."""
    return metrics.cost_of(accuracy, np.array(N_ANSWERS, dtype=float), reached)


def tell(name: str, found: list[list[dict[str, Floats]]]) -> None:
    """`found`: of each seed, by number of answers."""
    figures = {way: np.array([[one[way] for one in of_seed] for of_seed in found]) for way in WAYS}  # (seeds, n, 5)
    columns = ("accuracy", "log-loss", "ECE", "share at 95 %", "of these right", "answers saved")
    sys.stdout.write(f"\n| {name}, {COMPARED_AT} answers a subject | {' | '.join(columns)} |\n|{'---|' * 7}\n")
    at = N_ANSWERS.index(COMPARED_AT)
    for way, reached in figures.items():
        cells = [about(one) for one in (reached - figures[BEFORE] * (way != BEFORE))[:, at].T]
        targets = figures[BEFORE][:, at, 0]
        saved = [1 - needed(curve, goal) / COMPARED_AT for curve, goal in zip(reached[:, :, 0], targets, strict=True)]
        sys.stdout.write(f"| {way} | {' | '.join(cells)} | {about(np.array(saved))} |\n")
    sys.stdout.flush()


def about(values: Floats) -> str:
    known = values[np.isfinite(values)]
    if len(known) < len(values):
        return f"in {len(known)} of {len(values)}"
    return f"{known.mean():.3f} ± {known.std(ddof=1):.3f}"


def main() -> None:
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    for name in SETS:
        crowd = read(folder() / name)
        tell(name, [[measure(crowd, n_answers, seed) for n_answers in N_ANSWERS] for seed in seeds])


if __name__ == "__main__":
    main()
