"""A model as one more volunteer: its probabilities become evidence as far as the crowd finds them to hold."""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, log, softmax

# However often it was right, a model counts as a witness who sometimes guesses, so that people can overrule it.
MOST_RELIABLE = 0.99
# A model that calls a label impossible is taken to mean this much: else one such slip would outweigh everything.
LEAST_NAMED = 1e-4
CAUTION = 4.0  # A ridge that pulls the sharpness to 0: some four subjects' worth of doubt about every model.
N_RECONCILIATIONS = 40  # At most; EM moves both β in small steps.


def evidence(predictions: Floats, posterior: Floats) -> Floats:
    """Log evidence (S, K) of a model's `predictions` (S, K), to be added to each subject's; 0 at the top label.

    `posterior` (S, K) is what the answers alone say. The `likelihood` of the predictions after they are reconciled
    with it; rows of predictions with NaN are no evidence: 0.
    """
    if not np.isfinite(predictions).all(axis=1).any():
        return np.zeros(posterior.shape)
    believed, _ = reconcile(predictions, posterior)
    return likelihood(believed, frequencies(posterior))


def likelihood(probability: Floats, common: Floats) -> Floats:
    """log(R·p_s(t)/π(t) + 1 - R) (S, K), 0 at the top label and in rows of NaN; π `common` (K,), R = MOST_RELIABLE.

    Bayes' rule for a witness who, one time in a hundred, has only guessed: so it is bounded, and people win.
    """
    found = log(MOST_RELIABLE * probability / common + 1 - MOST_RELIABLE)
    return np.asarray(np.nan_to_num(found - found.max(axis=1, keepdims=True)))


def reconcile(predictions: Floats, answers: Floats) -> tuple[Floats, Floats]:
    """Predictions (S, K), NaN rows kept, as sharp as the answers bear out, and the posterior (S, K) of both.

    `answers` (S, K) is the posterior without the model. Both are witnesses of the same truth, so both β are those under
    which they agree best, found by EM: Σ_s log Σ_t P_β(t | model)·P_β'(t | answers)/π(t). A crowd that is
    sure where a good model is sure of something else thus loses its overconfidence, and so does the model.
    """
    seen = np.isfinite(predictions).all(axis=1)
    known, common = predictions[seen], frequencies(answers[seen])
    beta_model, beta_answers = 0.5, 1.0
    for _ in range(N_RECONCILIATIONS):
        heard, said = believed(known, common, beta_model), believed(answers[seen], common, beta_answers)
        both = softmax(log(heard) + log(said) - log(common))
        before = beta_model, beta_answers
        beta_model, beta_answers = sharpness(known, both), sharpness(answers[seen], both)
        if np.abs(np.subtract(before, (beta_model, beta_answers))).max() < 1e-4:
            break
    heard, posterior = np.full(answers.shape, np.nan), believed(answers, common, beta_answers)
    heard[seen] = believed(known, common, beta_model)
    posterior[seen] = softmax(log(heard[seen]) + log(posterior[seen]) - log(common))
    return heard, posterior


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
    lean, log_common = _lean(predictions), log(frequencies(posterior))
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
    return softmax(log(common) + sharpness * _lean(predictions))


def frequencies(posterior: Floats) -> Floats:
    """How common labels are (K,): the mean of the posterior (S, K) with one subject of each label added."""
    total = posterior.sum(axis=0) + 1
    return np.asarray(total / total.sum())


def _lean(predictions: Floats) -> Floats:
    """log p_s(t)/ρ(t) (S, K): how much more than usual the model leans to each label."""
    named = np.maximum(predictions, LEAST_NAMED)
    return np.asarray(np.log(named) - np.log(named.mean(axis=0)))
