"""The published model as one voter more: how far people and gold bear it out, and how much its word counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from game.levels import GoldUse
from game.science.fitting import Weights
from game.store import Session, models, science
from game.store.witness import MetModel
from scoring import voter
from scoring.arrays import Floats, Ints, log
from scoring.audit import judged_by_people_alone
from scoring.redundancy import voices
from scoring.voter import Witness, Word

# As many subjects tell how sharp a model is as well as all of them do.
SUBJECTS_HEARD = 10_000

# p (K,).
Prediction = Sequence[float] | Floats


@dataclass(frozen=True)
class Predictions:
    """`p`: subject id → (K,), of the published model; none of them made with the subject's own answers."""

    model_id: int
    version: int
    p: Mapping[int, Prediction]


@dataclass(frozen=True)
class Model:
    """The published model as these answers bear it out, and what it says; `met` is None without a published model."""

    met: MetModel | None
    predicted: Mapping[int, Prediction]

    def word(self, subject_id: int) -> Word | None:
        """None where it is not heard, and where people judge alone."""
        p = self.predicted.get(subject_id)
        return None if self.met is None or p is None else self.met.word(subject_id, np.array(p))

    def words(self, subject_ids: Ints) -> Word | None:
        """Of many (S,) at once, (S, K): where there is no word, its probability is NaN and its evidence 0."""
        if self.met is None or self.met.witness is None:
            return None
        n_labels = len(self.met.witness.common)
        probability, evidence = np.full((len(subject_ids), n_labels), np.nan), np.zeros((len(subject_ids), n_labels))
        ids = subject_ids.tolist()
        said = [n for n, one in enumerate(ids) if one in self.predicted and not judged_by_people_alone(one)]
        if said:
            word = self.met.witness.word(np.array([self.predicted[ids[n]] for n in said]))
            probability[said], evidence[said] = word.probability, word.evidence
        return Word(probability, evidence)


NOBODY = Model(None, {})


def published_predictions(session: Session, project_id: int) -> Predictions | None:
    """None without a published model."""
    model = models.published_model(session, project_id)
    if model is None:
        return None
    return Predictions(model.id, model.version, science.predictions(session, project_id, model.id))


def meet(
    predicted: Predictions | None,
    weights: Weights,
    people: Mapping[int, Floats],
    gold: Mapping[int, tuple[int, GoldUse]],
) -> Model:
    """`people`: subject id → posterior (K,) of its answers alone; `gold`: subject id → (label, use).

    Gold and people measure the model; it has no part in what is measured of them. What it takes for what is told by
    hidden gold alone, from which no model learns: teaching gold may be easier than most.
    """
    if predicted is None:
        return NOBODY
    n_labels = len(weights.prior)
    heard = sorted((gold.keys() | people.keys()) & predicted.p.keys())
    heard = heard[:: len(heard) // SUBJECTS_HEARD + 1]
    known = [people[one] if one in people else np.eye(n_labels)[gold[one][0]] for one in heard]
    asked = [one for one, (_, use) in sorted(gold.items()) if use is GoldUse.HIDDEN and one in predicted.p]
    p, examined = (np.array([predicted.p[one] for one in ids]).reshape(-1, n_labels) for ids in (heard, asked))
    true = np.array([gold[one][0] for one in asked], dtype=np.int64)
    witness = voter.meet(p, np.array(known).reshape(-1, n_labels), examined, true)
    worth = 0.0 if witness is None else _worth(witness, p, weights)
    return Model(MetModel(predicted.model_id, predicted.version, witness, round(worth, 2)), predicted.p)


def _worth(witness: Witness, predictions: Floats, weights: Weights) -> float:
    """How many first answers of the average volunteer the evidence is worth, on the average of `predictions` (S, K).

    Evidence for a label is measured in nats over the mean of all others, as it moves what is published.
    """
    n_labels = len(weights.prior)
    said = -witness.word(predictions).evidence.sum(axis=1) / (n_labels - 1)
    told = log(weights.pooled)
    named = np.diagonal(told)
    answer = (named - (told.sum(axis=0) - named) / (n_labels - 1)).mean()
    published = answer / (1 + weights.redundancy * float(voices(weights.pooled)))
    return float(said.mean() / published) if published > 0 else 0.0
