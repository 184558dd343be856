"""What a project's rules make of a subject's posterior: for each choice set, in play or retired, and how wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.levels.project import ChoiceSet, Project
from scoring.arrays import Floats, Ints, Masks
from scoring.consensus import best_choice
from scoring.retirement import RetirementReason, retirement_reason
from scoring.selection import priority, rarity
from scoring.value import share_of_most
from scoring.voter import Word


@dataclass(frozen=True)
class OpeningState:
    choice_set: ChoiceSet
    priority: float
    reason: RetirementReason | None


def choice_masks(project: Project) -> dict[str, Masks]:
    """Code → the labels that this choice contains, (K,)."""
    return project.choice_masks


@dataclass(frozen=True)
class Believed:
    """What people believe of a subject: `posterior` (K,) as published; `assured` (K,) is as cautious as gold could be
    wrong and decides on retirement. `prior` (K,) stood before all answers; `pooled` (K, K) is who answers next; `model`
    is the model's word, one voice more beside theirs, or None where it is not heard."""

    posterior: Floats
    assured: Floats
    prior: Floats
    pooled: Floats
    model: Word | None

    def with_model(self, posterior: Floats) -> Floats:
        """(K,), of people's `posterior` (K,)."""
        return posterior if self.model is None else self.model.beside(posterior)


@dataclass(frozen=True)
class Tally:
    """A subject's answers: the codes of the choices `given`, and abstentions."""

    given: Sequence[str]
    n_bad_image: int
    n_cant_tell: int = 0


@dataclass(frozen=True)
class Tallies:
    """The same of S subjects: how often each of the project's choices was `given` (S, C), in their order; abstentions
    (S,)."""

    given: Ints
    n_bad_image: Ints
    n_cant_tell: Ints


@dataclass(frozen=True)
class OpeningStates:
    """Of S subjects: `priority` (S,)."""

    choice_set: ChoiceSet
    priority: Floats
    reasons: list[RetirementReason | None]


def opening_states(project: Project, believed: Believed, tally: Tally) -> list[OpeningState]:
    """One for each choice set.

    How wanted a subject is follows from the value of one more answer of the average volunteer, and from how rare its
    label probably is. A group answer is evidence about a label, but only answers that name one of a choice set's
    choices count towards its minimum and maximum.
    """
    belief, assured = believed.with_model(believed.posterior), believed.with_model(believed.assured)
    states = []
    for choice_set in project.choice_sets:
        choices, counted = project.offered[choice_set], project.counted[choice_set]
        n_given = sum(code in counted for code in tally.given)
        best, confidence = best_choice(assured, choices)
        easy = _agreed(project, choices, best, believed.model, tally.given)
        rule = project.retirement.with_model if easy else project.retirement
        reason = retirement_reason(confidence, n_given, tally.n_bad_image, rule, tally.n_cant_tell)
        gain = share_of_most(belief, believed.pooled, choices)
        wanted = rarity(belief, believed.prior) * priority(gain, choices @ belief, n_given, rule)
        states.append(OpeningState(choice_set, float(wanted), reason))
    return states


def states_of_all(project: Project, believed: Believed, tallies: Tallies) -> list[OpeningStates]:
    """The same of S subjects at once: all that is `believed` of a subject is (S, K)."""
    belief, assured = believed.with_model(believed.posterior), believed.with_model(believed.assured)
    states = []
    for choice_set in project.choice_sets:
        choices, counted = project.offered[choice_set], project.counted[choice_set]
        n_given = tallies.given @ np.array([code in counted for code in project.choice_masks], dtype=np.int64)
        sure = assured @ choices.T
        easy = _all_agreed(project, choices, sure.argmax(axis=1), believed.model, tallies)
        rules = (project.retirement, project.retirement.with_model)
        asked = (sure.max(axis=1), n_given, tallies.n_bad_image, tallies.n_cant_tell, easy)
        reasons = [
            retirement_reason(confidence, n, n_bad_image, rules[agreed], n_cant_tell)
            for confidence, n, n_bad_image, n_cant_tell, agreed in zip(*(one.tolist() for one in asked), strict=True)
        ]
        gain = share_of_most(belief, believed.pooled, choices)
        wanted = [rarity(belief, believed.prior) * priority(gain, belief @ choices.T, n_given, one) for one in rules]
        states.append(OpeningStates(choice_set, np.where(easy, wanted[1], wanted[0]), reasons))
    return states


def offered(project: Project, choice_set: ChoiceSet) -> Masks:
    """Its choices, (C, K)."""
    return project.offered[choice_set]


def _agreed(project: Project, choices: Masks, best: int, model: Word | None, given: Sequence[str]) -> bool:
    """Whether the model and everybody who answered name the `best` of the `choices` (C, K)."""
    if model is None or best_choice(model.probability, choices)[0] != best:
        return False
    return all(bool((project.choice_masks[code] & choices[best]).any()) for code in set(given))


def _all_agreed(project: Project, choices: Masks, best: Ints, model: Word | None, tallies: Tallies) -> Masks:
    """The same (S,), of S subjects' `best` (S,); whom the model says nothing of has NaN in its word (S, K)."""
    if model is None:
        return np.zeros(len(best), dtype=np.bool_)
    named = (model.probability @ choices.T).argmax(axis=1)
    overlap = np.array(list(project.choice_masks.values())) @ choices.T  # (C of the project, C)
    against = (tallies.given > 0) & ~overlap.T[best]
    return np.asarray(np.isfinite(model.probability[:, 0]) & (named == best) & ~against.any(axis=1))
