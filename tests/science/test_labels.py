"""In the database an index stands for a label for ever."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from game.errors import Conflict
from game.levels import Label, Project
from game.science.labels import sync_labels
from game.store import Store, people, subjects, transaction
from game.store.tables import Reliability
from tests.science.reef import MOOREA


def known(store: Store, project: Project, now: datetime) -> list[str]:
    with transaction(store) as session:
        sync_labels(session, project, now)
        row = subjects.project_row(session, project.slug)
        assert row is not None
        return list(row.label_codes)


def test_a_new_project_brings_its_labels(store: Store, now: datetime) -> None:
    assert known(store, MOOREA, now) == [label.code for label in MOOREA.labels]
    assert known(store, MOOREA, now) == [label.code for label in MOOREA.labels]


def test_a_new_label_stands_at_the_end_and_beliefs_without_it_are_thrown_away(store: Store, now: datetime) -> None:
    shorter = replace(MOOREA, labels=MOOREA.labels[:5])
    known(store, shorter, now)
    with transaction(store) as session:
        row = subjects.project_row(session, MOOREA.slug)
        assert row is not None
        volunteer_id = people.add_volunteer(session, "Ada", now).id
        matrix = Reliability(
            volunteer_id=volunteer_id, project_id=row.id, confusion=[[1.0]], reliability=1, informedness=1, n_gold=1,
            computed_at=now,
        )  # fmt: skip
        session.add(matrix)
    assert known(store, MOOREA, now) == [label.code for label in MOOREA.labels]
    with transaction(store) as session:
        assert session.scalars(select(Reliability)).all() == []


@pytest.mark.parametrize("labels", [MOOREA.labels[::-1], MOOREA.labels[1:], MOOREA.labels[:5]])
def test_labels_may_not_move_or_go(store: Store, now: datetime, labels: tuple[Label, ...]) -> None:
    known(store, MOOREA, now)
    with pytest.raises(Conflict, match="Porit, OtherCoral, CCA, Turf, Macro, Sand"):
        known(store, replace(MOOREA, labels=labels), now)
