"""How many stand before a volunteer, from Redis: a sorted set for each project and period, made of the standings.

Everything here may be lost. Until it has been made again the database counts, which is slower and says the same.
"""

import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from game.store.engine import RANKS, Store
from game.store.tables import Round, Standing

if TYPE_CHECKING:
    from redis import Redis

# How long a page waits for Redis before the database counts.
PATIENCE_S = 0.5
# A round is kept some moments after the time that it names, and clocks of machines differ.
OVERLAP = timedelta(seconds=10)
# Nobody looks at a week after the next one.
KEPT = timedelta(days=15)
# One process makes a set; the others let the database count meanwhile.
MAKING = timedelta(minutes=5)
AT_ONCE = 10_000

_LOG = logging.getLogger("fathom.ranks")


class Ranks:
    """Redis' client is large: only a server that has a Redis loads it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis: Any = redis

    def n_before(self, own: Standing) -> int | None:
        """None if Redis is lost or has not been told yet."""
        from redis import RedisError

        key = _key(own.project_id, own.period)
        try:
            with self._redis.pipeline() as together:
                together.exists(_until(key))
                # Her own points are known here; those of others may be a second old.
                together.zadd(key, _scored([(own.volunteer_id, own.points)]), xx=True)
                together.zrevrank(key, _member(own.volunteer_id))
                told, _, n_before = together.execute()
        except RedisError as lost:
            _LOG.warning("Ranks are counted by the database: %s", lost)
            return None
        return int(n_before) if told and n_before is not None else None

    def catch_up(self, session: Session, project_id: int, period: str, now: datetime) -> None:
        """Tells Redis what changed since the last time, or everything if it has lost what it knew."""
        from redis import RedisError

        key = _key(project_id, period)
        try:
            with self._redis.pipeline() as together:
                # Whoever watches keeps to one connection, and hears of it if Redis is lost meanwhile: what came back
                # empty would be taken for whole, with only the latest in it.
                together.watch(f"{key}:connection")
                until, changed = together.get(_until(key)), []
                if until is not None and together.exists(key):
                    # A clock that was put back has told of times that are still to come.
                    since = min(datetime.fromtimestamp(float(until), UTC), now) - OVERLAP
                    changed = _changed(session, project_id, period, since)
                elif not self._made(session, key, project_id, period):
                    return
                together.multi()
                if changed:
                    together.zadd(key, _scored(changed))
                together.expire(key, KEPT)
                together.set(_until(key), now.timestamp(), ex=KEPT)
                together.execute()
        except RedisError as lost:
            _LOG.warning("Ranks could not be told to Redis: %s", lost)

    def _made(self, session: Session, key: str, project_id: int, period: str) -> bool:
        """Under another name until it is whole, so that nobody is ranked among half of the players.

        False while another process does it, and if Redis was lost before it was whole.
        """
        if not self._redis.set(f"{key}:making", 1, nx=True, ex=MAKING):
            return False
        unfinished = f"{key}:{secrets.token_hex(4)}"
        n_told = 0
        for some in _all(session, project_id, period):
            self._redis.zadd(unfinished, _scored(some))
            self._redis.expire(unfinished, KEPT)
            n_told += len(some)
        whole = bool(self._redis.zcard(unfinished) == n_told)
        if n_told and whole:
            self._redis.rename(unfinished, key)
        self._redis.delete(f"{key}:making")
        return whole


def with_ranks(store: Store, redis_url: str | None) -> Store:
    """The store that asks Redis, where there is one, how many stand before a volunteer."""
    if redis_url is None:
        return store
    from redis import Redis

    redis = Redis.from_url(redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    return replace(store, ranks=Ranks(redis))


def ranks_of(session: Session) -> Ranks | None:
    ranks: Ranks | None = session.info.get(RANKS)
    return ranks


def _key(project_id: int, period: str) -> str:
    return f"fathom:standings:{project_id}:{period}"


def _until(key: str) -> str:
    return f"{key}:until"


def _member(volunteer_id: int) -> str:
    """Of equal points the higher id stands first, and Redis orders equal ones by their letters."""
    return f"{volunteer_id:020}"


def _scored(standings: Sequence[tuple[int, int]]) -> dict[str, int]:
    """Of (volunteer id, points)."""
    return {_member(volunteer_id): points for volunteer_id, points in standings}


def _changed(session: Session, project_id: int, period: str, since: datetime) -> list[tuple[int, int]]:
    rows = select(Round.volunteer_id).where(Round.project_id == project_id, Round.completed_at >= since)
    players = sorted(set(session.scalars(rows)))
    found: list[tuple[int, int]] = []
    for begin in range(0, len(players), AT_ONCE):
        some = Standing.volunteer_id.in_(players[begin : begin + AT_ONCE])
        found += [(one, points) for one, points in session.execute(_standings(project_id, period, some))]
    return found


def _all(session: Session, project_id: int, period: str) -> Iterator[list[tuple[int, int]]]:
    after = 0
    while True:
        rows = _standings(project_id, period, Standing.volunteer_id > after)
        some = [(one, points) for one, points in session.execute(rows.order_by(Standing.volunteer_id).limit(AT_ONCE))]
        if not some:
            return
        yield some
        after = some[-1][0]


def _standings(project_id: int, period: str, whose: Any) -> Any:
    columns = select(Standing.volunteer_id, Standing.points)
    return columns.where(Standing.project_id == project_id, Standing.period == period, whose)
