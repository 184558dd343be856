"""Flags: what is odd about a volunteer's answers, as numbers with reasons. A flag is a measurement, not a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import ndtr

from scoring.answers import Answers
from scoring.arrays import TINY, Floats, Ints, Masks, log, softmax
from scoring.copies import Copies

FALSE_SHARE = 0.05  # Of all flags of a kind, how many may be chance: Benjamini and Hochberg's q.
MIN_ANSWERS = 10  # Whoever gave fewer is never flagged.
INFORMED = 0.5  # Low informedness is below this share of the project's median volunteer's,
MOSTLY = 0.5  # Mostly the same: this share of the way from what a good volunteer would have to always.
AT_CHANCE = 0.05  # and, of the random and the fast, not above chance with this p-value.
HURRIED = 3.0  # So many robust standard deviations below the project's median log time is implausibly short.
CHUNK = 1 << 15  # Answers whose (K, C) arrays are in memory at once.
MAD = 1.4826  # Standard deviations of a normal distribution per median absolute deviation.


class Kind(StrEnum):
    RANDOM = "random"  # The answers have nothing to do with the subjects.
    CONSTANT = "constant"  # Always the same answer, although the subjects vary.
    MOST_COMMON = "most_common"  # Mostly the project's commonest answer, whatever the subject.
    FAST = "fast"  # Implausibly short times together with low informedness.
    COPIES = "copies"  # The answers look like those of others beyond what the subjects explain.


@dataclass(frozen=True)
class Flag:
    """One reason. `found` and `expected` are, by kind: random, fast: informedness, and the least that would pass;
    constant, most_common: share of that answer, and what a good volunteer would have; copies: evidence in nats,
    and what chance may reach."""

    volunteer: int
    kind: Kind
    n: int  # Answers it stands on.
    found: float
    expected: float
    p_value: float  # Of something as odd from a volunteer about whom nothing is odd.
    group: int = -1  # Of copies.Copies, for that kind only.


@dataclass(frozen=True)
class Informedness:
    """Per volunteer (V,): Cohen's (1960) κ against belief instead of truth, 0 for answers that ignore the subject."""

    n: Ints
    value: Floats
    least: float  # Below it, informedness is low.
    p_low: Floats  # Of so low a value from a volunteer of informedness `least`.
    p_high: Floats  # Of so high a value from a volunteer of none.


def find_flags(
    answers: Answers,
    log_weight: Floats,
    confusion: Floats,
    gold: Ints,
    *,
    weight: Floats | None = None,
    time_s: Floats | None = None,
    copies: Copies | None = None,
) -> tuple[Flag, ...]:
    """All flags, by volunteer and kind, from a consensus (crowd.Judgement) and what is known beside.

    `log_weight` (S, K), `confusion` (V, K, K) and `weight` (N,) are the consensus's; `gold` (S,) labels, -1 for none;
    `time_s` (N,) seconds per answer, NaN where unknown. Each answer is compared with what all the others say.
    """
    belief = _without_own(answers, log_weight, confusion, gold, weight)
    seen = informedness(answers, belief, len(confusion))
    flags = [*_uninformed(answers, belief, seen)]
    if time_s is not None:
        flags += _fast(answers.volunteer, time_s, seen)
    if copies is not None:
        flags += _copies(copies, seen.n)
    return tuple(sorted(flags, key=lambda flag: (flag.volunteer, flag.kind)))


def _without_own(answers: Answers, log_weight: Floats, confusion: Floats, gold: Ints, weight: Floats | None) -> Floats:
    """P(true) (N, K) of each answer's subject by everyone else's answers; gold is as it is."""
    given, known = log(confusion @ answers.choices.T), np.broadcast_to(gold, len(log_weight))  # (V, K, C)
    belief = np.empty((len(answers.subject), log_weight.shape[1]))
    for some in _chunks(len(belief)):
        subject = answers.subject[some]
        own = given[answers.volunteer[some], :, answers.choice[some]]
        belief[some] = softmax(log_weight[subject] - (own if weight is None else weight[some, None] * own))
        true = known[subject]
        belief[some][true >= 0] = np.eye(log_weight.shape[1])[true[true >= 0]]
    return belief


