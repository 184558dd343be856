"""What a project's rules make of a subject's posterior: for each choice set, in play or retired, and how wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from game.levels.project import ChoiceSet, Project
from scoring.arrays import Floats, Ints, Masks
from scoring.retirement import RetirementReason, retirement_reason
from scoring.selection import priority, rarity
from scoring.value import share_of_most
from scoring.voter import Word

# Of a priority. The last digits of a sum depend on the order of its summands; equal beliefs are kept as equal rows.
DIGITS = 9


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

    def __getitem__(self, some: slice) -> "Tallies":
        return Tallies(self.given[some], self.n_bad_image[some], self.n_cant_tell[some])


@dataclass(frozen=True)
class OpeningStates:
    """Of S subjects: `priority` (S,)."""

    choice_set: ChoiceSet
    priority: Floats
    reasons: list[RetirementReason | None]

    def __getitem__(self, some: slice) -> "OpeningStates":
        return OpeningStates(self.choice_set, self.priority[some], self.reasons[some])


def opening_states(project: Project, believed: Believed, tally: Tally) -> list[OpeningState]:
    """Of one subject, for each choice set."""
    word = believed.model
    told = replace(
        believed,
        posterior=believed.posterior[None],
        assured=believed.assured[None],
        model=None if word is None else Word(word.probability[None], word.evidence[None]),
    )
    given = np.array([[tally.given.count(code) for code in project.choice_masks]])
    tallies = Tallies(given, np.array([tally.n_bad_image]), np.array([tally.n_cant_tell]))
    return [
        OpeningState(state.choice_set, float(state.priority[0]), state.reasons[0])
        for state in states_of_all(project, told, tallies)
    ]


def states_of_all(project: Project, believed: Believed, tallies: Tallies) -> list[OpeningStates]:
    """Of S subjects at once, for each choice set: all that is `believed` of a subject is (S, K).

    How wanted a subject is follows from the value of one more answer of the average volunteer, and from how rare its
    label probably is. A group answer is evidence about a label, but only answers that name one of a choice set's
    choices count towards its minimum and maximum.
    """
    belief, assured = believed.with_model(believed.posterior), believed.with_model(believed.assured)
    states = []
    for choice_set in project.choice_sets:
        choices, counted = project.offered[choice_set], project.counted[choice_set]
        n_given = tallies.given @ np.array([code in counted for code in project.choice_masks], dtype=np.int64)
        sure = assured @ choices.T
        easy = _agreed(project, choices, sure.argmax(axis=1), believed.model, tallies)
        rules = (project.retirement, project.retirement.with_model)
        asked = (sure.max(axis=1), n_given, tallies.n_bad_image, tallies.n_cant_tell, easy)
        reasons = [
            retirement_reason(confidence, n, n_bad_image, rules[agreed], n_cant_tell)
            for confidence, n, n_bad_image, n_cant_tell, agreed in zip(*(one.tolist() for one in asked), strict=True)
        ]
        gain = share_of_most(belief, believed.pooled, choices)
        wanted = [rarity(belief, believed.prior) * priority(gain, belief @ choices.T, n_given, one) for one in rules]
        states.append(OpeningStates(choice_set, np.where(easy, wanted[1], wanted[0]).round(DIGITS), reasons))
    return states


def offered(project: Project, choice_set: ChoiceSet) -> Masks:
    """Its choices, (C, K)."""
    return project.offered[choice_set]


def _agreed(project: Project, choices: Masks, best: Ints, model: Word | None, tallies: Tallies) -> Masks:
    """(S,) Whether the model and everybody who answered name the `best` (S,) of the `choices` (C, K); what the model
    says nothing of has NaN in its word (S, K)."""
    if model is None:
        return np.zeros(len(best), dtype=np.bool_)
    named = (model.probability @ choices.T).argmax(axis=1)
    overlap = np.array(list(project.choice_masks.values())) @ choices.T  # (C of the project, C)
    against = (tallies.given > 0) & ~overlap.T[best]
    return np.asarray(np.isfinite(model.probability[:, 0]) & (named == best) & ~against.any(axis=1))
