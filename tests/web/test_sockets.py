"""The same game over Socket.IO, through the real server: SQLite, and PostgreSQL with Redis and two processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import socketio
from flask_openapi3.openapi import OpenAPI

from game.play import accounts
from game.store import reading, transaction
from game.store.tables import Classification, Round
from game.web.announcer import PAUSE_S
from game.web.sockets import acknowledged
from tests.conftest import NOW
from tests.server import Server
from tests.web.live import LivePlayer, ask, connected, new_live_player
from tests.web.player import Json, answer_to


def n_kept(server: Server, round_: Json) -> int:
    with reading(server.world.store) as session:
        kept = session.query(Classification).join(Round, Round.id == Classification.round_id)
        return kept.filter(Round.code == round_["id"]).count()


def test_a_round_is_played_over_the_socket(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    with player.socket() as socket:
        outcomes = [socket.classify(round_, answer_to(round_, subject)) for subject in round_["subjects"]]
    assert [outcome["n_answered"] for outcome in outcomes] == list(range(1, 11))
    assert outcomes[-1]["completed"]
    assert outcomes[-1]["summary"] == f"/rounds/{round_['id']}/summary"
    assert n_kept(server, round_) == 10


def test_a_round_begun_over_the_socket_is_the_one_that_http_takes_up(server: Server) -> None:
    player = new_live_player(server)
    with player.socket() as socket:
        round_ = socket.start()
        assert len(round_["subjects"]) == 10
        assert socket.start() == round_ == player.start()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "invalid_input"),
        ({}, "invalid_input"),
        ({"project": "plankton", "gold": True}, "invalid_input"),
        ({"project": "atlantis"}, "not_found"),
        ({"project": "plankton", "level": "no-such-level"}, "not_found"),
        ({"project": "moorea", "level": "kinds"}, "not_allowed"),
    ],
    ids=["nothing", "no project", "more than there is", "no such project", "no such level", "a locked level"],
)
def test_a_round_that_cannot_begin_over_the_socket_says_why(server: Server, message: Any, code: str) -> None:
    with new_live_player(server).socket() as socket:
        error = socket.client.call("start", message, timeout=15)
        assert error["error"]["code"] == code
        assert error["error"]["message"].endswith(".")


def test_a_round_refused_beside_others_leaves_them_alone(server: Server) -> None:
    players = [new_live_player(server) for _ in range(4)]
    levels = [None, "no-such-level", None, None]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda each: start_over_a_socket(*each), zip(players, levels, strict=True)))
    assert ["error" in each for each in told] == [False, True, False, False]
    assert all(player.start() == each for player, each in zip(players, told, strict=True) if "error" not in each)


def start_over_a_socket(player: LivePlayer, level: str | None) -> Json:
    with player.socket() as socket:
        return socket.start(level=level)


def test_the_acknowledgement_is_the_outcome_that_http_would_give(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    answer = answer_to(round_, round_["subjects"][0])
    with player.socket() as socket:
        acknowledgement = socket.classify(round_, answer)
    assert acknowledgement == player.ask(f"/rounds/{round_['id']}/classifications", answer)
    assert n_kept(server, round_) == 1


def test_an_answer_sent_again_after_a_lost_connection_is_kept_once(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    answer = answer_to(round_, round_["subjects"][0])
    with player.socket() as socket:
        socket.client.emit("classify", {"round": round_["id"], **answer})
    for _ in range(2):
        with player.socket() as socket:
            assert socket.classify(round_, answer)["n_answered"] == 1
    assert n_kept(server, round_) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "invalid_input"),
        ("answer", "invalid_input"),
        ([], "invalid_input"),
        ({}, "invalid_input"),
        ({"round": "0123456789ab", "id": "0123456789ab", "subject": "0123456789ab", "shown_ms": 1}, "invalid_input"),
        (
            {
                "round": "0123456789ab",
                "id": "0123456789ab",
                "subject": "0123456789ab",
                "shown_ms": 1,
                "label": "diatoms",
            },
            "not_found",
        ),
    ],
    ids=["nothing", "a text", "a list", "an empty object", "no label", "nobody's round"],
)
def test_every_event_is_acknowledged_in_the_one_shape_of_errors(server: Server, message: Any, code: str) -> None:
    with new_live_player(server).socket() as socket:
        error = socket.client.call("classify", message, timeout=15)
        assert set(error) == {"error"}
        assert error["error"]["code"] == code
        assert error["error"]["message"].endswith(".")


def test_an_event_that_nobody_knows_is_acknowledged_too(server: Server) -> None:
    with new_live_player(server).socket() as socket:
        for event, messages in (("dance", ()), ("start", ()), ("classify", ()), ("classify", ({}, {}))):
            assert socket.client.call(event, messages, timeout=15)["error"]["code"] == "invalid_input"


def test_a_fault_of_ours_is_acknowledged_too(app: OpenAPI, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(_sid: str) -> dict[str, Any]:
        raise ZeroDivisionError

    assert acknowledged(app, breaks)("sid")["error"]["code"] == "broken"
    assert "ZeroDivisionError" in caplog.text


def test_a_visitor_watches_but_does_not_answer(server: Server) -> None:
    round_ = new_live_player(server).start()
    with connected(server.url, "plankton") as socket:
        refused = (socket.classify(round_, answer_to(round_, round_["subjects"][0])), socket.start())
    assert [each["error"]["code"] for each in refused] == ["not_logged_in"] * 2
    assert n_kept(server, round_) == 0


def test_nobody_answers_in_anothers_round_over_the_socket(server: Server) -> None:
    round_ = new_live_player(server).start()
    with new_live_player(server).socket() as socket:
        error = socket.classify(round_, answer_to(round_, round_["subjects"][0]))
    assert error["error"]["code"] == "not_found"


def test_a_connection_that_is_older_than_the_sign_in_answers_no_more(server: Server) -> None:
    """As after a change of password or the end of an account, which a socket may outlive by hours."""
    player = new_live_player(server)
    round_ = player.start()
    with player.socket() as socket:
        with transaction(server.world.store) as session:
            account = accounts.account_by_token(session, player.token)
            assert account is not None
            accounts.delete_account(session, account.id, NOW)
        refused = (socket.classify(round_, answer_to(round_, round_["subjects"][0])), socket.start())
    assert [each["error"]["code"] for each in refused] == ["not_logged_in"] * 2
    assert n_kept(server, round_) == 0


def test_a_wrong_token_is_refused_with_the_reason(server: Server) -> None:
    client = socketio.Client(reconnection=False)
    refusals: list[Json] = []
    client.on("connect_error", refusals.append)
    with suppress(socketio.exceptions.ConnectionError):
        client.connect(server.url, auth={"token": "wrong"}, transports=["websocket"])
    assert [refusal["data"]["error"]["code"] for refusal in refusals] == ["not_logged_in"]


def test_another_site_cannot_connect_in_a_volunteers_name(server: Server) -> None:
    with (
        pytest.raises(socketio.exceptions.ConnectionError),
        connected(server.url, "plankton", headers={"Origin": "https://elsewhere.example"}),
    ):
        pass


def test_there_is_no_long_polling(server: Server) -> None:
    client = socketio.Client(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, transports=["polling"])


def test_who_watches_a_project_hears_of_its_progress_and_of_no_other(server: Server) -> None:
    """Every player may be in another process: the news goes through Redis."""
    players = [new_live_player(server) for _ in range(3)]
    with connected(server.url, "plankton") as watcher, connected(server.url, "moorea") as elsewhere:
        before = ask(server.url, "/projects/plankton")["progress"]["n_classifications"]
        for player in players:
            round_ = player.start()
            with player.socket() as socket:
                socket.classify(round_, answer_to(round_, round_["subjects"][0]))
        told = watcher.wait_for("progress", lambda message: message["n_classifications"] >= before + 3)
        assert told == ask(server.url, "/projects/plankton")["progress"]
        assert elsewhere.events == []


def test_progress_is_told_about_once_a_second(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    with connected(server.url, "plankton") as watcher, player.socket() as socket:
        began = time.monotonic()
        for subject in round_["subjects"]:
            socket.classify(round_, answer_to(round_, subject))
        after = ask(server.url, "/projects/plankton")["progress"]
        watcher.wait_for("progress", lambda message: bool(message == after))
        n_processes = 1 if server.world.settings.redis_url is None else 2
        most = n_processes * (1 + (time.monotonic() - began) / PAUSE_S)
        assert 1 <= sum(event == "progress" for event, _ in watcher.events) <= most


def tells_of(player: LivePlayer, period: str, message: Json) -> bool:
    """News of a round before may still be on its way."""
    return message["period"] == period and player.pseudonym in {line["pseudonym"] for line in message["top"]}


def test_a_completed_round_moves_the_leaderboard(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    with connected(server.url, "plankton") as watcher, player.socket() as socket:
        for subject in round_["subjects"]:
            socket.classify(round_, answer_to(round_, subject))
        for period in ("week", "all"):
            told = watcher.wait_for("leaderboard", partial(tells_of, player, period))
            assert told == ask(server.url, f"/projects/plankton/leaderboard?period={period}")
            assert not any(line["mine"] for line in told["top"])
