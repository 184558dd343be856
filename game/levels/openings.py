"""What a project's rules make of a subject's posterior: for each choice set, in play or retired, and how wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.levels.project import Choice, ChoiceSet, Project
from scoring.arrays import Floats, Masks
from scoring.consensus import best_choice
from scoring.retirement import RetirementReason, retirement_reason
from scoring.selection import priority
from scoring.value import share_of_most


@dataclass(frozen=True)
class OpeningState:
    choice_set: ChoiceSet
    priority: float
    reason: RetirementReason | None


def choice_masks(project: Project) -> dict[str, Masks]:
    """Code → the labels that this choice contains, (K,)."""
    return {choice.code: np.array(choice.mask, dtype=np.bool_) for choice in project.choices}


@dataclass(frozen=True)
class Believed:
    """What is believed of a subject. `posterior` (K,) as published; `assured` (K,) is as cautious as gold could be
    wrong and decides on retirement; `pooled` (K, K) is who answers next; `model` (K,) is the model's prediction."""

    posterior: Floats
    assured: Floats
    pooled: Floats
    model: Floats | None


@dataclass(frozen=True)
class Tally:
    """A subject's answers: the codes of the choices `given`, and abstentions."""

    given: Sequence[str]
    n_bad_image: int
    n_cant_tell: int = 0


def opening_states(project: Project, believed: Believed, tally: Tally) -> list[OpeningState]:
    """One for each choice set.

    How wanted a subject is follows from the value of one more answer of the average volunteer, to whoever believes
    half in the posterior and half in the model. A group answer is evidence about a label, but only answers that name
    one of a choice set's choices count towards its minimum and maximum.
    """
    masks, rule = choice_masks(project), project.retirement
    model = believed.posterior if believed.model is None else believed.model
    belief = (believed.posterior + model) / 2
    states = []
    for choice_set in project.choice_sets:
        choices = np.array([choice.mask for choice in _choices(project, choice_set)], dtype=np.bool_)
        n_given = sum(bool((masks[code] <= choices).all(axis=1).any()) for code in tally.given)
        _, confidence = best_choice(believed.assured, choices)
        reason = retirement_reason(confidence, n_given, tally.n_bad_image, rule, tally.n_cant_tell)
        gain = share_of_most(belief, believed.pooled, choices)
        states.append(OpeningState(choice_set, priority(gain, choices @ belief, n_given, rule), reason))
    return states


def _choices(project: Project, choice_set: ChoiceSet) -> tuple[Choice, ...]:
    return next(level.choices for level in project.levels if level.choice_set is choice_set)
