"""The end of a round, the only moment at which a volunteer's figures change: points, reliability, levels, standings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from game.levels import Level, Project
from game.play.belief import in_force
from game.play.gold import NEWEST_GOLD, GoldAnswer, choice_counts, judged_choices, label_counts
from game.play.standings import renew_standings
from game.store import Session, beliefs, completions, rounds
from game.store.answers import Handed
from scoring import confusion, points, unlocking
from scoring.arrays import Floats

# How much gold tells what is unlocked, and what two kinds of points follow.
GOLD = (NEWEST_GOLD, points.NEWEST_GOLD, points.LATEST_GOLD)


@dataclass(frozen=True)
class Ended:
    """A round that has all its answers. `choices`: what was given, None for an abstention."""

    handed: Handed
    project: Project
    choices: tuple[str | None, ...]


def complete_rounds(session: Session, ended: Sequence[Ended], now: datetime) -> None:
    """Derived anew from each volunteer's answers to gold; after a single answer it would betray which was gold.

    In the order of the volunteers, so that two processes never wait for each other.
    """
    if ended:
        completions.hold_volunteers(session, {one.handed.volunteer_id for one in ended})
    for one in sorted(ended, key=lambda one: one.handed.volunteer_id):
        level = one.project.level(one.handed.level)
        if level is None:
            completions.complete(session, one.handed.round_id, None, now)
        else:
            _complete(session, one, level, now)


def _complete(session: Session, ended: Ended, level: Level, now: datetime) -> None:
    of, project = ended.handed, ended.project
    begun_at = _begun_at(session, of, now)
    gold = completions.gold_answers(session, of.volunteer_id, of.project_id, NEWEST_GOLD, of.round_id)
    _measure(session, project, of, gold, now)
    counts, newest, latest = choice_counts(gold, level, GOLD)
    n_labels = sum(choice is not None for choice in ended.choices)
    duration_s = (now - begun_at).total_seconds()
    earned = int(points.round_points(n_labels, len(ended.choices), duration_s, newest, latest))
    completions.complete(session, of.round_id, earned, now)
    _unlock_after(session, project, of, counts, now)
    if not of.simulated:
        renew_standings(session, of.project_id, of.volunteer_id, now)


def _begun_at(session: Session, of: Handed, now: datetime) -> datetime:
    """Two rounds that were open side by side share the time that they took. One that ended later than now was timed by
    a clock that has been put back since."""
    before = completions.latest_completed_at(session, of.volunteer_id, of.project_id)
    return of.started_at if before is None or before > now else max(before, of.started_at)


def _measure(session: Session, project: Project, of: Handed, gold: Sequence[GoldAnswer], now: datetime) -> None:
    """Weighs a volunteer whom no aggregation has met yet; those that follow know more than her gold."""
    aggregated_at, weighed_at = completions.measured(session, of.volunteer_id, of.project_id)
    if aggregated_at is not None and weighed_at is not None and weighed_at <= aggregated_at:
        return
    pooled = in_force(session, project, of.project_id).pooled
    counts = label_counts(gold, project, pooled)
    matrix = confusion.empirical_bayes(counts, pooled)
    reliability = confusion.reliability(matrix)
    measured = {
        "volunteer_id": of.volunteer_id,
        "project_id": of.project_id,
        "confusion": np.round(matrix, 6).tolist(),
        "reliability": reliability,
        "informedness": confusion.informedness(reliability, len(project.labels)),
        "n_gold": round(counts.sum()),
        "computed_at": now,
    }
    beliefs.keep_reliability(session, measured)


def _unlock_after(session: Session, project: Project, of: Handed, counts: Floats, now: datetime) -> None:
    """Opens the levels that come after this one, if gold shows that the volunteer knows every choice of it."""
    after = [level for level in project.levels if level.opens_after == of.level]
    done = project.level(of.level)
    if not after or done is None:
        return
    judged = judged_choices(session, of.project_id, done)
    if unlocking.unlocked(counts, unlocking.UnlockRule(done.recall, done.n_gold), judged):
        for level in after:
            rounds.unlock(session, of.volunteer_id, of.project_id, level.key, now)
