"""A model that has just been published, or rolled back to: an aggregation meets it, and then it is heard everywhere."""

from datetime import datetime

from game.levels import Project
from game.science.aggregate import aggregate
from game.science.priorities import renew_priorities
from game.store import Store, beliefs, models, reading, subjects
from game.store.witness import met_model


def hear_published_model(store: Store, project: Project, now: datetime) -> bool:
    """Whether there was anything to do: not if the last aggregation met the published model, or knew of none either.

    Before the first answer there is nothing to hold a model against. Idempotent.
    """
    with reading(store) as session:
        row = subjects.project_row(session, project.slug)
        latest = None if row is None else beliefs.latest_aggregate(session, row.id)
        if row is None or latest is None:
            return False
        published, met = models.published_model(session, row.id), met_model(latest)
        if (met and met.model_id) == (published and published.id):
            return False
    aggregate(store, project, now)
    renew_priorities(store, project, row.id)
    return True
