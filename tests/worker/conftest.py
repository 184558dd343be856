"""A project with subjects whose pictures nobody looks at, on both databases, and a release of it."""

import secrets
from datetime import datetime
from pathlib import Path

import pytest

from game.config import read_settings
from game.levels import GoldUse, Project, read_projects
from game.science.work import Workplace
from game.store import Session, Store, publications, subjects, transaction
from game.store.tables import ExpertLabel, Image, Opening, Release, Subject
from tests.server import server

__all__ = ["server"]

N_SUBJECTS = 60
SLUG = "plankton"


@pytest.fixture
def place(store: Store, tmp_path: Path, now: datetime) -> Workplace:
    """The clock stands still. Every third subject is hidden gold; the others are in play."""
    settings = read_settings({"FATHOM_DATA": str(tmp_path)})
    projects = read_projects(settings.levels)
    with transaction(store) as session:
        _add_subjects(session, projects[SLUG], now)
    add_release(store, now)
    return Workplace(settings, store, projects, lambda: now)


@pytest.fixture
def truth(place: Workplace) -> dict[str, str]:
    """Every subject's code → its true label's code."""
    project = place.projects[SLUG]
    with transaction(place.store) as session:
        project_id = id_of(session)
        known = subjects.expert_labels(session, project_id, list(GoldUse))
        found = list(subjects.places_of_project(session, project_id))
    return {one.code: project.labels[known[one.subject_id][0]].code for one in found}


def id_of(session: Session) -> int:
    row = subjects.project_row(session, SLUG)
    assert row
    return row.id


def add_release(store: Store, now: datetime, *, includes_simulated: bool = False) -> None:
    """The next release, as a row only."""
    with transaction(store) as session:
        project_id = id_of(session)
        version = publications.next_version(session, project_id)
        session.add(
            Release(
                project_id=project_id, version=version, folder=f"{SLUG}/{version}", archive=f"{SLUG}/{version}.zip",
                archive_sha256="0" * 64, includes_simulated=includes_simulated, counts={"labelled": 40},
                code_version="0", created_at=now,
            )
        )  # fmt: skip


def _add_subjects(session: Session, project: Project, now: datetime) -> None:
    project_id = subjects.add_project(session, project.slug, [label.code for label in project.labels], now).id
    for place in range(N_SUBJECTS):
        image = Image(sha256=f"{place:064x}", media_type="image/jpeg", width_px=64, height_px=64, n_bytes=1)
        subject_id = subjects.add_subject(
            session,
            Subject(
                code=secrets.token_hex(6), project_id=project_id, image_id=subjects.add_image(session, image).id,
                name=f"{place}.jpg", created_at=now,
            ),
        )  # fmt: skip
        use = GoldUse.HIDDEN if place % 3 == 0 else GoldUse.REFERENCE
        label, shuffle = place % len(project.labels), place / N_SUBJECTS
        truth = ExpertLabel(subject_id=subject_id, project_id=project_id, label=label, use=use, shuffle=shuffle)
        subjects.add_expert_label(session, truth)
        if use is GoldUse.REFERENCE:
            for choice_set in project.choice_sets:
                opening = Opening(
                    subject_id=subject_id, choice_set=choice_set, project_id=project_id, priority=1 + shuffle,
                    shuffle=shuffle,
                )  # fmt: skip
                subjects.add_openings(session, [opening])
