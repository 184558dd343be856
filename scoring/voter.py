"""A model as one more volunteer: its probabilities become evidence as far as the crowd finds them to hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import Floats, Ints, log, softmax
from scoring.confusion import empirical_bayes

# However often it was right, a model counts as a witness who sometimes guesses, so that people can overrule it.
MOST_RELIABLE = 0.99
# A model that calls a label impossible is taken to mean this much: else one such slip would outweigh everything.
LEAST_NAMED = 1e-4
CAUTION = 4.0  # A ridge that pulls the sharpness to 0: some four subjects' worth of doubt about every model.
N_RECONCILIATIONS = 40  # At most; EM moves both β in small steps.
# What a model has learned wrongly its teachers said wrongly, too: of one that the same crowd has taught so much of the
# evidence is news. On labelme, the one set with features: log-loss .32 as it is, .29 so, .30 by half.
TAUGHT = 0.7


@dataclass(frozen=True)
class Word:
    """A model's word on one subject: P(true | model) (K,) as the crowd bears it out, and the evidence (K,), in nats."""

    probability: Floats
    evidence: Floats

    def beside(self, posterior: Floats) -> Floats:
        """P(true) (K,) ∝ p(t)·exp(e(t)): what follows from the answers' `posterior` (K,) and the model together."""
        return softmax(log(posterior) + self.evidence)


@dataclass(frozen=True)
class Witness:
    """All that has to be kept of a model that the crowd has taught, to hear it on one subject more in O(K²).

    P(true | model) ∝ π(t)·(p(t)/ρ(t))^β · M[t, g]/Π[t, g], where g is the label that p names: as sharp as people bear
    out, and put right where gold shows that the model takes one label for another without knowing it.
    """

    sharpness: float  # β in [0, 1]
    named: Floats  # (K,), ρ(t): how often the model names each label
    common: Floats  # (K,), π(t): how common labels are
    confusion: Floats  # (K, K), M, entry [true, given], rows sum to 1: measured on gold
    promised: Floats  # (K, K), Π, the same by the model's own probabilities, as sharp as β makes them

    def word(self, prediction: Floats) -> Word:
        """Of a `prediction` (K,) that was made without the subject's own answers. Or all of them at once: (S, K)."""
        put_right = _put_right(prediction, self.confusion, self.promised)
        probability = softmax(log(self.common) + self.sharpness * _lean(prediction, self.named) + put_right)
        return Word(probability, TAUGHT * likelihood(probability, self.common))


def meet(predictions: Floats, answers: Floats, examined: Floats, true: Ints) -> Witness | None:
    """The model of these `predictions` (S, K), NaN rows for none, or None for one that is not worth hearing.

    `answers` (S, K) is the posterior without the model; reconciled with it, the model is as sharp as it bears out.
    `examined` (G, K): what it predicts of gold, from which it never learned, and whose labels are `true` (G,).
    """
    if not worth_hearing(predictions, answers):
        return None
    seen = np.isfinite(predictions).all(axis=1)
    known, said = predictions[seen], answers[seen]
    sharp, common, named = _reconciled(known, said)[0], frequencies(said), _named(known)
    promised = promised_confusion(known, believed(known, common, sharp))
    heard = softmax(log(common) + sharp * _lean(examined, named))
    return Witness(sharp, named, common, borne_out(examined, heard, true, promised), promised)


def at_its_word(sharpness: float, named: Floats, common: Floats) -> Witness:
    """A model of which no gold says what it takes for what."""
    anything = np.full((len(common), len(common)), 1 / len(common))
    return Witness(sharpness, named, common, anything, anything)


def promised_confusion(predictions: Floats, probability: Floats) -> Floats:
    """Π (K, K), entry [true, given], rows sum to 1: how often the model would name g where t is true if its
    `probability` (S, K) came true. `predictions` (S, K) say what it names; one time in a hundred it only guesses."""
    n_labels = predictions.shape[1]
    expected = probability.T @ np.eye(n_labels)[predictions.argmax(axis=1)]
    share = expected / expected.sum(axis=1, keepdims=True)
    return np.asarray(MOST_RELIABLE * share + (1 - MOST_RELIABLE) / n_labels)


