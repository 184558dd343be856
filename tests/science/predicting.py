"""A published model as its rows are, with answers made up by a test."""

from collections.abc import Mapping

from sqlalchemy import select, update

from game.levels import Project
from game.store import Store, models, publications, subjects, transaction
from game.store.tables import Model, Release
from game.store.tables.publications import ModelState
from tests.conftest import NOW
from tests.science.reef import MOOREA


def publish_model(store: Store, said: Mapping[int, int], sure: float = 0.9, project: Project = MOOREA) -> int:
    """`said`: subject id → the label that the model gives it, with the probability `sure`. Replaces the published one;
    returns its id."""
    with transaction(store) as session:
        row = subjects.project_row(session, project.slug)
        assert row is not None
        session.execute(update(Model).where(Model.project_id == row.id).values(state=ModelState.REPLACED))
        version = publications.next_version(session, row.id)
        release = Release(
            project_id=row.id, version=version, folder=f"{version}", archive=f"{version}.zip", archive_sha256="0" * 64,
            includes_simulated=False, counts={}, code_version="0", created_at=NOW,
        )  # fmt: skip
        session.add(release)
        session.flush()
        added = models.add_model(
            session,
            Model(
                project_id=row.id, release_id=release.id, state=ModelState.PUBLISHED, reason="It is better.",
                folder=f"model-{version}", metrics={}, created_at=NOW,
            ),
        )  # fmt: skip
        k = len(project.labels)
        off = (1 - sure) / (k - 1)
        rows = [(one, [sure if place == label else off for place in range(k)]) for one, label in said.items()]
        models.replace_predictions(session, row.id, added.id, rows)
        return added.id


def unpublish(store: Store) -> None:
    """As a roll-back to no model at all would leave it."""
    with transaction(store) as session:
        for model in session.scalars(select(Model)):
            model.state = ModelState.REPLACED