def informedness(answers: Answers, belief: Floats, n_volunteers: int) -> Informedness:
    """κ_v = Σ (a - e) / Σ (m - e): a = belief (N, K) in the answer given, e in an answer drawn from all that v gave,
    m = Σ_t q(t)², what someone who knows the truth would have. The p-values take the sums as normal."""
    volunteer, n_choices = answers.volunteer, len(answers.choices)
    n = np.bincount(volunteer, minlength=n_volunteers)
    cell = volunteer * n_choices + answers.choice
    share = np.bincount(cell, minlength=n_volunteers * n_choices).reshape(-1, n_choices) / np.maximum(n, 1)[:, None]
    got, by_chance, room = np.empty((3, len(volunteer)))
    for some in _chunks(len(volunteer)):
        in_choice = belief[some] @ answers.choices.T  # (n, C)
        got[some] = in_choice[np.arange(len(in_choice)), answers.choice[some]]
        by_chance[some] = (share[volunteer[some]] * in_choice).sum(axis=1)
        room[some] = np.maximum((belief[some] ** 2).sum(axis=1) - by_chance[some], 0)
    more = np.bincount(volunteer, got - by_chance, n_volunteers)
    most = np.bincount(volunteer, room, n_volunteers)
    value = more / np.maximum(most, TINY)
    known = (n >= MIN_ANSWERS) & (most > 0)
    least = INFORMED * max(float(np.median(value[known])), 0.0) if known.any() else 0.0

    def p_below(level: float) -> Floats:
        chance = np.clip(by_chance + level * room, TINY, 1 - TINY)
        spread = np.sqrt(np.bincount(volunteer, chance * (1 - chance), n_volunteers))
        return np.asarray(ndtr((more - level * most) / np.maximum(spread, TINY)))

    return Informedness(n, np.where(most > 0, value, 0.0), least, p_below(least), 1 - p_below(0.0))


def _chunks(n: int) -> Iterator[slice]:
    for start in range(0, n, CHUNK):
        yield slice(start, start + CHUNK)


def rejected(p_value: Floats, tested: Masks) -> Masks:
    """Which p-values (V,) are small among all `tested` (V,): Benjamini and Hochberg (1995), q = FALSE_SHARE."""
    p = np.sort(p_value[tested])
    passed = np.flatnonzero(p <= FALSE_SHARE * np.arange(1, len(p) + 1) / max(len(p), 1))
    bar = p[passed[-1]] if len(passed) else -1.0
    return np.asarray(tested & (p_value <= bar))


def _uninformed(answers: Answers, belief: Floats, seen: Informedness) -> list[Flag]:
    """One flag, the narrowest that fits, for each volunteer whose answers do not depend on the subject."""
    n_volunteers, n_choices = len(seen.n), len(answers.choices)
    said = np.bincount(answers.volunteer * n_choices + answers.choice, minlength=n_volunteers * n_choices)
    count = said.reshape(n_volunteers, n_choices)
    favourite = count.argmax(axis=1)
    average, alike, p_share = _favourites(answers, belief, count, favourite)
    tested = seen.n >= MIN_ANSWERS
    constant = rejected(np.where(count.max(axis=1) == seen.n, np.exp(alike), 1.0), tested)
    low = rejected(seen.p_low, tested)
    mostly = count.max(axis=1) / np.maximum(seen.n, 1) >= average + MOSTLY * (1 - average)
    prior_only = low & mostly & (favourite == count.sum(axis=0).argmax()) & rejected(p_share, low)
    at_chance = low & (seen.p_high > AT_CHANCE)
    flags = []
    for v in np.flatnonzero(constant | prior_only | at_chance):
        share = float(count[v].max() / seen.n[v])
        if constant[v]:
            flags.append(Flag(int(v), Kind.CONSTANT, int(seen.n[v]), share, average[v], float(np.exp(alike[v]))))
        elif prior_only[v]:
            flags.append(Flag(int(v), Kind.MOST_COMMON, int(seen.n[v]), share, average[v], float(p_share[v])))
        else:
            flags.append(
                Flag(int(v), Kind.RANDOM, int(seen.n[v]), float(seen.value[v]), seen.least, float(seen.p_low[v]))
            )
    return flags


