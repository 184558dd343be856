"""Versions of a project's model, as they come through the gate: the first is public, the second was rejected."""

from datetime import datetime

from game.config import Settings
from game.levels import GoldUse, Project
from game.science.publish import publish
from game.store import Store, reading, subjects, transaction
from game.store.tables import Release
from tests.worker.model_folders import write_model

# Of so many subjects each version gets one wrong.
ONE_WRONG_IN = (20, 2)


def add_versions(store: Store, settings: Settings, project: Project, now: datetime) -> None:
    true, use = _truth(store, project, now)
    codes = [label.code for label in project.labels]
    held = {code: codes[label] for code, label in true.items() if use[code] is GoldUse.HIDDEN}
    for name, one_in in zip("ab", ONE_WRONG_IN, strict=True):
        said = {code: codes[label - (place % one_in == 0)] for place, (code, label) in enumerate(true.items())}
        write_model(settings.models / project.slug / name, project, said, held)
        publish(store, project, settings.models, f"{project.slug}/{name}", now)


def _truth(store: Store, project: Project, now: datetime) -> tuple[dict[str, int], dict[str, GoldUse]]:
    """By the subjects' codes; with a release to have been trained on."""
    with transaction(store) as session:
        row = subjects.project_row(session, project.slug)
        assert row
        session.add(
            Release(
                project_id=row.id, version=1, folder=f"{project.slug}/1", archive="1.zip", archive_sha256="0" * 64,
                includes_simulated=False, counts={}, code_version="0", created_at=now,
            )
        )  # fmt: skip
    with reading(store) as session:
        row = subjects.project_row(session, project.slug)
        assert row
        known = subjects.expert_labels(session, row.id, list(GoldUse))
        places = [one for one in subjects.places_of_project(session, row.id) if one.subject_id in known]
    true = {one.code: known[one.subject_id][0] for one in places}
    return true, {one.code: known[one.subject_id][1] for one in places}
