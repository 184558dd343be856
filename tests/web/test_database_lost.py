"""While the database is away everybody is told so in words, and play goes on as soon as it is back."""

import json
import re
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from random import Random
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from game.config import read_settings
from tests.conftest import NOW
from tests.faults.parts import PostgreSQL
from tests.server import Server, running_server
from tests.web.live import PATIENCE_S, new_live_player
from tests.web.player import Json, answer_to
from tests.world import make_world


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    started = PostgreSQL()
    yield started
    started.end()


@pytest.fixture(scope="module")
def server(database: PostgreSQL, tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Server]:
    data = str(tmp_path_factory.mktemp("data"))
    world = make_world(read_settings({"FATHOM_DATA": data, "FATHOM_DATABASE_URL": database.url}), shared_data, NOW)
    with running_server(world) as started:
        yield started
    world.store.engine.dispose()


def refusal(server: Server, path: str, body: Json | None = None, **headers: str) -> tuple[int, str | None, str]:
    """Status, when to come back, and what was said."""
    content = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{server.url}{path}", content, {"Content-Type": "application/json"} | headers)
    with pytest.raises(HTTPError) as refused, urllib.request.urlopen(asked, timeout=PATIENCE_S):
        pass
    with refused.value as answer:
        return answer.code, answer.headers["Retry-After"], answer.read().decode()


def test_every_door_says_in_words_that_the_database_is_away_and_opens_again(
    server: Server, database: PostgreSQL
) -> None:
    player = new_live_player(server)
    round_ = player.start()
    first, second = (answer_to(round_, subject) for subject in round_["subjects"][:2])
    with player.socket() as socket:
        assert "error" not in socket.classify(round_, first)
        cookie = guest_cookie(server)
        database.kill(Random())
        told = socket.classify(round_, second)["error"]
        assert (told["code"], told["message"][:24]) == ("unavailable", "Nothing can be kept at t")
        path = f"/api/v1/rounds/{round_['id']}/classifications"
        status, again, said = refusal(server, path, second, Authorization=f"Bearer {player.token}")
        assert (status, again, json.loads(said)["error"]["code"]) == (503, "5", "unavailable")
        status, _, page = refusal(server, "/", Cookie=cookie)
        assert status == 503
        assert "<h1>Nothing can be kept at this moment." in page
        assert refusal(server, "/ready")[0] == refusal(server, "/health")[0] == 503
        database.start()
        assert "error" not in socket.classify(round_, second)
    assert player.ask("/me")["pseudonym"] == player.pseudonym


def guest_cookie(server: Server) -> str:
    """Of a browser whose volunteer the server would look up."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(f"{server.url}/projects/plankton/play", timeout=PATIENCE_S) as page:
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
    assert token
    form = urlencode({"csrf_token": token[1]}).encode()
    with browser.open(f"{server.url}/projects/plankton/play", form, timeout=PATIENCE_S):
        pass
    return "; ".join(f"{one.name}={one.value}" for one in jar)
