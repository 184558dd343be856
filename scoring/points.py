"""Points: what a round is worth. They follow what hidden gold proves, so that not looking earns nothing at any speed.

The crowd has no say in it: only answers to gold and the clock come in here, so whoever is right alone loses nothing.
"""

from __future__ import annotations

import numpy as np

from scoring.arrays import Floats, Ints

POINTS_PER_LABEL = 10
# Only the newest of a volunteer's hidden gold counts, so that a good past does not pay for ever: 50 gold come with some
# 600 answers. Whoever stops looking is found out earlier, because nobody is paid for more than the latest 12 show.
NEWEST_GOLD = 50
LATEST_GOLD = 12
# Three public crowds whose answers were timed gave fewer than 1 in 100 within 2.7 seconds.
FASTEST_S = 2.5
# Odds against a volunteer's looking at all, before there is gold. Not looking is worth 2/3 / ODDS of a label at most
# (see proved_informedness); at the fastest pace, twice that of people who take 5 seconds, this is a twentieth of
# what they earn with a reliability of 0.8 between two choices: 2 · 2/3 / ODDS < 0.05 · 0.6.
ODDS = 45.0
WITHOUT_GOLD = 2 / 3 / (ODDS + 1)  # The sceptic's mean of informedness before there is gold.
# Gauss and Legendre's nodes on [0, 1]: exact for what NEWEST_GOLD answers can make, polynomials of degree 52.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_LAMBDA: Floats = (_NODES + 1) / 2
_PRIOR: Floats = _LAMBDA * _WEIGHTS


def round_points(n_labels: int, n_answers: int, duration_s: float, newest: Floats, latest: Floats) -> Ints:
    """Points (...), 0 or more, for a completed round: its `n_answers` hold `n_labels` labels, the others abstain.

    Counts (..., C, C) [true, given] of the volunteer's `newest` and `latest` hidden gold, NEWEST_GOLD and LATEST_GOLD
    answers, this round's included. What is less than a whole point is not paid.
    """
    worth = np.minimum(proved_informedness(newest), shown_informedness(latest))
    paid = n_labels * paid_share(n_answers, duration_s)
    return np.floor(POINTS_PER_LABEL * paid * worth).astype(np.int64)


def paid_share(n_answers: int, duration_s: float) -> float:
    """The share of a round, in [0, 1], that is paid: all of it from FASTEST_S an answer on, so haste gains nothing."""
    return min(1.0, max(0.0, duration_s) / (FASTEST_S * max(n_answers, 1)))


def proved_informedness(choice_counts: Floats) -> Floats:
    """What gold adds to a sceptic's mean of informedness (...), in [0, 1), from counts (..., C, C) [true, given].

    A volunteer either never looks, which the sceptic holds ODDS : 1 likely, or sees the true choice with probability
    λ, of density 2λ. With q[t] the share of the gold that is t, an answer multiplies the odds for λ by

        1 + λ (1[given = true] / q[true] - 1),   so   E λ = ∫ 2λ · λ · L(λ) dλ / (ODDS + ∫ 2λ · L(λ) dλ),

    L the product over answers: the wealth of somebody who bets on her looking (Shafer 2021, Testing by betting).
    Whoever does not look says t in a share m[t] of answers, whatever t is. L is then on average the product of
    1 + λ (m[t] / q[t] - 1), and by Jensen's inequality at most (1 + λ Σ_t (m[t] - q[t]))^n ≤ 1. So no habit makes not
    looking worth more than ∫ 2λ² dλ / ODDS, after however much gold, and looking makes L grow without bound. Always the
    same answer never even reaches the mean without gold, so that it adds nothing.
    """
    n_true = choice_counts.sum(axis=-1)  # (..., C)
    n = n_true.sum(axis=-1, keepdims=True)  # (..., 1)
    right = np.diagonal(choice_counts, axis1=-2, axis2=-1)  # (..., C)
    inverse_share = np.maximum(n, 1) / np.maximum(n_true, 1)  # Of a choice that gold never was, none can be right.
    gains = (right[..., np.newaxis] * np.log1p(_LAMBDA * (inverse_share[..., np.newaxis] - 1))).sum(axis=-2)
    log_wealth = gains + (n - right.sum(axis=-1, keepdims=True)) * np.log1p(-_LAMBDA)  # (..., nodes)
    largest = np.maximum(log_wealth.max(axis=-1, keepdims=True), 0)
    wealth = np.exp(log_wealth - largest)
    mean = wealth @ (_PRIOR * _LAMBDA) / (ODDS * np.exp(-largest[..., 0]) + wealth @ _PRIOR)
    return np.asarray(np.maximum(0.0, mean - WITHOUT_GOLD))


def shown_informedness(choice_counts: Floats) -> Floats:
    """The share of right answers corrected for chance (...), in [0, 1], from counts (..., C, C) [true, given].

    Without caution: it can only take away, and what luck adds here, proved_informedness does not pay. 0 without gold.
    """
    n_choices = choice_counts.shape[-1]
    share = np.trace(choice_counts, axis1=-2, axis2=-1) / np.maximum(choice_counts.sum(axis=(-2, -1)), 1)
    return np.asarray(np.maximum(0.0, (n_choices * share - 1) / (n_choices - 1)))
