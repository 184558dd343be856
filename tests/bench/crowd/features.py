"""Images as well as answers: the consensus with features beside CROWDLAB and a classifier trained again and again."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scoring.arrays import Floats, Ints, log, softmax
from tests.bench.crowd import metrics, ours
from tests.bench.crowd.bayes import plain_em
from tests.bench.crowd.data import CrowdSet, no_gold
from tests.bench.crowd.rivals import majority
from tests.bench.crowd.runs import on_all_cores, say
from tests.bench.crowd.tables import Goal, Part, Table

GOAL, SET, N_FOLDS, N_ROUNDS = 0.900, "labelme", 10, 5


def part(crowds: list[CrowdSet]) -> Part:
    chosen = [crowd for crowd in crowds if crowd.features is not None]
    pieces = [(name, crowd) for crowd in chosen for name in METHODS]
    found = dict(zip([(name, crowd.name) for name, crowd in pieces], on_all_cores(_posterior, pieces), strict=True))
    scores = {key: _scores(found[key], crowd) for crowd in chosen for key in found if key[1] == crowd.name}
    rows = [
        [name, *(f"{a:.4f} / {b:.3f} / {c:.3f}" for a, b, c in (scores[name, crowd.name] for crowd in chosen))]
        for name in METHODS
    ]
    table = Table(
        "With features: accuracy / log-loss / ECE", ["method", *(crowd.name for crowd in chosen)], rows, _NOTE
    )
    if (ours.NAME, SET) not in scores:
        return Part("Features", [table], [])
    others = {name: scores[name, SET][0] for name in METHODS if name != ours.NAME}
    best = max(others, key=lambda name: others[name])
    mine = scores[ours.NAME, SET][0]
    goal = Goal(
        "LabelMe with features, accuracy", f"{best} {others[best]:.4f}", f"≥ {GOAL:.3f}", f"{mine:.4f}", mine - GOAL
    )
    return Part("Features", [table], [goal])


_NOTE = (
    f"No truth used; probabilities of classifiers are out of fold ({N_FOLDS} folds, seed 0). CROWDLAB: the formula of "
    f"Goh, Tkachenko and Mueller (2022) around logistic regression on majority labels. Trained again: {N_ROUNDS} "
    "rounds of logistic regression on the consensus labels, its probabilities times Dawid and Skene's likelihood."
)


def _posterior(piece: tuple[str, CrowdSet]) -> Floats:
    name, crowd = piece
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        posterior = METHODS[name](crowd)
    say(f"{crowd.name}: {name}")
    return posterior


def _scores(posterior: Floats, crowd: CrowdSet) -> tuple[float, float, float]:
    where = crowd.known
    return (
        metrics.accuracy(posterior, crowd.true, where),
        metrics.log_loss(posterior, crowd.true, where),
        metrics.calibration_error(posterior, crowd.true, where),
    )


def _alone(crowd: CrowdSet) -> Floats:
    return ours.consensus(crowd, no_gold(crowd))


def _classifier(crowd: CrowdSet) -> Floats:
    return out_of_fold(crowd, majority(crowd).argmax(axis=1))


def crowdlab(crowd: CrowdSet) -> Floats:
    """(S, K). Goh, Tkachenko and Mueller (2022), section 3: a weighted mean of a classifier and of annotators.

    An annotator says her label with P, the mean agreement with the majority, and spreads the rest evenly; her weight
    is her agreement with others, the classifier's its agreement with the majority, both corrected for the most
    common label; subjects with one answer only teach no weights.
    """
    model, k = _classifier(crowd), crowd.n_labels
    consensus, n = majority(crowd).argmax(axis=1), crowd.votes.sum(axis=1)
    several = n > 1
    agreed = crowd.votes[np.arange(crowd.n_subjects), consensus]
    likely = float((agreed[several] / n[several]).mean())
    chance = float((consensus[several] == np.bincount(consensus[several], minlength=k).argmax()).mean())
    others = crowd.votes[crowd.subject, crowd.given] - 1
    pairs = np.bincount(crowd.volunteer, n[crowd.subject] - 1, crowd.n_volunteers)
    alike = np.bincount(crowd.volunteer, others, crowd.n_volunteers)
    agreement = np.where(pairs > 0, alike / np.maximum(pairs, 1), alike.sum() / pairs.sum())
    weight = np.maximum(1 - (1 - agreement) / (1 - chance), 1e-4)
    right = float((model.argmax(axis=1) == consensus)[several].mean())
    of_model = max(1 - (1 - right) / (1 - chance), 1e-4) * np.sqrt(n.mean())
    said = np.full((k, k), (1 - likely) / (k - 1))
    np.fill_diagonal(said, likely)
    total = of_model * model
    np.add.at(total, crowd.subject, weight[crowd.volunteer, None] * said[crowd.given])
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def again(crowd: CrowdSet) -> Floats:
    """(S, K): a classifier of the consensus labels and the consensus with the classifier take turns."""
    posterior = majority(crowd)
    confusion = plain_em(crowd, no_gold(crowd))[1]
    said = log(confusion).swapaxes(1, 2).reshape(-1, crowd.n_labels)
    for _ in range(N_ROUNDS):
        model = out_of_fold(crowd, posterior.argmax(axis=1))
        posterior = softmax(log(model) + crowd.incidence @ said)
        counts = (crowd.incidence.T @ posterior).reshape(crowd.n_volunteers, crowd.n_labels, -1).swapaxes(1, 2) + 0.1
        said = log(counts / counts.sum(axis=2, keepdims=True)).swapaxes(1, 2).reshape(-1, crowd.n_labels)
    return posterior


def out_of_fold(crowd: CrowdSet, label: Ints) -> Floats:
    """Probabilities (S, K) of a logistic regression that has not seen the subject."""
    assert crowd.features is not None
    found = np.zeros((crowd.n_subjects, crowd.n_labels))
    for fit, held in StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(crowd.features, label):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        model.fit(crowd.features[fit], label[fit])
        found[np.ix_(held, model.classes_)] = model.predict_proba(crowd.features[held])
    return found


METHODS = {
    ours.NAME: ours.with_features,
    f"{ours.NAME} without features": _alone,
    "classifier of majority labels alone": _classifier,
    "CROWDLAB (own writing)": crowdlab,
    "classifier trained again": again,
}