def _favourites(answers: Answers, belief: Floats, count: Ints, favourite: Ints) -> tuple[Floats, Floats, Floats]:
    """How often (V,) a good volunteer would have given v's favourite answer on v's subjects; the logarithm of the
    chance that he always had; and the chance that he had as often as v."""
    n_labels, n_choices = belief.shape[1], len(answers.choices)
    pooled = np.stack([np.bincount(answers.choice, one, n_choices) for one in belief.T])  # (K, C), [true, given]
    pooled = (pooled + 1 / n_choices) / (pooled.sum(axis=1, keepdims=True) + 1)
    theirs = favourite[answers.volunteer]
    chance = np.zeros(len(theirs))
    for true in range(n_labels):
        chance += belief[:, true] * pooled[true, theirs]
    # A volunteer may be better than the average, and his subjects may be all of one kind.
    chance = np.clip(np.maximum(chance, (belief * answers.choices[theirs]).sum(axis=1)), 0, 1)
    n_volunteers = len(count)
    expected = np.bincount(answers.volunteer, chance, n_volunteers)
    spread = np.sqrt(np.bincount(answers.volunteer, chance * (1 - chance), n_volunteers))
    n = np.maximum(count.sum(axis=1), 1)
    p_share = ndtr(-(count.max(axis=1) - 0.5 - expected) / np.maximum(spread, TINY))
    always = np.asarray(np.bincount(answers.volunteer, log(chance), n_volunteers), dtype=np.float64)
    return np.asarray(expected / n), always, np.asarray(p_share)


def _fast(volunteer: Ints, time_s: Floats, seen: Informedness) -> list[Flag]:
    """Short times *and* low informedness: who is quick and right is merely quick."""
    timed = np.isfinite(time_s) & (time_s > 0)
    n = np.bincount(volunteer[timed], minlength=len(seen.n))
    typical = _medians(volunteer[timed], np.log(time_s[timed]), len(seen.n))
    known = n >= MIN_ANSWERS
    if not known.any():
        return []
    centre = np.median(typical[known])
    spread = MAD * np.median(np.abs(typical[known] - centre))
    hurried = known & (typical < centre - HURRIED * max(float(spread), TINY))
    low = rejected(seen.p_low, hurried) & (seen.p_high > AT_CHANCE)
    return [
        Flag(int(v), Kind.FAST, int(n[v]), float(seen.value[v]), seen.least, float(seen.p_low[v]))
        for v in np.flatnonzero(low)
    ]


def _medians(group: Ints, value: Floats, n_groups: int) -> Floats:
    """Median (lower of the middle two) of the values of each group (n_groups,), NaN for none."""
    order = np.lexsort((value, group))
    n = np.bincount(group, minlength=n_groups)
    middle = np.cumsum(n) - n + np.maximum(n - 1, 0) // 2
    found = np.full(n_groups, np.nan)
    found[n > 0] = value[order][middle[n > 0]]
    return found


def _copies(copies: Copies, n: Ints) -> list[Flag]:
    """A log-likelihood ratio of x nats comes from independent answers with probability e^-x at most (Markov)."""
    passed = float(-np.log(FALSE_SHARE))
    return [
        Flag(int(v), Kind.COPIES, int(n[v]), float(x), passed, float(np.exp(-max(x, 0.0))), int(copies.group[v]))
        for v in np.flatnonzero(copies.group >= 0)
        if (x := copies.evidence[v]) > passed
    ]
