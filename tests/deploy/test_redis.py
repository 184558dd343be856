"""Redis between several web processes: lost, back and empty, or hanging. Play goes on, and news crosses again."""

import time

from redis import Redis as Client

from game.play.standings import Period, leaderboard
from game.store import reading
from game.store.tables import Volunteer
from tests.conftest import NOW
from tests.deploy.conftest import Redis
from tests.deploy.test_scaled import PATIENCE_S, play_round, wait_until
from tests.server import Server
from tests.web.live import LivePlayer, Socket, ask, connected, new_live_player
from tests.web.player import Json, answer_to

# A browser waits so long before it sends the same answer as a form.
ACKNOWLEDGED_WITHIN_S = 2.0


def test_news_crosses_again_once_an_empty_redis_is_back(processes: list[Server], redis: Redis) -> None:
    here, there = processes
    player = new_live_player(there)
    with connected(here.url, "plankton") as watcher:
        redis.kill()
        play_round(player)
        redis.start()
        wait_until_news_cross(player, watcher)


def test_while_redis_hangs_answers_are_acknowledged_and_news_crosses_once_it_goes_on(
    processes: list[Server], redis: Redis
) -> None:
    here, there = processes
    player = new_live_player(there)
    with connected(here.url, "plankton") as watcher, connected(there.url, "plankton") as neighbour:
        with redis.hanging():
            round_, taken = player.start(), []
            with player.socket() as opened:
                for subject in round_["subjects"]:
                    begun = time.monotonic()
                    assert "error" not in opened.classify(round_, answer_to(round_, subject))
                    taken.append(time.monotonic() - begun)
            assert max(taken) < ACKNOWLEDGED_WITHIN_S
            neighbour.wait_for("leaderboard", lambda message: bool(message["period"] == "all"))
            n = ask(there.url, "/projects/plankton")["progress"]["n_classifications"]
            neighbour.wait_for("progress", lambda message: bool(message["n_classifications"] >= n))
        wait_until_news_cross(player, watcher)


def test_ranks_are_made_again_once_an_empty_redis_is_back(processes: list[Server], redis: Redis) -> None:
    here, there = processes
    player = new_live_player(there)
    play_round(player)
    redis.kill()
    at_here = LivePlayer(here.url, player.token, player.pseudonym)
    while_lost = at_here.ask("/projects/plankton/leaderboard?period=all")
    assert [line["pseudonym"] for line in while_lost["around_me"] if line["mine"]] == [player.pseudonym]
    redis.start()
    play_round(new_live_player(there))
    known = Client.from_url(redis.url)
    wait_until(lambda: bool(known.keys("fathom:standings:*:all:until")), "the ranks are there")
    known.close()
    from_redis = at_here.ask("/projects/plankton/leaderboard?period=all")
    with reading(here.world.store) as session:
        volunteer_id = session.query(Volunteer.id).filter(Volunteer.pseudonym == player.pseudonym).scalar()
        counted = leaderboard(session, here.world.projects["plankton"], Period.ALL, volunteer_id, NOW)
    assert [line["rank"] for line in from_redis["around_me"]] == [one.rank for one in counted.around_me]


def test_leaderboards_that_redis_has_lost_are_made_again_when_somebody_looks(
    processes: list[Server], redis: Redis
) -> None:
    here, _ = processes
    play_round(new_live_player(here))
    with Client.from_url(redis.url) as known:
        wait_until(lambda: bool(known.keys("fathom:standings:*:all:until")), "the leaderboards are there")
        known.flushall()
        before = ask(here.url, "/projects/plankton/leaderboard?period=all")
        wait_until(lambda: bool(known.keys("fathom:standings:*:all:until")), "they are there again")
        assert ask(here.url, "/projects/plankton/leaderboard?period=all") == before


def wait_until_news_cross(player: LivePlayer, watcher: Socket) -> None:
    before = player.ask("/projects/plankton")["progress"]["n_classifications"]
    deadline = time.monotonic() + PATIENCE_S
    while not any(is_news(message, before) for _, message in watcher.events):
        assert time.monotonic() < deadline, watcher.events
        round_ = player.start()
        player.ask(f"/rounds/{round_['id']}/classifications", answer_to(round_, unanswered(round_)))
        time.sleep(1)


def is_news(message: Json, before: int) -> bool:
    return int(message.get("n_classifications", 0)) > before


def unanswered(round_: Json) -> Json:
    return next(dict(subject) for subject in round_["subjects"] if not subject["answered"])
