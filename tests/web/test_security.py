"""What protects every answer."""

import re
from dataclasses import replace

import pytest
from flask import Blueprint, request
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from game.app import create_app
from game.play import accounts
from game.store import transaction
from game.web.context import current_account, now, required_account, rng, signed_in, signed_out
from game.web.security import BODY_LIMIT, UPLOAD_LIMIT, accept_upload, csrf
from tests.web.player import API
from tests.world import World, shut


@pytest.mark.parametrize("path", ["/", "/health", f"{API}/projects", f"{API}/dragons", "/dragons", "/images/0/x.jpg"])
def test_every_answer_is_protected(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_every_form_is_protected_against_forged_requests(app: OpenAPI) -> None:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.rule.startswith(API):
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            refused = app.test_client().post(path, data={})
            assert refused.status_code == 400, f"{path} takes a form that comes from anywhere."


def test_only_an_upload_may_be_large(app: OpenAPI) -> None:
    doors = Blueprint("doors", __name__)

    @doors.post("/small")
    def small() -> str:
        return str(len(request.get_data()))

    @doors.post("/large")
    def large() -> str:
        accept_upload()
        return str(len(request.get_data()))

    csrf.exempt(doors)
    app.register_blueprint(doors)
    client = app.test_client()
    assert client.post("/small", data=b" " * BODY_LIMIT).status_code == 200
    assert client.post("/small", data=b" " * (BODY_LIMIT + 1)).status_code == 413
    assert client.post("/large", data=b" " * UPLOAD_LIMIT).status_code == 200
    assert client.post("/large", data=b" " * (UPLOAD_LIMIT + 1)).status_code == 413


def test_a_cookie_is_worth_nothing_after_a_newer_sign_in_version(app: OpenAPI, world: World) -> None:
    with transaction(world.store) as session:
        account = accounts.create_guest(session, now(), rng())
    with app.test_request_context("/"):
        assert current_account() is None
        signed_in(account)
        assert required_account() == account
        signed_out()
        assert current_account() is None
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["volunteer"], cookie["sign_in_version"] = account.id, account.sign_in_version
    with client:
        client.get("/health")
        assert current_account() == account
    with transaction(world.store) as session:
        accounts.sign_up(session, account.id, "curious", accounts.hash_password("a long password"))
    with client:
        client.get("/health")
        assert current_account() is None


@pytest.mark.parametrize(("address", "secure"), [(None, False), ("http://reef", False), ("https://reef", True)])
def test_cookies_travel_by_https_alone_where_the_public_address_is_https(
    world: World, address: str | None, secure: bool
) -> None:
    app = create_app(replace(world.settings, address=address))
    set_by = app.test_client().get("/login").headers["Set-Cookie"]
    shut(app.extensions["fathom"].store)
    assert ("; Secure" in set_by) == secure


def asked_from(world: World, n_proxies: int, **headers: str) -> tuple[str, bool]:
    """Whom the server takes for the asker, and whether it believes that she came by https."""
    app = create_app(replace(world.settings, n_proxies=n_proxies))
    app.add_url_rule("/who", "who", lambda: {"who": request.remote_addr, "https": request.is_secure})
    told = app.test_client().get("/who", headers=headers).json or {}
    shut(app.extensions["fathom"].store)
    return told["who"], told["https"]


def test_without_a_proxy_of_ours_nobody_chooses_her_own_address(world: World) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    assert asked_from(world, 0, **forged) == ("127.0.0.1", False)


def test_behind_proxies_the_address_is_what_the_outermost_of_ours_heard(world: World) -> None:
    heard = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "https"}
    assert asked_from(world, 1, **heard) == ("203.0.113.9", True)
    assert asked_from(world, 2, **heard)[0] == "198.51.100.1"


def test_cookies_stay_out_of_scripts_and_of_other_sites(app: OpenAPI) -> None:
    assert app.config["SESSION_COOKIE_HTTPONLY"]
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"
