"""What hidden gold says of a volunteer: counted from her newest gold answers in completed rounds."""

from collections.abc import Iterable, Sequence

import numpy as np

from game.levels import Level, Project
from game.store import Session, completions, subjects
from scoring import confusion
from scoring.arrays import Floats, Ints, Masks

# People get better, and a bounded past keeps the cost of a round the same for the thousandth.
NEWEST_GOLD = 400
ENOUGH_GOLD = 4

# (true label, choice)
GoldAnswer = tuple[int, str]


def choice_counts_of(session: Session, volunteer_id: int, project_id: int, level: Level) -> Floats:
    """(C, C) [true choice, given choice] over the level's choices; answers that name none of them are left out."""
    gold = completions.gold_answers(session, volunteer_id, project_id, NEWEST_GOLD)
    return choice_counts(gold, level, [NEWEST_GOLD])[0]


def choice_counts(gold: Sequence[GoldAnswer], level: Level, sizes: Sequence[int]) -> list[Floats]:
    """The same of so many of a volunteer's newest answers to gold that name one of the level's choices."""
    index = {choice.code: place for place, choice in enumerate(level.choices)}
    kept = [(true, index[choice]) for true, choice in gold if choice in index]
    true, given = _ints(true for true, _ in kept), _ints(given for _, given in kept)
    choices = np.array([choice.mask for choice in level.choices], dtype=np.bool_)
    return [confusion.choice_counts(true[:n], given[:n], choices) for n in sizes]


def judged_choices(session: Session, project_id: int, level: Level) -> Masks:
    """(C,) True for the choices that have hidden gold enough to prove a recall; the others hold nobody back."""
    labels = range(len(level.choices[0].mask))
    n_gold = np.array(subjects.n_hidden_gold(session, project_id, labels, ENOUGH_GOLD))
    return np.array([n_gold[np.array(choice.mask)].sum() for choice in level.choices]) >= ENOUGH_GOLD


def label_counts_of(session: Session, project: Project, volunteer_id: int, project_id: int, pooled: Floats) -> Floats:
    """(K, K) [true, given] over labels; an answer that names a group is shared over its labels as `pooled` expects."""
    gold = completions.gold_answers(session, volunteer_id, project_id, NEWEST_GOLD)
    return label_counts(gold, project, pooled)


def label_counts(gold: Sequence[GoldAnswer], project: Project, pooled: Floats) -> Floats:
    index = {code: place for place, code in enumerate(project.choice_masks)}
    kept = [answer for answer in gold if answer[1] in index]
    true, given = _ints(label for label, _ in kept), _ints(index[choice] for _, choice in kept)
    return confusion.gold_counts(true, given, np.array(list(project.choice_masks.values())), pooled)


def _ints(numbers: Iterable[int]) -> Ints:
    return np.array(list(numbers), dtype=np.int64)
