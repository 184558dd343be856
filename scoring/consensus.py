"""The consensus on one subject: a prior, and what each volunteer's answer is worth, in logarithms."""

from __future__ import annotations

from scoring.arrays import Floats, Masks, log, softmax


def log_likelihood(confusion: Floats, choice: Masks) -> Floats:
    """log P(given | true) (K,) of a volunteer with confusion (K, K) [true, given] who names `choice` (K,).

    A group is a partial label: P(g | t) = Σ_{l∈g} P[t, l]. A choice of all labels is evidence for none of
    them.
    """
    return log(confusion @ choice)


def posterior(prior: Floats, confusions: Floats, choices: Masks) -> Floats:
    """P(true) (K,), summing to 1, after n answers; without answers it is the prior.

    log p(t) = log prior(t) + Σ_v log P_v(g_v | t) + constant: Dawid and Skene (1979), eq. 2.5, with known
    confusions. `prior` (K,), `confusions` (n, K, K) [true, given], `choices` (n, K).
    """
    given = (confusions @ choices[:, :, None])[:, :, 0]  # (n, K), P_v(g_v | true)
    return softmax(log(prior) + log(given).sum(axis=0))


def best_choice(posterior: Floats, choices: Masks) -> tuple[int, float]:
    """The most probable of the choices (C, K) and its probability in [0, 1]; the first where several tie."""
    probability = choices @ posterior  # (C,)
    index = int(probability.argmax())
    return index, float(probability[index])
