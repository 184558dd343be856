"""The server is killed in the middle of play: what it acknowledged is kept, and play goes on."""

import threading
import time
from contextlib import suppress

import pytest
import socketio

from game.store import reading
from game.store.tables import Classification
from tests.server import Server, running_server
from tests.web.live import PATIENCE_S, LivePlayer, new_live_player
from tests.web.player import Json, answer_to
from tests.world import World

N_PLAYERS = 4
N_BEFORE_THE_CUT = 60


class Played:
    """What was sent and what was acknowledged, by the answers' keys."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[LivePlayer, Json, Json]] = {}
        self.acknowledged: set[str] = set()
        self.cut = threading.Event()


def play_on(player: LivePlayer, played: Played) -> None:
    """Round after round over the socket, until the line is dead."""
    with suppress(socketio.exceptions.SocketIOError, OSError), player.socket() as socket:
        while not played.cut.is_set():
            round_ = player.start()
            for subject in round_["subjects"]:
                answer = answer_to(round_, subject)
                played.sent[answer["id"]] = (player, round_, answer)
                if "error" not in socket.classify(round_, answer, timeout_s=3):
                    played.acknowledged.add(answer["id"])


def play_until_the_cut(server: Server) -> Played:
    played = Played()
    players = [new_live_player(server) for _ in range(N_PLAYERS)]
    threads = [threading.Thread(target=play_on, args=(player, played), daemon=True) for player in players]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(played.acknowledged) < N_BEFORE_THE_CUT:
        assert time.monotonic() < deadline, "Play was too slow to be cut."
        time.sleep(0.005)
    server.kill()
    played.cut.set()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
        assert not thread.is_alive()
    return played


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_and_what_was_not_can_be_sent_again(world: World) -> None:
    with running_server(world) as server:
        played = play_until_the_cut(server)
    with reading(world.store) as session:
        kept = {key for (key,) in session.query(Classification.key)}
    assert played.acknowledged <= kept
    with running_server(world) as server:
        for player, round_, answer in list(played.sent.values())[-N_PLAYERS:]:
            again = LivePlayer(server.url, player.token, player.pseudonym)
            assert again.ask(f"/rounds/{round_['id']}/classifications", answer)["subject"] == answer["subject"]
    with reading(world.store) as session:
        keys = [key for (key,) in session.query(Classification.key)]
    assert len(keys) == len(set(keys))
    assert set(keys) <= set(played.sent)
