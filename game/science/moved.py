"""How far people's answers have moved the consensus since the last release: what makes the next one worth its while."""

import csv
from dataclasses import dataclass
from pathlib import Path

from game.levels import Project
from game.store import Store, figures, jobs, reading, subjects, transaction
from game.store import models as kept
from game.store import moved as rows
from game.store.tables import Release


@dataclass(frozen=True)
class Moved:
    """Subjects that are not gold: how many people have answered since the release (since ever for None), and how many
    have a new or another label than in it, for what people said of them or of others."""

    since_release: int | None
    n_answered: int
    n_moved: int


def count_moved(store: Store, project: Project, releases: Path) -> Moved:
    """Kept with the newest aggregation, whose consensus it counts. Of answers it looks at those since the release only.
    A release whose files are lost has no label in it, so that the next one soon replaces it.

    Releases leave simulated volunteers out, an aggregation hears them, and so has other labels with nobody's doing:
    where there are any, only what people have answered since counts as moved.
    """
    with reading(store) as session:
        row = subjects.project_row(session, project.slug)
        if row is None:
            return Moved(None, 0, 0)
        release = jobs.latest_release_by_people(session, row.id)
        answered = rows.answered_by_people(session, row.id, None if release is None else release.created_at)
        labels = rows.consensus_labels(session, row.id)
        ids = kept.subject_ids(session, row.id)
        counting = answered if figures.includes_simulated(session, row.id) else rows.ever_in_play(session, row.id)
    released = {} if release is None else _released_labels(releases, release)
    before = {ids[code]: project.label_index(label) for code, label in released.items() if code in ids}
    n_moved = sum(one in counting and label != before.get(one) for one, label in labels.items())
    with transaction(store) as session:
        rows.keep_moved(session, row.id, None if release is None else release.id, (len(answered), n_moved))
    return Moved(None if release is None else release.version, len(answered), n_moved)


def _released_labels(releases: Path, release: Release) -> dict[str, str]:
    """Subject's code → its label's code, of those that have one in the release."""
    file = releases / release.folder / "complete" / "consensus.csv"
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as opened:
        return {row["subject"]: row["label"] for row in csv.DictReader(opened) if row["label"]}
