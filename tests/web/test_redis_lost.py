"""Redis holds only what may be lost: play goes on without it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from game.store import reading
from game.store.tables import Classification
from tests.server import running_server
from tests.servers import redis_server
from tests.web.live import LivePlayer, new_live_player
from tests.web.player import Json, answer_to
from tests.world import World

N_AT_ONCE = 16


def beside(world: World, redis_url: str) -> World:
    """With a Redis of its own, which may die."""
    return replace(world, settings=replace(world.settings, redis_url=redis_url))


def test_play_goes_on_when_redis_dies(world: World) -> None:
    with ExitStack() as redis, ExitStack() as stack:
        server = stack.enter_context(running_server(beside(world, redis.enter_context(redis_server()))))
        early = new_live_player(server)
        round_ = early.start()
        redis.close()
        with early.socket() as socket:
            for subject in round_["subjects"]:
                assert "error" not in socket.classify(round_, answer_to(round_, subject))
        late = new_live_player(server)
        another = late.start()
        late.ask(f"/rounds/{another['id']}/classifications", answer_to(another, another["subjects"][0]))
    with reading(world.store) as session:
        assert session.query(Classification).count() == 11


def test_nobody_is_turned_away_in_the_moment_in_which_redis_dies(world: World) -> None:
    """Many find at once that limits cannot be counted there."""
    with ExitStack() as redis, ExitStack() as stack:
        server = stack.enter_context(running_server(beside(world, redis.enter_context(redis_server()))))
        players = [new_live_player(server) for _ in range(N_AT_ONCE)]
        rounds = [player.start() for player in players]
        redis.close()

        def answer_all(playing: tuple[LivePlayer, Json]) -> None:
            player, round_ = playing
            for subject in round_["subjects"]:
                player.ask(f"/rounds/{round_['id']}/classifications", answer_to(round_, subject))

        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            list(pool.map(answer_all, zip(players, rounds, strict=True)))
    with reading(world.store) as session:
        assert session.query(Classification).count() == sum(len(one["subjects"]) for one in rounds)
