"""Points, standings and leaderboards, derived once more from the rows of play, and held against what stands."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from game.levels import GoldUse
from game.play.completion import GOLD
from game.play.gold import NEWEST_GOLD, choice_counts
from game.store import Session, reading
from game.store.beliefs import ALL_TIME
from game.store.rounds import COUNTS
from game.store.tables import Classification, ExpertLabel, Round, Standing
from scoring import points
from tests.faults.stage import Stage

# Times are kept in milliseconds, and a round is paid by a finer clock.
FINER = timedelta(milliseconds=1)
REDIS_PATIENCE_S = 15


def broken_points(stage: Stage) -> list[str]:
    with reading(stage.world.store) as session:
        return [*_points(session, stage), *_standings(session, stage)]


def broken_leaderboards(stage: Stage, redis_url: str) -> list[str]:
    """What Redis says against what the database says, as soon as they agree or after a while."""
    from redis import Redis

    with reading(stage.world.store) as session:
        stands = _sums(session)
    deadline = time.monotonic() + REDIS_PATIENCE_S
    with Redis.from_url(redis_url) as redis:
        while True:
            found = [one for period in {key[0] for key in stands} for one in _differ(redis, stage, period, stands)]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.5)


def _points(session: Session, stage: Stage) -> Iterator[str]:
    """Round after round of each volunteer, from her answers to hidden gold until then."""
    rows = select(Round).where(Round.completed_at.is_not(None)).order_by(Round.volunteer_id, Round.completed_at)
    gold = _gold(session)
    given = _given(session)
    known: list[tuple[int, int, str]] = []
    before, player = None, None
    for row in session.scalars(rows):
        if player != row.volunteer_id:
            known, before, player = [], None, row.volunteer_id
        known = sorted(known + gold.get(row.id, []), reverse=True)
        level = stage.project.level(row.level)
        assert level is not None
        assert row.completed_at is not None
        _, newest, latest = choice_counts([one[1:] for one in known[:NEWEST_GOLD]], level, GOLD)
        begun_at = row.started_at if before is None else max(row.started_at, before)
        choices = given[row.id]
        n_labels, took = sum(one is not None for one in choices), row.completed_at - begun_at
        earned = {
            int(points.round_points(n_labels, len(choices), one.total_seconds(), newest, latest))
            for one in (took, took + FINER)
        }
        if row.points not in earned:
            yield f"Round {row.id} earned {row.points} points where {earned} follow."
        before = row.completed_at


def _standings(session: Session, stage: Stage) -> Iterator[str]:
    stands = {(row.period, row.volunteer_id): row.points for row in session.scalars(select(Standing))}
    derived = _sums(session)
    for key in sorted(stands.keys() | derived.keys()):
        if stands.get(key) != derived.get(key):
            yield f"The standing of {key} is {stands.get(key)} where {derived.get(key)} follows."


def _sums(session: Session) -> dict[tuple[str, int], int]:
    """(period, volunteer id) → points of her completed rounds."""
    sums: Counter[tuple[str, int]] = Counter()
    rows = select(Round.volunteer_id, Round.completed_at, Round.points).where(Round.completed_at.is_not(None))
    for volunteer_id, completed_at, earned in session.execute(rows):
        assert completed_at is not None
        for period in (ALL_TIME, _week(completed_at)):
            sums[period, volunteer_id] += earned or 0
    return dict(sums)


def _gold(session: Session) -> dict[int, list[tuple[int, int, str]]]:
    """Round id → (classification id, true label, choice) of its answers to hidden gold."""
    found: dict[int, list[tuple[int, int, str]]] = {}
    rows = select(Classification.round_id, Classification.id, ExpertLabel.label, Classification.choice)
    joined = rows.join(ExpertLabel, ExpertLabel.subject_id == Classification.subject_id)
    hidden = joined.where(COUNTS, ExpertLabel.use == GoldUse.HIDDEN, Classification.choice.is_not(None))
    for round_id, classification_id, label, choice in session.execute(hidden):
        found.setdefault(round_id, []).append((classification_id, label, str(choice)))
    return found


def _given(session: Session) -> dict[int, list[str | None]]:
    found: dict[int, list[str | None]] = {}
    for round_id, choice in session.execute(select(Classification.round_id, Classification.choice).where(COUNTS)):
        found.setdefault(round_id, []).append(choice)
    return found


def _differ(redis: object, stage: Stage, period: str, stands: dict[tuple[str, int], int]) -> Iterator[str]:
    """A set that was not made again is no mistake: the database counts until then."""
    told = redis.zrange(f"fathom:standings:{stage.project_id}:{period}", 0, -1, withscores=True)  # type: ignore[attr-defined]
    known = {int(member): int(score) for member, score in told}
    wanted = {volunteer_id: earned for (one, volunteer_id), earned in stands.items() if one == period}
    if known and known != wanted:
        differing = {one for one in known.keys() | wanted.keys() if known.get(one) != wanted.get(one)}
        yield f"Redis ranks {len(differing)} of {len(wanted)} volunteers otherwise ({period}): {sorted(differing)[:5]}."


def _week(instant: datetime) -> str:
    year, week, _ = instant.isocalendar()
    return f"{year}-W{week:02}"
