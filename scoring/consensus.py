"""The consensus on one subject, an answer at a time: what was heard so far, and what follows from one answer more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.arrays import Floats, Ints, Masks, log
from scoring.redundancy import publish

# Of a probability.
DIGITS = 9


@dataclass(frozen=True)
class Heard:
    """All that has to be kept of a subject's answers, however many there were; or of S subjects' at once."""

    log_weight: Floats  # (K,) or (S, K), log prior + Σ_v w·log P_v(given | true)
    voices: float | NDArray[np.floating[Any]]  # Σ_v w·(how informed they are): see redundancy.voices; or (S,)


def nothing(prior: Floats) -> Heard:
    """Before the first answer; `prior` (K,), or (S, K) of S subjects."""
    return Heard(log(prior), 0.0)


def hear(heard: Heard, log_given: Floats, voice: float, weight: float = 1.0) -> Heard:
    """One answer more, O(K): its log_likelihood (K,), its volunteer's voice, and in [0, 1] what it counts."""
    return Heard(heard.log_weight + weight * log_given, heard.voices + weight * voice)


def hear_all(before: Heard, subject: Ints, log_given: Floats, voice: Floats, weight: Floats) -> Heard:
    """The same of n answers to S subjects at once: `subject` (n,) is whose row of `before`, `log_given` (n, K), `voice`
    and `weight` (n,)."""
    log_weight = before.log_weight.copy()
    np.add.at(log_weight, subject, weight[:, None] * log_given)
    return Heard(log_weight, before.voices + np.bincount(subject, weight * voice, len(log_weight)))


def posterior(heard: Heard, redundancy: float) -> Floats:
    """P(true) (K,) or (S, K) as it is published, summing to 1; without answers it is the prior.

    log p(t) = (log prior(t) + Σ_v log P_v(g_v | t)) / (1 + ρ·m) + constant: Dawid and Skene (1979), eq. 2.5, with
    known confusions, told as modestly as the redundancy ρ of m voices asks for.
    """
    return publish(heard.log_weight, heard.voices, redundancy)


def log_likelihood(confusion: Floats, choice: Masks) -> Floats:
    """log P(given | true) (..., K) of a volunteer with confusion (..., K, K) [true, given] who names `choice` (..., K).

    A group is a partial label: P(g | t) = Σ_{l∈g} P[t, l]. A choice of all labels is evidence for none of
    them.
    """
    return log((confusion @ choice[..., None])[..., 0])


def shares(copies: Sequence[object], choices: Sequence[str | None]) -> list[float]:
    """What each of n answers to one subject counts: those who copy each other share one voice where they agree.

    `copies` is the volunteer's group of copies, None for everybody else, who counts 1.
    """
    voices = list(zip(copies, choices, strict=True))
    return [1.0 if group is None else 1 / voices.count((group, choice)) for group, choice in voices]


def labels(posterior: Floats) -> Ints:
    """(S,) The most probable label of each row of `posterior` (S, K).

    The last digits of a sum depend on the order of its summands: of labels that differ in no more than these the first
    is taken, whoever computed them.
    """
    return np.asarray(posterior.round(DIGITS).argmax(axis=1))


def best_choice(posterior: Floats, choices: Masks) -> tuple[int, float]:
    """The most probable of the choices (C, K) and its probability in [0, 1]; the first where several tie."""
    probability = choices @ posterior  # (C,)
    index = int(probability.argmax())
    return index, float(probability[index])