def measured_confusion(examined: Floats, true: Ints, promised: Floats) -> Floats:
    """M (K, K), entry [true, given]: what the model of these predictions (G, K) names of gold, by empirical Bayes.

    Each row is mixed with K subjects of what the model has `promised` (K, K): where no gold speaks, it is believed.
    People's consensus is no measure of it: what they mistake systematically would look like the model's mistake.
    """
    counts = np.zeros_like(promised)
    np.add.at(counts, (true, examined.argmax(axis=1)), 1.0)
    return empirical_bayes(counts, promised, float(len(promised)))


def borne_out(examined: Floats, heard: Floats, true: Ints, promised: Floats) -> Floats:
    """The measured confusion (K, K) where it foretells gold better than the one `promised` (K, K); else that one.

    Each gold is foretold by all the others (Stone, 1974), from what was `heard` (G, K) of the predictions `examined`
    (G, K): with little gold, a model that has nothing to be put right would else be put wrong.
    """
    given, rows = examined.argmax(axis=1), np.arange(len(true))
    confusion = measured_confusion(examined, true, promised)
    strength, n_same = float(len(promised)), np.bincount(true, minlength=len(promised))[true]
    without = confusion.T[given]  # (G, K), what each label's row says of the label that was named
    without[rows, true] = (confusion[true, given] * (n_same + strength) - 1) / (n_same - 1 + strength)
    told = log(softmax(log(heard) + log(without / promised.T[given])))
    return confusion if (told - log(heard))[rows, true].sum() > 0 else promised


def evidence(predictions: Floats, posterior: Floats, gold: Ints) -> Floats:
    """Log evidence (S, K) of a model's `predictions` (S, K), to be added to each subject's; 0 at the top label.

    `posterior` (S, K) is what the answers alone say. The `likelihood` of the predictions after they are reconciled
    with it, and put right where `gold` (S,), true labels, -1 for none, shows what the model takes for what; rows of
    predictions with NaN are no evidence: 0. Of a model that neither crowd nor gold has taught.
    """
    seen = np.isfinite(predictions).all(axis=1)
    if not seen.any():
        return np.zeros(posterior.shape)
    heard, _ = reconcile(predictions, posterior)
    asked = seen & (gold >= 0)
    promised = promised_confusion(predictions[seen], heard[seen])
    confusion = borne_out(predictions[asked], heard[asked], gold[asked], promised)
    heard[seen] = softmax(log(heard[seen]) + _put_right(predictions[seen], confusion, promised))
    return likelihood(heard, frequencies(posterior))


def likelihood(probability: Floats, common: Floats) -> Floats:
    """log(R·p_s(t)/π(t) + 1 - R) (S, K), 0 at the top label and in rows of NaN; π `common` (K,), R = MOST_RELIABLE.

    Bayes' rule for a witness who, one time in a hundred, has only guessed: so it is bounded, and people win.
    """
    found = log(MOST_RELIABLE * probability / common + 1 - MOST_RELIABLE)
    return np.asarray(np.nan_to_num(found - found.max(axis=-1, keepdims=True)))


def reconcile(predictions: Floats, answers: Floats) -> tuple[Floats, Floats]:
    """Predictions (S, K), NaN rows kept, as sharp as the answers bear out, and the posterior (S, K) of both.

    `answers` (S, K) is the posterior without the model. Both are witnesses of the same truth, so both β are those under
    which they agree best, found by EM: Σ_s log Σ_t P_β(t | model)·P_β'(t | answers)/π(t). A crowd that is
    sure where a good model is sure of something else thus loses its overconfidence, and so does the model.
    """
    seen = np.isfinite(predictions).all(axis=1)
    known, common = predictions[seen], frequencies(answers[seen])
    beta_model, beta_answers = _reconciled(known, answers[seen])
    heard, posterior = np.full(answers.shape, np.nan), believed(answers, common, beta_answers)
    heard[seen] = believed(known, common, beta_model)
    posterior[seen] = softmax(log(heard[seen]) + log(posterior[seen]) - log(common))
    return heard, posterior


