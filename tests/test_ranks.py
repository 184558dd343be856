"""Ranks from Redis are those that the database counts, also after Redis was lost."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from redis import Redis as Client
from sqlalchemy import event

from game.config import ROOT
from game.levels import Project, read_projects
from game.play.standings import Period, leaderboard, renew_ranks
from game.store import Session, Store, people, reading, subjects, transaction
from game.store.beliefs import ALL_TIME
from game.store.ranks import with_ranks
from game.store.tables import Round, Standing
from game.store.upsert import keep_all
from tests.deploy.conftest import Redis

N = 40


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    started = Redis()
    yield started
    started.end()


@pytest.fixture
def project() -> Project:
    return read_projects(ROOT / "levels")["plankton"]


@pytest.fixture
def ranked(store: Store, redis: Redis, project: Project, now: datetime) -> Store:
    """Forty players, of whom every two have as many points as each other. Redis knows nothing yet."""
    redis.kill()
    redis.start()
    with transaction(store) as session:
        project_id = subjects.add_project(session, project.slug, [], now).id
        for n in range(N):
            volunteer_id = people.add_volunteer(session, f"Volunteer {n}", now).id
            give(session, project_id, volunteer_id, 10 * (n // 2))
    return with_ranks(store, redis.url)


def give(session: Session, project_id: int, volunteer_id: int, points: int, at: datetime | None = None) -> None:
    row = {"project_id": project_id, "period": ALL_TIME, "volunteer_id": volunteer_id, "points": points}
    keep_all(session, Standing, [row])
    if at is not None:
        session.add(
            Round(
                code=f"round-{volunteer_id}", project_id=project_id, volunteer_id=volunteer_id, level="first",
                n_subjects=10, started_at=at, completed_at=at, points=points,
            )
        )  # fmt: skip


def ranks(store: Store, project: Project, now: datetime) -> list[list[tuple[int, str, int, bool]]]:
    """What every player sees around herself."""
    with reading(store) as session:
        boards = [leaderboard(session, project, Period.ALL, n, now) for n in range(1, N + 1)]
    return [[(one.rank, one.pseudonym, one.points, one.mine) for one in board.around_me] for board in boards]


def known(store: Store, n: int) -> int | None:
    """How many stand before a volunteer as Redis alone knows it."""
    with reading(store) as session:
        own = session.get(Standing, (1, ALL_TIME, n))
        assert own is not None
        assert store.ranks is not None
        return store.ranks.n_before(own)


def told(store: Store, project: Project, now: datetime) -> None:
    with reading(store) as session:
        renew_ranks(session, project, now)


def test_ranks_are_those_that_the_database_counts(ranked: Store, store: Store, project: Project, now: datetime) -> None:
    assert known(ranked, 1) is None
    assert ranks(ranked, project, now) == ranks(store, project, now)
    told(ranked, project, now)
    assert (known(ranked, N), known(ranked, 1)) == (0, N - 1)
    assert ranks(ranked, project, now) == ranks(store, project, now)


def test_a_set_that_was_lost_by_itself_is_made_again_and_never_by_who_reads(
    ranked: Store, store: Store, project: Project, now: datetime, redis: Redis
) -> None:
    told(ranked, project, now)
    with Client.from_url(redis.url) as client:
        [key] = [one for one in client.keys("fathom:standings:1:*") if client.type(one) == b"zset"]
        assert client.ttl(key) > 0
        client.delete(key)
        assert known(ranked, 1) is None
        assert not client.exists(key)
    told(ranked, project, now)
    assert (known(ranked, N), known(ranked, 1)) == (0, N - 1)


def test_who_moved_is_told_and_nobody_else(ranked: Store, store: Store, project: Project, now: datetime) -> None:
    told(ranked, project, now)
    with transaction(store) as session:
        give(session, 1, 3, 10_000, now + timedelta(seconds=5))
        give(session, 1, 4, 20_000)
    assert known(ranked, N) == 0
    told(ranked, project, now + timedelta(seconds=6))
    assert known(ranked, N) == 1, "of the fourth no round tells"
    assert known(ranked, 4) == 0, "but her own points are known when she asks"
    assert ranks(ranked, project, now) == ranks(store, project, now)


def test_when_redis_is_lost_the_database_counts_until_the_ranks_are_made_again(
    ranked: Store, store: Store, redis: Redis, project: Project, now: datetime
) -> None:
    told(ranked, project, now)
    before = ranks(store, project, now)
    redis.kill()
    assert known(ranked, 1) is None
    assert ranks(ranked, project, now) == before
    told(ranked, project, now)
    redis.start()
    assert known(ranked, 1) is None
    assert ranks(ranked, project, now) == before
    told(ranked, project, now)
    assert known(ranked, 1) == N - 1
    assert ranks(ranked, project, now) == before


def test_while_another_process_makes_them_the_database_counts(
    ranked: Store, store: Store, redis: Redis, project: Project, now: datetime
) -> None:
    making = Client.from_url(redis.url)
    making.set(f"fathom:standings:1:{ALL_TIME}:making", 1)
    told(ranked, project, now)
    assert known(ranked, 1) is None
    assert ranks(ranked, project, now) == ranks(store, project, now)
    making.delete(f"fathom:standings:1:{ALL_TIME}:making")
    making.close()
    told(ranked, project, now)
    assert known(ranked, 1) == N - 1


def best(store: Store, project: Project, now: datetime, volunteer_id: int | None = None) -> list[tuple[str, int]]:
    with reading(store) as session:
        found = leaderboard(session, project, Period.ALL, volunteer_id, now).top
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    return [(one.pseudonym, one.points) for one in found]


def best_in_redis(store: Store) -> list[tuple[int, int]] | None:
    assert store.ranks is not None
    return store.ranks.best(1, ALL_TIME, 3)


def test_the_best_are_named_by_redis_and_by_the_database_alike_until_redis_is_lost_and_afterwards(
    ranked: Store, store: Store, project: Project, now: datetime, redis: Redis
) -> None:
    """Of equal points whoever came last stands first."""
    missed: list[str] = []
    assert ranked.ranks is not None
    ranked.ranks.when_missed = lambda: missed.append("once")
    assert best_in_redis(ranked) is None
    assert missed == ["once"]
    told(ranked, project, now)
    expected = best(store, project, now)
    assert len(expected) == 10
    with Client.from_url(redis.url) as client:
        for _ in range(2):
            assert best_in_redis(ranked) == [(40, 190), (39, 190), (38, 180)]
            assert best(ranked, project, now) == expected
            client.flushall()
            missed.clear()
            assert best_in_redis(ranked) is None
            assert best(ranked, project, now) == expected
            assert missed
            told(ranked, project, now)
    redis.kill()
    missed.clear()
    assert best_in_redis(ranked) is None
    assert best(ranked, project, now) == expected
    assert not missed, "of a Redis that is away nobody can make anything"
    redis.start()


def test_a_newcomer_stands_among_the_best_as_soon_as_she_looks(
    ranked: Store, store: Store, project: Project, now: datetime
) -> None:
    told(ranked, project, now)
    with transaction(store) as session:
        newcomer = people.add_volunteer(session, "Newcomer", now).id
        give(session, 1, newcomer, 1_000)
    assert best(ranked, project, now, newcomer)[0] == ("Newcomer", 1_000)
    assert best(ranked, project, now) == best(store, project, now)


def test_the_best_have_the_names_of_the_moment_and_redis_forgets_those_of_another_database(
    ranked: Store, store: Store, project: Project, now: datetime
) -> None:
    told(ranked, project, now)
    with transaction(store) as session:
        renamed = people.volunteer(session, N)
        assert renamed is not None
        renamed.pseudonym = "Renamed"
    assert best(ranked, project, now)[0][0] == "Renamed"
    own = Standing(project_id=1, period=ALL_TIME, volunteer_id=10 * N, points=10_000)
    assert ranked.ranks is not None
    assert ranked.ranks.n_before(own) == 0
    assert best(ranked, project, now) == best(store, project, now), "she is nobody in this database"
    ranked.ranks.forget()
    assert best_in_redis(ranked) is None


def test_while_redis_hangs_the_database_counts(
    ranked: Store, store: Store, project: Project, now: datetime, redis: Redis
) -> None:
    told(ranked, project, now)
    before = ranks(store, project, now)[0], best(store, project, now)
    with redis.hanging(), reading(ranked) as session:
        board = leaderboard(session, project, Period.ALL, 1, now)
    assert [(one.rank, one.pseudonym, one.points, one.mine) for one in board.around_me] == before[0]
    assert [(one.pseudonym, one.points) for one in board.top] == before[1]
    assert known(ranked, 1) == N - 1


def test_without_redis_nothing_is_asked(store: Store) -> None:
    assert with_ranks(store, None).ranks is None


def test_ranks_that_were_lost_while_they_were_told_are_not_taken_for_whole(
    ranked: Store, store: Store, redis: Redis, project: Project, now: datetime
) -> None:
    """Redis dies and comes back empty between the question since when, and the answer."""
    told(ranked, project, now)
    with transaction(store) as session:
        give(session, 1, 3, 10_000, now + timedelta(seconds=5))

    asked: list[str] = []

    def lose(*sent: object) -> None:
        if "rounds.completed_at >=" in str(sent[2]) and not asked:
            asked.append(str(sent[2]))
            redis.kill()
            redis.start()

    event.listen(store.engine, "before_cursor_execute", lose)
    told(ranked, project, now + timedelta(seconds=6))
    assert asked
    assert known(ranked, N) is None
    assert ranks(ranked, project, now) == ranks(store, project, now)
    told(ranked, project, now + timedelta(seconds=7))
    assert known(ranked, N) == 1


def test_who_moved_is_told_after_the_clock_was_put_back(
    ranked: Store, store: Store, project: Project, now: datetime
) -> None:
    told(ranked, project, now + timedelta(hours=1))
    with transaction(store) as session:
        give(session, 1, 3, 10_000, now)
    told(ranked, project, now + timedelta(seconds=1))
    assert known(ranked, N) == 1
