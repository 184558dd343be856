"""Leaderboards in Redis: a sorted set for each project and period, made of the standings. It says who the best are, and
how many stand before a volunteer.

Everything here may be lost. Until it has been made again, which who misses it asks for, the database says the same.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from game.errors import Unavailable
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
# One process makes a set; the others let the database count meanwhile. If it dies, another begins after so long.
MAKING = timedelta(seconds=15)
AT_ONCE = 10_000

# Her own points are known to who asks; those of others may be a second old. A set that is not whole gets nobody's.
_N_BEFORE = """
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then return false end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return redis.call('ZREVRANK', KEYS[1], ARGV[1])
"""

_LOG = logging.getLogger("fathom.ranks")


class Ranks:
    """Redis' client is large: only a server that has a Redis loads it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis: Any = redis
        self._n_before = self._redis.register_script(_N_BEFORE)
        self.when_missed: Callable[[], None] = lambda: None
        """Called when Redis answers and has not been told; not when it is away."""

    def n_before(self, own: Standing) -> int | None:
        """None if Redis is lost or has not been told yet."""
        key = _key(own.project_id, own.period)
        with self._counted_by_database():
            found = self._n_before([key, _until(key)], [_member(own.volunteer_id), own.points])
            if found is not None:
                return int(found)
            self.when_missed()
        return None

    def best(self, project_id: int, period: str, n: int) -> list[tuple[int, int]] | None:
        """(volunteer id, points) of the first n. None if Redis is lost or has not been told yet, and if nobody is."""
        key = _key(project_id, period)
        with self._counted_by_database():
            with self._redis.pipeline() as together:
                together.exists(_until(key))
                together.zrevrange(key, 0, n - 1, withscores=True)
                told, found = together.execute()
            if not told:
                self.when_missed()
            elif found:
                return [(int(member), int(points)) for member, points in found]
        return None

    def forget(self) -> None:
        """For a database that is not what it was. Raises Unavailable if Redis is lost, and may come back as it is."""
        from redis import RedisError

        try:
            for key in self._redis.scan_iter("fathom:standings:*", count=1000):
                self._redis.delete(key)
        except RedisError as lost:
            raise Unavailable(f"Redis does not answer, and must forget its leaderboards (FLUSHALL): {lost}") from lost

    def catch_up(self, session: Session, project_id: int, period: str, now: datetime) -> None:
        """Tells Redis what changed since the last time, or everything if it has lost what it knew."""
        key = _key(project_id, period)
        with self._counted_by_database(), self._redis.pipeline() as together:
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

    @contextmanager
    def _counted_by_database(self) -> Iterator[None]:
        """For as long as Redis does not answer."""
        from redis import RedisError

        try:
            yield
        except RedisError as lost:
            _LOG.warning("The database counts ranks: %s", lost)

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
            self._redis.expire(f"{key}:making", MAKING)
            n_told += len(some)
        whole = bool(self._redis.zcard(unfinished) == n_told)
        if n_told and whole:
            self._redis.rename(unfinished, key)
        self._redis.delete(f"{key}:making")
        return whole


def with_ranks(store: Store, redis_url: str | None) -> Store:
    """The store that asks Redis, where there is one, for ranks."""
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
