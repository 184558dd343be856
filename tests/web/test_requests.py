"""Every request has an id, and what is logged of it names nobody."""

import json
import logging
import re

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from game.logs import JsonLines
from tests.web.player import API, answer_to, new_player

ID = re.compile(r"[0-9a-f]{16}")


def test_an_id_is_made_and_is_another_each_time(client: FlaskClient) -> None:
    first, second = (client.get("/health").headers["X-Request-ID"] for _ in range(2))
    assert ID.fullmatch(first)
    assert first != second


def test_a_proxys_own_id_is_taken_over(client: FlaskClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "abc-1234.5_Z"}).headers["X-Request-ID"] == "abc-1234.5_Z"


@pytest.mark.parametrize("forged", ["short", "a" * 65, 'x"} evil {"', "späß-12345"])
def test_what_does_not_look_like_an_id_is_none(client: FlaskClient, forged: str) -> None:
    assert ID.fullmatch(client.get("/health", headers={"X-Request-ID": forged}).headers["X-Request-ID"])


@pytest.mark.parametrize("path", ["/nowhere", "/rounds/0123456789ab"])
def test_an_error_page_names_the_request(client: FlaskClient, path: str) -> None:
    refused = client.get(path, headers={"Accept": "text/html"})
    assert refused.headers["X-Request-ID"] in refused.text


def test_a_refused_request_has_an_id_too(client: FlaskClient) -> None:
    refused = client.post("/login", data={"login": "curious", "password": "a long password"})
    assert refused.status_code == 400
    assert ID.fullmatch(refused.headers["X-Request-ID"])


def test_the_log_names_no_person_and_no_round(app: OpenAPI, caplog: pytest.LogCaptureFixture) -> None:
    player = new_player(app.test_client())
    with caplog.at_level(logging.INFO, "fathom.access"):
        round_ = player.start()
        answered = player.answer(round_, round_["subjects"][0])
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "fathom.access"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", f"{API}/projects/<slug>/rounds", 200),
        ("POST", f"{API}/rounds/<round>/classifications", 200),
    ]
    assert all(line["ms"] > 0 for line in lines)
    told = json.dumps(lines)
    personal = (player.token, player.pseudonym, round_["id"], answer_to(round_, round_["subjects"][0])["subject"])
    assert not [one for one in (*personal, "127.0.0.1") if one in told]
    assert answered.status_code == 200
