"""The server runs with plain threads too, where nothing is patched."""

from tests.server import THREADS, running_server
from tests.web.live import connected, new_live_player
from tests.web.player import answer_to
from tests.world import World


def test_a_round_is_played_over_a_socket_that_has_a_thread(world: World) -> None:
    with running_server(world, kind=THREADS) as server:
        player = new_live_player(server)
        round_ = player.start()
        with connected(server.url, "plankton") as watcher, player.socket() as socket:
            outcomes = [socket.classify(round_, answer_to(round_, subject)) for subject in round_["subjects"]]
            assert outcomes[-1]["completed"]
            assert watcher.wait_for("progress")["project"] == "plankton"
            assert watcher.wait_for("leaderboard")["top"][0]["pseudonym"] == player.pseudonym
