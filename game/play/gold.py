"""What hidden gold says of a volunteer: counted from her newest gold answers in completed rounds."""

from collections.abc import Iterable, Sequence

import numpy as np

from game.levels import Level, Project
from game.levels.openings import choice_masks
from game.store import Session, rounds, subjects
from scoring import confusion
from scoring.arrays import Floats, Ints, Masks

# People get better, and a bounded past keeps the cost of a round the same for the thousandth.
NEWEST_GOLD = 400
ENOUGH_GOLD = 4


def choice_counts_of(session: Session, volunteer_id: int, project_id: int, level: Level) -> Floats:
    """(C, C) [true choice, given choice] over the level's choices; answers that name none of them are left out."""
    return newest_counts_of(session, volunteer_id, project_id, level, [NEWEST_GOLD])[0]


def newest_counts_of(
    session: Session, volunteer_id: int, project_id: int, level: Level, sizes: Sequence[int]
) -> list[Floats]:
    """The same of so many of her newest answers that name one of the level's choices, NEWEST_GOLD at most."""
    index = {choice.code: place for place, choice in enumerate(level.choices)}
    answers = rounds.gold_answers(session, volunteer_id, project_id, NEWEST_GOLD)
    kept = [(true, index[choice]) for true, choice in answers if choice in index]
    true, given = _ints(true for true, _ in kept), _ints(given for _, given in kept)
    choices = np.array([choice.mask for choice in level.choices], dtype=np.bool_)
    return [confusion.choice_counts(true[:n], given[:n], choices) for n in sizes]


def judged_choices(session: Session, project_id: int, level: Level) -> Masks:
    """(C,) True for the choices that have hidden gold enough to prove a recall; the others hold nobody back."""
    n_gold = subjects.n_hidden_gold(session, project_id)
    n_gold_of = [
        sum(n_gold.get(label, 0) for label in np.flatnonzero(choice.mask).tolist()) for choice in level.choices
    ]
    return np.array(n_gold_of) >= ENOUGH_GOLD


def label_counts_of(session: Session, project: Project, volunteer_id: int, project_id: int, pooled: Floats) -> Floats:
    """(K, K) [true, given] over labels; an answer that names a group is shared over its labels as `pooled` expects."""
    masks = choice_masks(project)
    index = {code: place for place, code in enumerate(masks)}
    answers = [a for a in rounds.gold_answers(session, volunteer_id, project_id, NEWEST_GOLD) if a[1] in index]
    true, given = _ints(label for label, _ in answers), _ints(index[choice] for _, choice in answers)
    return confusion.gold_counts(true, given, np.array(list(masks.values())), pooled)


def _ints(numbers: Iterable[int]) -> Ints:
    return np.array(list(numbers), dtype=np.int64)
