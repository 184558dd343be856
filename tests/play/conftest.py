"""A small reef to play on: 6 labels in 3 groups, 60 subjects, 36 hidden gold and 6 teaching gold."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest

from game.config import ROOT
from game.levels import GoldUse, Project, read_project
from game.play import accounts
from game.store import Session, Store, subjects, transaction
from game.store.tables import ExpertLabel, Image, Opening, Subject


@dataclass(frozen=True)
class Reef:
    store: Store
    project: Project
    projects: dict[str, Project]
    project_id: int
    truth: dict[int, int]


@pytest.fixture
def reef(store: Store, now: datetime) -> Reef:
    project = read_project(ROOT / "levels" / "moorea")
    with transaction(store) as session:
        row = subjects.add_project(session, project.slug, [label.code for label in project.labels], now)
        image = Image(sha256="0" * 64, media_type="image/jpeg", width_px=1200, height_px=1200, n_bytes=1)
        subjects.add_image(session, image)
        truth = _fill(session, project, row.id, image.id, now)
        return Reef(store, project, {project.slug: project}, row.id, truth)


def _fill(session: Session, project: Project, project_id: int, image_id: int, now: datetime) -> dict[int, int]:
    truth = {}
    uses = [GoldUse.REFERENCE] * 60 + [GoldUse.HIDDEN] * 36 + [GoldUse.TEACHING] * 6
    for place, use in enumerate(uses):
        subject = Subject(
            code=f"{place:012}", project_id=project_id, image_id=image_id, name="quadrat.jpg", row=place, column=0,
            created_at=now,
        )  # fmt: skip
        subject_id = subjects.add_subject(session, subject)
        label, shuffle = place % len(project.labels), (place * 37 % 101) / 101
        truth[subject_id] = label
        subjects.add_expert_label(
            session,
            ExpertLabel(
                subject_id=subject_id, project_id=project_id, label=label, use=use, why="Look closely.", shuffle=shuffle
            ),
        )
        if use is GoldUse.REFERENCE:
            subjects.add_openings(session, _openings(project, project_id, subject_id, shuffle))
    return truth


def _openings(project: Project, project_id: int, subject_id: int, shuffle: float) -> list[Opening]:
    return [
        Opening(
            subject_id=subject_id, choice_set=choice_set, project_id=project_id, priority=1 + shuffle, shuffle=shuffle
        )
        for choice_set in project.choice_sets
    ]


@pytest.fixture
def diver(reef: Reef, now: datetime, rng: np.random.Generator) -> int:
    """A guest's id."""
    return guest(reef, now, rng)


def guest(reef: Reef, now: datetime, rng: np.random.Generator, *, simulated: bool = False) -> int:
    with transaction(reef.store) as session:
        return accounts.create_guest(session, now, rng, simulated=simulated).id
