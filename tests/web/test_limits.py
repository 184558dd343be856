"""Nobody may do anything without end."""

import re

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from limits import parse_many

from game.errors import TooMany
from game.web.limits import CLASSIFICATIONS, GUESTS, SIGN_UP, SocketLimit
from tests.web.player import API, assert_error, new_player

# A page of words for every refusal would take a while.
AS_A_SCRIPT = {"Accept": "application/json"}
MOST = max(limit.amount for limit in parse_many(CLASSIFICATIONS))


def posts(app: OpenAPI) -> list[str]:
    """One address for every route that takes a POST."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return sorted(re.sub(r"<int:[^>]+>", "1", re.sub(r"<(?!int:)[^>]+>", "abc", rule)) for rule in rules)


@pytest.mark.slow
def test_every_post_is_limited(app: OpenAPI) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for path in posts(app):
        client = app.test_client()
        assert any(client.post(path, headers=AS_A_SCRIPT).status_code == 429 for _ in range(MOST + 1)), (
            f"{path} is not limited."
        )


def test_the_limit_is_told_in_the_one_shape(client: FlaskClient) -> None:
    for _ in range(parse_many(GUESTS)[0].amount):
        new_player(client)
    refused = client.post(f"{API}/guests")
    assert_error(refused, 429, "too_many")
    assert int(refused.headers["Retry-After"]) > 0


def test_one_volunteers_limit_is_not_anothers(client: FlaskClient) -> None:
    first, second = new_player(client), new_player(client)
    while first.post("/projects/plankton/rounds").status_code != 429:
        pass
    assert second.post("/projects/plankton/rounds").status_code == 200


def test_a_new_guest_is_no_way_around_the_limit_of_an_address(app: OpenAPI) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    statuses = set()
    for _ in range(parse_many(SIGN_UP)[0].amount + 1):
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["volunteer"], cookie["sign_in_version"] = 1, 0
        statuses.add(client.post("/signup", data={"login": "!"}, headers=AS_A_SCRIPT).status_code)
    assert 429 in statuses


def test_answers_over_a_socket_are_limited_too() -> None:
    seconds = [1_000_000.0]
    limits = SocketLimit(CLASSIFICATIONS, lambda: seconds[0])
    for _ in range(MOST):
        limits.count(1)
    with pytest.raises(TooMany):
        limits.count(1)
    limits.count(2)
    seconds[0] += 60
    limits.count(1)
