"""What a project's rules make of a subject's posterior: for each choice set, in play or retired, and how wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from game.levels.project import Choice, ChoiceSet, Project
from scoring.arrays import Floats, Masks
from scoring.consensus import best_choice
from scoring.retirement import RetirementReason, retirement_reason
from scoring.selection import priority


@dataclass(frozen=True)
class OpeningState:
    choice_set: ChoiceSet
    priority: float
    reason: RetirementReason | None


def choice_masks(project: Project) -> dict[str, Masks]:
    """Code → the labels that this choice contains, (K,)."""
    return {choice.code: np.array(choice.mask, dtype=np.bool_) for choice in project.choices}


def opening_states(
    project: Project,
    posterior: Floats,
    given: Sequence[str],
    n_bad_image: int,
    model: Floats | None,
    n_cant_tell: int = 0,
) -> list[OpeningState]:
    """`posterior` (K,), calibrated; `given` the codes of the choices given; `model` (K,) the model's prediction.

    A group answer is evidence about a label, but only answers that name one of a choice set's choices count
    towards its minimum and maximum.
    """
    masks = choice_masks(project)
    states = []
    for choice_set in project.choice_sets:
        choices = np.array([choice.mask for choice in _choices(project, choice_set)], dtype=np.bool_)
        n_given = sum(bool((masks[code] <= choices).all(axis=1).any()) for code in given)
        _, confidence = best_choice(posterior, choices)
        reason = retirement_reason(confidence, n_given, n_bad_image, project.retirement, n_cant_tell)
        over_choices = choices @ posterior
        predicted = None if model is None else choices @ model
        states.append(OpeningState(choice_set, priority(over_choices, n_given, project.retirement, predicted), reason))
    return states


def _choices(project: Project, choice_set: ChoiceSet) -> tuple[Choice, ...]:
    return next(level.choices for level in project.levels if level.choice_set is choice_set)
