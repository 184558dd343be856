"""Figures and flags as an aggregation would leave them: drawn by the real code from a crowd that answers a project."""

from datetime import datetime
from typing import Any

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import choice_masks
from game.science.fitting import fit_weights
from game.science.showing import Crowd, figures
from game.store import Session, people, subjects
from game.store.said import ById, Said, all_said
from game.store.tables import Aggregate, Reliability
from scoring.arrays import Ints
from tests.science.answers import by_subject, drawn, one_coin, posterior

N_GOLD = 60
N_SETTLED = 90


def answers(project: Project, true: Ints, n_volunteers: int, seed: int) -> list[Said]:
    """Up to six answers to each of the first nine in ten subjects; every third names a group where there are any."""
    rng = np.random.default_rng(seed)
    codes = [label.code for label in project.labels]
    group = {label.code: label.group for label in project.labels}
    matrices = [one_coin(float(r), len(codes)) for r in rng.beta(12, 4, n_volunteers)]
    said = []
    for subject in range(len(true) * 9 // 10):
        for volunteer in rng.choice(n_volunteers, int(rng.integers(1, 7)), replace=False):
            code = drawn(matrices[volunteer], int(true[subject]), codes, rng)
            choice = group[code] if len(said) % 3 == 0 and group[code] else code
            said.append(Said(len(said) + 1, subject + 1, int(volunteer) + 1, choice, None))
    return said


def crowd_of(project: Project, n_subjects: int = 400, n_volunteers: int = 60, seed: int = 1) -> Crowd:
    true = np.random.default_rng(seed).integers(0, len(project.labels), n_subjects)
    said = answers(project, true, n_volunteers, seed)
    gold = {subject + 1: (int(true[subject]), GoldUse.HIDDEN) for subject in range(N_GOLD)}
    weights, masks = fit_weights(project, all_said(said), gold), choice_masks(project)
    believed = {one: posterior(weights, masks, given) for one, given in by_subject(said).items()}
    asked = [(float(believed[one].max()), int(believed[one].argmax()) == label) for one, (label, _) in gold.items()]
    settled = set(range(N_GOLD + 1, N_GOLD + N_SETTLED + 1))
    known = ById(np.array(sorted(believed)), np.array([believed[one] for one in sorted(believed)]))
    return Crowd(all_said(said), gold, weights, known, settled, n_subjects, asked)


def drawn_figures(project: Project) -> dict[str, Any]:
    found = figures(project, crowd_of(project), np.random.default_rng(2))
    assert found is not None
    return found


# A model that was met: heard, and allowed to name what it is sure of.
MODEL: dict[str, Any] = {
    "id": 4, "version": 4, "worth": 1.4,
    "accepted": {"at": 0.98, "kept": True, "n_accepted": 31, "n": 26, "n_wrong": 1, "low": 0.007, "high": 0.189},
}  # fmt: skip


def add_figures(
    session: Session, project: Project, drawn: dict[str, Any] | None, now: datetime,
    model: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    row = subjects.project_row(session, project.slug)
    assert row is not None
    k = len(project.labels)
    session.add(
        Aggregate(
            project_id=row.id, pooled=one_coin(0.7, k).tolist(), prior=[1 / k] * k, redundancy=0.6, assured=0.6,
            n_classifications=1400, n_changed=3, figures=drawn, model=model,
            computed_at=now,
        )
    )  # fmt: skip


def add_flagged(
    session: Session, project: Project, names: list[str], flags: list[Any] | None, now: datetime, *,
    simulated: bool = False,
) -> list[int]:  # fmt: skip
    """Volunteers with these flags, by their ids; several at once are one group of copies."""
    row = subjects.project_row(session, project.slug)
    assert row is not None
    k = len(project.labels)
    ids = [people.add_volunteer(session, name, now, simulated=simulated).id for name in names]
    session.add_all(
        Reliability(
            volunteer_id=one, project_id=row.id, confusion=one_coin(0.4, k).tolist(), reliability=0.4,
            informedness=(k * 0.4 - 1) / (k - 1), n_gold=11, copies=ids[0] if len(ids) > 1 else None, flags=flags,
            computed_at=now,
        )
        for one in ids
    )  # fmt: skip
    return ids
