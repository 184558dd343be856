"""What Prometheus reads, and who may read it."""

import urllib.request
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from prometheus_client.parser import text_string_to_metric_families

from game.app import create_app
from game.config import MetricsFor
from game.play import accounts
from game.store import open_store, transaction
from game.store.tables.people import Role
from game.web.metrics import Watched
from tests.conftest import NOW
from tests.server import running_server
from tests.servers import free_port
from tests.web.live import new_live_player
from tests.web.player import API, answer_to, new_player
from tests.world import World, shut

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
Ask = Callable[..., int]


@pytest.fixture
def ask(world: World) -> Ask:
    """The status of /metrics with one setting."""

    def status(metrics: MetricsFor, **asking: dict[str, str]) -> int:
        app = create_app(replace(world.settings, metrics=metrics))
        found = app.test_client().get("/metrics", **asking).status_code
        shut(app.extensions["fathom"].store)
        return found

    return status


def figures(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def test_requests_and_answers_are_counted(client: FlaskClient) -> None:
    player = new_player(client)
    round_ = player.start()
    for subject in round_["subjects"][:2]:
        player.answer(round_, subject)
    found = figures(client)
    answered = {"method": "POST", "route": f"{API}/rounds/<round>/classifications", "status": "200"}
    assert found["fathom_request_seconds_count", frozenset(answered.items())] == 2
    assert found["fathom_answers_acknowledged_total", frozenset({("project", "plankton")})] == 2
    assert found["fathom_jobs", frozenset({("state", "queued")})] == 0
    assert found["fathom_sockets", frozenset()] == 0
    assert ("fathom_database_connections", frozenset()) in found


def test_open_sockets_are_counted(world: World) -> None:
    with running_server(world) as server, new_live_player(server).socket() as socket:
        round_ = (player := new_live_player(server)).start()
        player.ask(f"/rounds/{round_['id']}/classifications", answer_to(round_, round_["subjects"][0]))
        assert socket.client.connected
        with urllib.request.urlopen(f"{server.url}/metrics") as response:
            assert "fathom_sockets 1.0" in response.read().decode()


def test_while_the_database_is_away_all_the_rest_is_told(app: OpenAPI) -> None:
    away = open_store(f"postgresql+psycopg://fathom@127.0.0.1:{free_port()}/postgres")
    told = [family.name for family in Watched(away, app.extensions["socketio"].server).collect()]
    assert told == ["fathom_sockets", "fathom_database_connections"]


def test_this_machine_reads_them_and_others_do_not_know_of_them(ask: Ask) -> None:
    assert ask(MetricsFor.LOCAL) == 200
    assert ask(MetricsFor.LOCAL, environ_overrides=ELSEWHERE) == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_this_machine(ask: Ask, header: str) -> None:
    assert ask(MetricsFor.LOCAL, headers={header: "127.0.0.1"}) == 404


def test_anybody_reads_them_where_that_is_wanted_and_nobody_where_not(ask: Ask) -> None:
    assert ask(MetricsFor.OPEN, environ_overrides=ELSEWHERE) == 200
    assert ask(MetricsFor.OFF) == 404


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 200), (Role.SCIENTIST, 404)])
def test_an_operator_reads_them_from_anywhere(app: OpenAPI, world: World, role: Role, status: int) -> None:
    with transaction(world.store) as session:
        account = accounts.create_guest(session, NOW, Random(1))
        account = accounts.sign_up(session, account.id, "curious", accounts.hash_password("a long password"))
        account = accounts.change_role(session, "curious", role)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["volunteer"], cookie["sign_in_version"] = account.id, account.sign_in_version
    assert client.get("/metrics", environ_overrides=ELSEWHERE).status_code == status
