"""What a leaderboard costs among very many players: telling it new points, one's own rank, the best ten."""

import statistics
import time
from collections.abc import Callable
from datetime import datetime

import numpy as np
from sqlalchemy import insert, select

from game.store import Store, beliefs, completions, reading, transaction
from game.store.beliefs import ALL_TIME
from game.store.ranks import with_ranks
from game.store.tables import Standing, Volunteer

TIMES = 200
ROWS_AT_ONCE = 50_000


def report(store: Store, project_id: int, redis_url: str, now: datetime) -> str:
    """Every volunteer of the database gets a standing first, where she has none."""
    n = _everybody(store, project_id)
    quick, rng = with_ranks(store, redis_url), np.random.default_rng(1)
    assert quick.ranks is not None
    begun = time.perf_counter()
    with reading(quick) as session:
        quick.ranks.catch_up(session, project_id, ALL_TIME, now)
    made_s = time.perf_counter() - begun

    def keep() -> None:
        with transaction(store) as session:
            points = {ALL_TIME: int(rng.integers(100_000))}
            completions.keep_standings(session, project_id, int(rng.integers(n)) + 1, points)

    def top(of: Store) -> Callable[[], object]:
        def ask() -> None:
            with reading(of) as session:
                beliefs.top(session, project_id, ALL_TIME, 10)

        return ask

    def around(of: Store) -> Callable[[], object]:
        def ask() -> None:
            with reading(of) as session:
                beliefs.around(session, project_id, ALL_TIME, int(rng.integers(n)) + 1, 2)

        return ask

    def best() -> None:
        assert quick.ranks is not None
        assert quick.ranks.best(project_id, ALL_TIME, 10)

    def rank() -> None:
        own = Standing(project_id=project_id, period=ALL_TIME, volunteer_id=int(rng.integers(n)) + 1, points=70)
        assert quick.ranks is not None
        quick.ranks.n_before(own)

    cases: list[tuple[str, Callable[[], object], int]] = [
        ("new points, to the database", keep, TIMES), ("the best ten, from the database", top(store), TIMES),
        ("the best ten, with Redis", top(quick), TIMES), ("the best ten, from Redis, without names", best, TIMES),
        ("new points to Redis and the rank from it", rank, TIMES),
        ("my place and my neighbours, with Redis", around(quick), TIMES),
        ("my place and my neighbours, without", around(store), TIMES // 10),
    ]  # fmt: skip
    lines = [f"{n:,} players; Redis knew all of them after {made_s:.1f} s"]
    return "\n".join([*lines, *(f"{name:42}{median_ms(call, times):8.2f} ms" for name, call, times in cases)]) + "\n"


def _everybody(store: Store, project_id: int) -> int:
    with transaction(store) as session:
        known = set(session.scalars(select(Standing.volunteer_id).where(Standing.period == ALL_TIME)))
        ids = set(session.scalars(select(Volunteer.id)))
        missing = [
            {"project_id": project_id, "period": ALL_TIME, "volunteer_id": one, "points": one * 7919 % 1000}
            for one in sorted(ids - known)
        ]
        for start in range(0, len(missing), ROWS_AT_ONCE):
            session.execute(insert(Standing), missing[start : start + ROWS_AT_ONCE])
    return max(ids)


def median_ms(call: Callable[[], object], times: int) -> float:
    """By the clock."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)
