"""The order of a project's labels: in the database an index stands for a label, so the order may never change."""

from datetime import datetime

from game.errors import Conflict
from game.levels import Project
from game.store import Session, science, subjects


def sync_labels(session: Session, project: Project, now: datetime) -> int:
    """Agrees with the database about the labels and returns the project's id; a new project is added.

    Labels that are new stand at the end; beliefs over the shorter list are thrown away and come back with the next
    aggregation. Raises Conflict if labels that the database knows are missing or stand in another order.
    """
    codes = [label.code for label in project.labels]
    row = subjects.project_row(session, project.slug)
    if row is None:
        return subjects.add_project(session, project.slug, codes, now).id
    known = list(row.label_codes)
    if codes[: len(known)] != known:
        raise Conflict(
            f"The labels of {project.slug} begin in the database with {', '.join(known)}; project.toml must list the "
            f"same ones first, in that order, and may add new ones only after them. It lists {', '.join(codes)}."
        )
    if len(codes) > len(known):
        row.label_codes = list(codes)
        science.forget_beliefs(session, row.id)
    return row.id