def _reconciled(predictions: Floats, answers: Floats) -> tuple[float, float]:
    """The β of the `predictions` (S, K) and that of the `answers` (S, K)."""
    common = frequencies(answers)
    beta_model, beta_answers = 0.5, 1.0
    for _ in range(N_RECONCILIATIONS):
        heard, said = believed(predictions, common, beta_model), believed(answers, common, beta_answers)
        both = softmax(log(heard) + log(said) - log(common))
        before = beta_model, beta_answers
        beta_model, beta_answers = sharpness(predictions, both), sharpness(answers, both)
        if np.abs(np.subtract(before, (beta_model, beta_answers))).max() < 1e-4:
            break
    return beta_model, beta_answers


def worth_hearing(predictions: Floats, posterior: Floats) -> bool:
    """Whether `predictions` (S, K), made without a subject's own answers, foretell them better than luck could.

    The answers' log-likelihood Σ_s log Σ_t P(t)·q_s(t)/π(t) must grow by more than log(S) for each label but one,
    when P is the model `believed` and not just π. That is twice what Schwarz (1978) asks for as many numbers as π
    has: a model that barely says something does the consensus no good.
    """
    seen = np.isfinite(predictions).all(axis=1)
    if not seen.any():
        return False
    known, answers = predictions[seen], posterior[seen]
    common = frequencies(answers)
    said = answers / common
    heard = believed(known, common, sharpness(known, answers))
    gain = log((heard * said).sum(axis=1)).sum() - log(said @ common).sum()
    return bool(gain > (len(common) - 1) * np.log(max(len(known), 2)))


def sharpness(predictions: Floats, posterior: Floats) -> float:
    """β in [0, 1] at which `predictions` (S, K) best foretell `posterior` (S, K); 0 ignores them; no NaN.

    Maximises Σ_s Σ_t q_s(t) log P_β(t | model) - CAUTION/2·β², concave in β, by Newton's steps within a bisection:
    temperature scaling, Guo et al. (2017), section 4.2, towards soft targets, never sharper than the model
    says. Inside EM, where the posterior holds the model's evidence too, it is the M-step of the answers' likelihood.
    """
    lean, log_common = _lean(predictions, _named(predictions)), log(frequencies(posterior))
    seen = float((posterior * lean).sum())
    low, high, beta = 0.0, 1.0, 0.5
    for _ in range(25):
        expected = softmax(log_common + beta * lean) * lean
        slope = seen - expected.sum() - CAUTION * beta
        low, high = (beta, high) if slope > 0 else (low, beta)
        curvature = (expected * lean).sum() - (expected.sum(axis=1) ** 2).sum() + CAUTION
        before, beta = beta, beta + float(slope / curvature)
        if not low < beta < high:
            beta = (low + high) / 2
        if abs(beta - before) < 1e-6:
            break
    return beta


def believed(predictions: Floats, common: Floats, sharpness: float) -> Floats:
    """P(true | model) (S, K) ∝ π(t)·(p_s(t)/ρ(t))^β, π `common` (K,), ρ how often the model names each label."""
    return softmax(log(common) + sharpness * _lean(predictions, _named(predictions)))


def frequencies(posterior: Floats) -> Floats:
    """How common labels are (K,): the mean of the posterior (S, K) with one subject of each label added."""
    total = posterior.sum(axis=0) + 1
    return np.asarray(total / total.sum())


def _put_right(predictions: Floats, confusion: Floats, promised: Floats) -> Floats:
    """log M[t, g]/Π[t, g] (..., K), where g is the label that `predictions` (..., K) name."""
    return np.asarray(np.log(confusion / promised).T[predictions.argmax(axis=-1)])


def _named(predictions: Floats) -> Floats:
    """ρ(t) (K,): how often the `predictions` (S, K) name each label."""
    return np.asarray(np.maximum(predictions, LEAST_NAMED).mean(axis=0))


def _lean(predictions: Floats, named: Floats) -> Floats:
    """log p_s(t)/ρ(t) (..., K): how much more than usual the model leans to each label."""
    return np.asarray(np.log(np.maximum(predictions, LEAST_NAMED)) - np.log(named))
