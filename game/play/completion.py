"""The end of a round, the only moment at which a volunteer's figures change: points, reliability, levels, standings."""

from datetime import datetime

import numpy as np

from game.levels import Project
from game.play.belief import in_force
from game.play.gold import NEWEST_GOLD, judged_choices, label_counts_of, newest_counts_of
from game.play.standings import renew_standings
from game.store import Session, beliefs, rounds
from game.store.tables import Round
from scoring import confusion, points, unlocking

# How much gold tells what is unlocked, and what two kinds of points follow.
GOLD = (NEWEST_GOLD, points.NEWEST_GOLD, points.LATEST_GOLD)


def complete_round(session: Session, project: Project, row: Round, now: datetime) -> None:
    """Derived anew from the volunteer's answers to gold; after a single answer it would betray which was gold."""
    begun_at = _begun_at(session, row)
    row.completed_at = now
    level = project.level(row.level)
    if level is None:
        return
    session.flush()
    _measure(session, project, row, now)
    counts, newest, latest = newest_counts_of(session, row.volunteer_id, row.project_id, level, GOLD)
    answers = rounds.answers_of_round(session, row.id).values()
    n_labels = sum(answer.choice is not None for answer in answers)
    duration_s = (now - begun_at).total_seconds()
    row.points = int(points.round_points(n_labels, len(answers), duration_s, newest, latest))
    session.flush()
    judged = judged_choices(session, row.project_id, level)
    if unlocking.unlocked(counts, unlocking.UnlockRule(level.recall, level.n_gold), judged):
        _unlock_after(session, project, row, now)
    renew_standings(session, row.project_id, row.volunteer_id, now)


def _begun_at(session: Session, row: Round) -> datetime:
    """Two rounds that were open side by side share the time that they took."""
    before = rounds.latest_completed_at(session, row.volunteer_id, row.project_id)
    return row.started_at if before is None else max(before, row.started_at)


def _measure(session: Session, project: Project, row: Round, now: datetime) -> None:
    """Weighs a volunteer whom no aggregation has met yet; those that follow know more than her gold."""
    latest = beliefs.latest_aggregate(session, row.project_id)
    known = beliefs.reliability(session, row.volunteer_id, row.project_id)
    if latest is not None and known is not None and known.computed_at <= latest.computed_at:
        return
    pooled = in_force(session, project, row.project_id).pooled
    counts = label_counts_of(session, project, row.volunteer_id, row.project_id, pooled)
    matrix = confusion.empirical_bayes(counts, pooled)
    reliability = confusion.reliability(matrix)
    measured = {
        "volunteer_id": row.volunteer_id,
        "project_id": row.project_id,
        "confusion": np.round(matrix, 6).tolist(),
        "reliability": reliability,
        "informedness": confusion.informedness(reliability, len(project.labels)),
        "n_gold": round(counts.sum()),
        "computed_at": now,
    }
    beliefs.keep_reliability(session, measured)


def _unlock_after(session: Session, project: Project, row: Round, now: datetime) -> None:
    for level in project.levels:
        if level.opens_after == row.level:
            rounds.unlock(session, row.volunteer_id, row.project_id, level.key, now)
