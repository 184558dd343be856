"""The harness itself: what it says that players did, they did, and no process of the set-up is forgotten."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import gevent
import pytest
from sqlalchemy import func, select

from game.store import reading
from game.store.tables import Classification
from tests.load.browsers import Pages, Pictures, Refused
from tests.load.measure import Count, Heard, Reading, Used, Wait, Watched, processes_told, used
from tests.load.opinions import Opinions
from tests.load.place import SLUG, Place, Wanted, opened_place
from tests.load.players import Hall
from tests.load.scenarios import Scenario, hall_of
from tests.load.wire import Json

DOORS = ("socket", "http")
N_PLAYERS = 3
PATIENCE_S = 120
SLOW_S = 0.5
SMALL = Scenario("three players", "browsers", N_PLAYERS, 2, 30, logged_in=0.34, worker=True)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[Place]:
    wanted = Wanted(request.param, 1 if request.param == "sqlite" else 2, n_subjects=500, n_tokens=6, n_logins=2)
    with opened_place(wanted, shared_data) as opened:
        yield opened


def newcomers(place: Place, door: str) -> Place:
    """With those who have not played at the other door, where the last of their answers may still be on its way."""
    n = DOORS.index(door)
    return replace(place, tokens=place.tokens[N_PLAYERS * n :], logins=place.logins[n:])


def kept(place: Place) -> int:
    with reading(place.server.world.store) as session:
        return session.scalar(select(func.count()).select_from(Classification)) or 0


@pytest.mark.parametrize("door", DOORS)
def test_three_browsers_log_in_see_every_picture_and_the_leaderboard(place: Place, door: str) -> None:
    hall, deadline, before = hall_of(newcomers(place, door), SMALL, door), time.monotonic() + PATIENCE_S, kept(place)
    taken_s = hall.heard.taken_s
    with hall.playing():
        while len(taken_s[Wait.LEADERBOARD]) < N_PLAYERS and time.monotonic() < deadline:
            gevent.sleep(0.05)
    assert not hall.heard.errors
    n_answers, n_rounds = len(taken_s[Wait.ANSWER]), len(taken_s[Wait.LEADERBOARD])
    assert n_rounds >= N_PLAYERS
    assert len(taken_s[Wait.LOG_IN]) == 1
    assert len(taken_s[Wait.PICTURE]) >= n_answers >= 10 * N_PLAYERS
    assert hall.heard.counted[Count.PICTURE_BYTES] > 5_000 * n_answers
    # The last of the answers may be kept and not yet acknowledged when everybody leaves.
    assert 0 <= kept(place) - before - n_answers <= N_PLAYERS
    # The summary shows each picture again.
    assert hall.heard.counted[Count.KEPT_PICTURES] >= 10 * n_rounds
    assert all(name in hall.heard.told() for name in (Wait.ANSWER, Wait.PICTURE, Wait.LEADERBOARD, Wait.LOG_IN))


@pytest.mark.parametrize("door", DOORS)
def test_programs_answer_and_fetch_nothing_else(place: Place, door: str) -> None:
    programs = Scenario("three programs", "programs", N_PLAYERS, 2, None, logged_in=0, worker=False)
    hall, deadline = hall_of(newcomers(place, door), programs, door), time.monotonic() + PATIENCE_S
    with hall.playing():
        while len(hall.heard.taken_s[Wait.ANSWER]) < 50 and time.monotonic() < deadline:
            gevent.sleep(0.05)
    assert not hall.heard.errors
    assert set(hall.heard.taken_s) == {Wait.ANSWER, Wait.ROUND}


def test_no_process_of_the_set_up_is_forgotten(place: Place) -> None:
    families = {one.name: used(one) for one in place.watched}
    assert all(one.cpu_s > 0 and one.resident_mib > one.own_mib > 1 for one in families.values())
    if place.server.world.settings.redis_url is None:
        assert set(families) == {"web process 1", "parent of these", "worker and its jobs"}
    else:
        assert set(families) > {"web process 1", "web process 2", "worker and its jobs", "PostgreSQL", "Redis"}
        # Among PostgreSQL's are a backend for each of those that serve.
        assert families["PostgreSQL"].n_processes > 6


def test_a_browser_asks_again_only_for_what_is_no_longer_fresh(place: Place) -> None:
    pages, heard = Pages(place.server.url, "10.9.9.9"), Heard()
    pictures = Pictures(place.server.url, heard)
    for path in ("/static/css/base.css", "/static/css/base.css"):
        pictures.fetch(path)
    # A style sheet may change: it was asked for twice, and came once.
    assert len(heard.taken_s[Wait.PICTURE]) == 2
    assert heard.counted[Count.KEPT_PICTURES] == 1
    with pytest.raises(Refused, match=r"404 of /patches/…/…$"):
        pictures.fetch(f"/patches/{'0' * 64}/1-1.jpg?px=224")
    with pytest.raises(Refused, match="404 of /projects/nowhere/play"):
        pages.see("/projects/nowhere/play")
    assert SLUG in pages.see(f"/projects/{SLUG}/play")
    pages.close()
    pictures.close()


class SlowDoor:
    """Three pictures of a round that was begun before; each answer takes a while, and there is no other round."""

    def start_round(self) -> Json:
        return {
            "id": "r",
            "choices": [{"code": "coral"}],
            "subjects": [{"id": n, "answered": n == 0} for n in range(4)],
        }

    def look(self, subject: Json, due: float) -> float:
        gevent.sleep(max(0.0, due - time.perf_counter()))
        return due

    def classify(self, round_code: str, answer: Json) -> Json:
        gevent.sleep(SLOW_S)
        return {}

    def end_round(self, round_code: str) -> None:
        gevent.sleep(PATIENCE_S)

    def close(self) -> None:
        """It has nothing open."""


class Coral(Opinions):
    def choice(self, round_: Json, subject: Json, rng: Random) -> str:
        return "coral"


def test_an_answer_is_waited_for_since_it_was_due_even_if_the_last_one_held_it_up(place: Place) -> None:
    hall = Hall(lambda _: SlowDoor(), Coral(place.opinions.project, {}), n_clients=1, answers_a_s=1_000)
    with hall.playing():
        gevent.sleep(5 * SLOW_S)
    waited_s = [round(each / SLOW_S, 1) for each in hall.heard.taken_s[Wait.ANSWER]]
    assert waited_s == pytest.approx([1, 2, 3], abs=0.4)


def test_the_cpu_of_those_who_ended_is_still_their_parents() -> None:
    family, own = Watched("we", os.getpid(), family=True), Watched("we", os.getpid())
    before = used(family).cpu_s, used(own).cpu_s
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"], os.environ)
    os.waitpid(pid, 0)
    assert used(family).cpu_s - before[0] > used(own).cpu_s - before[1] + 0.05


def test_the_table_says_how_much_of_a_processor_each_took_and_what_is_left_for_others() -> None:
    web, others_s = Watched("web", 1), 3.0
    before = Reading(100.0, 1_000.0, {web: Used(5.0, 90.0, 80.0, 1)})
    after = Reading(110.0, 1_000.0 + 4.0 + others_s, {web: Used(9.0, 100.0, 85.0, 1)})
    lines = processes_told(before, after, 2_000).splitlines()
    assert lines[1].split() == ["web", "40%", "2.00", "s", "100", "85"]
    assert lines[2].split()[:5] == ["others", "on", "this", "machine", "30%"]
