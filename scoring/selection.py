"""Selection: which subjects a round should hold, and how much of it is gold."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from scoring.arrays import Floats, Ints, log
from scoring.chance import Chance, rounded, shuffled
from scoring.confusion import recall_bounds
from scoring.retirement import RetirementRule

GOLD_FLOOR = 0.08
RANDOM_SHARE = 0.2

Id = TypeVar("Id", bound=Hashable)


def gold_probability(n_given_before: int, floor: float = GOLD_FLOOR) -> float:
    """P(the next subject is hidden gold), in [floor, 0.5], after `n_given_before` labels of this volunteer.

    Half of the first ten, then 5/n down to the floor: about 14 gold subjects among the first 60.
    """
    return max(floor, 5 / max(n_given_before, 10))


def n_gold_in_round(
    n_given_before: int,
    size: int,
    rng: Chance,
    floor: float = GOLD_FLOOR,
) -> int:
    """How many of a round's `size` subjects are hidden gold: the expected number, rounded by chance."""
    expected = sum(gold_probability(n_given_before + place, floor) for place in range(size))
    return rounded(expected, rng)


def priority(gain: ArrayLike, belief: Floats, n_given: ArrayLike, rule: RetirementRule) -> Floats:
    """How soon a subject should be seen, in [0, 3]; larger is sooner. Of S subjects at once (S,), with `belief` (S, C).

    `gain` is the value of one more answer in [0, 1] (value.share_of_most). Where one answer could not change
    anything the doubt that several might resolve breaks the tie, at a tenth of its weight: the entropy, in [0, 1], of
    `belief` (C,). To that comes, twice as heavy, how near the subject is to the fewest classifications that can
    retire it, so that what was begun is finished before more is opened; but past them it fades again, for what many
    could not settle the next one will hardly settle either.
    """
    entropy = -np.vecdot(belief, log(belief)) / np.log(belief.shape[-1])
    least, n = max(rule.minimum, 1), np.asarray(n_given)
    begun = np.minimum(n / least, 1.0) * np.minimum(least / np.maximum(n, 1), 1.0) ** 2
    return np.asarray(0.9 * np.asarray(gain) + 0.1 * entropy + 2 * begun)


def rarity(belief: Floats, prior: Floats) -> Floats:
    """How much sooner a subject should be seen because its label is probably rare: Σ_t p(t)/(K·prior(t)), (...).

    `prior` (K,) is as dawid_skene has it, tempered frequencies of labels; 1 where all are equally common.
    Common labels are learnt anyway; measured in docs/steering.md.
    """
    return np.asarray(belief @ (1 / (len(prior) * prior)))


def mix(
    ranked: Sequence[Id],
    unranked: Sequence[Id],
    n: int,
    share: float = RANDOM_SHARE,
    *,
    rng: Chance,
) -> list[Id]:
    """At most `n` different ids, shuffled: a `share` drawn from `unranked`, the rest the head of `ranked`.

    Each fills in where the other runs dry. The random share keeps statistics free of what selection prefers.
    """
    drawn = shuffled(unranked, rng)
    n_random = rounded(share * n, rng)
    chosen = list(dict.fromkeys([*drawn[:n_random], *ranked, *drawn]))[:n]  # The first of equal ids stays.
    return shuffled(chosen, rng)


def widest_choice(choice_counts: Floats) -> Ints:
    """The choices (C,) in the order in which gold should ask for them: widest interval of recall first."""
    low, high = recall_bounds(choice_counts)
    return np.argsort(low - high, kind="stable")
