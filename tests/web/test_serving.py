"""How gunicorn serves the game: what it logs, whom it believes, and that it lets go."""

import json
import signal
import time
import urllib.request
from dataclasses import replace

import pytest

from game.config import LogFormat
from tests.server import THREADS, Server, running_server
from tests.web.live import new_live_player
from tests.web.player import answer_to
from tests.world import World


def asked(server: Server, **headers: str) -> dict[str, str]:
    request = urllib.request.Request(f"{server.url}/health", headers=headers)
    with urllib.request.urlopen(request) as response:
        return dict(response.headers)


def test_every_line_of_its_log_is_json_and_every_request_has_one(world: World) -> None:
    logging = replace(world, settings=replace(world.settings, log=LogFormat.JSON))
    with running_server(logging) as server:
        request_id = asked(server, **{"X-Request-ID": "the-proxys-own-1"})["X-Request-ID"]
        player = new_live_player(server)
        with player.socket() as socket:
            round_ = player.start()
            socket.classify(round_, answer_to(round_, round_["subjects"][0]))
            socket.classify(round_, {})
    lines = (world.settings.data / f"server-{server.port}.log").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert request_id == "the-proxys-own-1"
    assert [(line["route"], line["status"]) for line in told if line.get("request") == request_id] == [("/health", 200)]
    events = [line for line in told if line.get("method") == "SOCKET"]
    assert [(line["route"], line["status"]) for line in events] == [("classify", 200), ("classify", 400)]
    assert len({line["request"] for line in events}) == 2
    assert not any(personal in json.dumps(events) for personal in (round_["id"], player.pseudonym))


@pytest.mark.parametrize("n_proxies", [0, 1])
def test_a_proxy_is_believed_only_where_there_is_one(world: World, n_proxies: int) -> None:
    """Also one on this machine, which gunicorn by itself would believe."""
    with running_server(replace(world, settings=replace(world.settings, n_proxies=n_proxies))) as server:
        headers = asked(server, **{"X-Forwarded-Proto": "https"})
    assert ("Strict-Transport-Security" in headers) == bool(n_proxies)


@pytest.mark.parametrize("kind", [("-k", "gevent"), THREADS], ids=["gevent", "threads"])
def test_a_server_that_ends_hangs_up_on_its_players(world: World, kind: tuple[str, ...]) -> None:
    with running_server(world, kind=kind) as server:
        player = new_live_player(server)
        round_ = player.start()
        with player.socket() as socket:
            assert "error" not in socket.classify(round_, answer_to(round_, round_["subjects"][0]))
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            while socket.client.connected:
                assert time.monotonic() - begun < 15
                time.sleep(0.05)
        assert server.process.wait(15) == 0
