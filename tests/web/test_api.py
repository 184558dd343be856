"""A volunteer's whole way through the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from game.store import reading
from game.store.tables import Classification
from tests.web.player import API, assert_error, new_player
from tests.world import World


def test_a_guest_plays_a_round_and_gets_her_points(client: FlaskClient) -> None:
    player = new_player(client)
    round_, outcomes = player.play()
    assert len(round_["subjects"]) == 10
    assert [outcome["n_answered"] for outcome in outcomes] == list(range(1, 11))
    assert [outcome["completed"] for outcome in outcomes] == [False] * 9 + [True]
    assert [outcome["summary"] for outcome in outcomes] == [None] * 9 + [f"/rounds/{round_['id']}/summary"]
    me = (player.get("/me").json or {})["projects"]
    assert [one["n_rounds"] for one in me if one["project"] == "plankton"] == [1]
    after = player.get(f"/rounds/{round_['id']}").json or {}
    assert after["completed"]
    assert all(subject["answered"] for subject in after["subjects"])


def test_an_unfinished_round_is_taken_up_again(client: FlaskClient) -> None:
    player = new_player(client)
    round_ = player.start()
    player.answer(round_, round_["subjects"][0])
    again = player.start()
    assert again["id"] == round_["id"]
    assert [subject["answered"] for subject in again["subjects"]] == [True] + [False] * 9


def test_points_and_reliability_change_with_a_completed_round_only(client: FlaskClient) -> None:
    """After a single answer they would tell whether it was given to gold."""
    player = new_player(client)
    round_ = player.start()
    before = player.get("/me").json
    for subject in round_["subjects"][:-1]:
        player.answer(round_, subject)
        assert player.get("/me").json == before
    player.answer(round_, round_["subjects"][-1])
    own = next(one for one in (player.get("/me").json or {})["projects"] if one["project"] == "plankton")
    assert 0 <= own["reliability"] <= 1


def test_the_same_answer_sent_twice_is_kept_once_and_gets_the_same_outcome(client: FlaskClient, world: World) -> None:
    player = new_player(client)
    round_ = player.start()
    first = player.answer(round_, round_["subjects"][0], id="the-same-answer")
    again = player.answer(round_, round_["subjects"][0], id="the-same-answer")
    assert (first.status_code, first.json) == (again.status_code, again.json) == (200, first.json)
    with reading(world.store) as session:
        assert session.query(Classification).count() == 1


def test_another_answer_to_the_same_subject_is_a_conflict(client: FlaskClient) -> None:
    player = new_player(client)
    round_ = player.start()
    player.answer(round_, round_["subjects"][0])
    assert_error(player.answer(round_, round_["subjects"][0]), 409, "conflict")


def test_nobody_sees_or_answers_another_volunteers_round(client: FlaskClient) -> None:
    round_ = new_player(client).start()
    stranger = new_player(client)
    assert_error(stranger.answer(round_, round_["subjects"][0]), 404, "not_found")
    assert_error(stranger.get(f"/rounds/{round_['id']}"), 404, "not_found")


def test_a_subject_of_another_round_is_not_found(client: FlaskClient) -> None:
    player = new_player(client)
    elsewhere = player.start("moorea")
    assert_error(player.answer(player.start(), elsewhere["subjects"][0]), 404, "not_found")


def test_a_locked_level_is_refused_and_an_unknown_one_not_found(client: FlaskClient) -> None:
    player = new_player(client)
    assert_error(player.post("/projects/plankton/rounds", {"level": "kinds"}), 403, "not_allowed")
    assert_error(player.post("/projects/plankton/rounds", {"level": "dragons"}), 404, "not_found")


def test_a_guest_says_nothing_about_herself(client: FlaskClient) -> None:
    for told in ({"name": "Ada"}, {"simulated": False}, {"role": "operator"}):
        assert_error(client.post(f"{API}/guests", json=told), 400, "invalid_input")


def test_an_abstention_is_an_answer_and_never_a_label(client: FlaskClient, world: World) -> None:
    player = new_player(client)
    round_ = player.start()
    for subject, abstention in zip(round_["subjects"], ("cant_tell", "bad_image"), strict=False):
        assert player.answer(round_, subject, abstention=abstention).status_code == 200
    with reading(world.store) as session:
        kept = session.query(Classification.choice, Classification.abstention).order_by(Classification.id)
        assert [tuple(row) for row in kept] == [(None, "cant_tell"), (None, "bad_image")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "diatoms", "abstention": "cant_tell"},
        {"label": None},
        {"label": "dragons"},
        {"label": 3},
        {"abstention": "maybe"},
        {"shown_ms": -1},
        {"shown_ms": 10**12},
        {"shown_ms": 0.5},
        {"shown_ms": float("nan")},
        {"shown_ms": "900"},
        {"shown_ms": True},
        {"id": ""},
        {"id": "x" * 65},
        {"id": "nul\x00nul-nul"},
        {"subject": "\ud800"},
        {"gold": True},
    ],
    ids=str,
)
def test_a_wrong_answer_message_is_refused_and_nothing_is_kept(
    client: FlaskClient, world: World, wrong: dict[str, Any]
) -> None:
    player = new_player(client)
    round_ = player.start()
    assert_error(player.answer(round_, round_["subjects"][0], **wrong), 400, "invalid_input")
    with reading(world.store) as session:
        assert session.query(Classification).count() == 0


def test_a_whole_number_may_be_written_with_a_point(client: FlaskClient) -> None:
    player = new_player(client)
    round_ = player.start()
    assert player.answer(round_, round_["subjects"][0], shown_ms=900.0).status_code == 200


def test_only_who_brings_a_token_that_is_known_may_play(client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}):
        for path in ("/me", "/rounds/0123456789ab"):
            assert_error(client.get(f"{API}{path}", headers=headers), 401, "not_logged_in")
        started = client.post(f"{API}/projects/plankton/rounds", json={}, headers=headers)
        assert_error(started, 401, "not_logged_in")
        assert started.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_opens_nothing_here(client: FlaskClient) -> None:
    """The API is not protected against forged requests by a form's token, so no browser may speak here unasked."""
    new_player(client)
    with client.session_transaction() as cookie:
        cookie.update(volunteer=1, sign_in_version=0)
    assert_error(client.get(f"{API}/me"), 401, "not_logged_in")


def test_a_guest_may_ask_without_any_body(client: FlaskClient) -> None:
    made = client.post(f"{API}/guests")
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {(made.json or {})['token']}"}
    assert client.post(f"{API}/projects/plankton/rounds", headers=headers).status_code == 200


def test_the_leaderboard_shows_the_best_and_ones_own_place(client: FlaskClient) -> None:
    player = new_player(client)
    player.play()
    for period in ("week", "all"):
        shown = player.get(f"/projects/plankton/leaderboard?period={period}").json or {}
        assert shown["period"] == period
        assert [(line["pseudonym"], line["mine"]) for line in shown["top"]] == [(player.pseudonym, True)]
        assert shown["around_me"] == shown["top"]
        watched = client.get(f"{API}/projects/plankton/leaderboard?period={period}").json or {}
        assert [line["mine"] for line in watched["top"]] == [False]
        assert watched["around_me"] == []
    assert_error(player.get("/projects/plankton/leaderboard?period=year"), 400, "invalid_input")
    assert_error(player.get("/projects/plankton/leaderboard?weeks=2"), 400, "invalid_input")


def test_projects_say_what_they_are_and_how_far(client: FlaskClient) -> None:
    listed = {one["slug"]: one for one in (client.get(f"{API}/projects").json or {})["projects"]}
    assert set(listed) == {"galaxies", "koh_tao", "moorea", "plankton"}
    shown = client.get(f"{API}/projects/plankton").json or {}
    assert shown["progress"] == listed["plankton"]["progress"]
    assert shown["progress"]["n_subjects"] > 0
    assert [level["opens_after"] for level in shown["levels"]] == [None, "families", "kinds"]
    assert_error(client.get(f"{API}/projects/atlantis"), 404, "not_found")


def test_a_project_without_releases_and_models_says_so(client: FlaskClient) -> None:
    assert client.get(f"{API}/projects/plankton/releases").json == {"releases": []}
    assert client.get(f"{API}/projects/plankton/models").json == {"models": []}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"data": "[1]", "content_type": "application/json"}, 400, "invalid_input"),
        ({"data": '"{}"', "content_type": "application/json"}, 400, "invalid_input"),
        ({"data": "{", "content_type": "application/json"}, 400, "invalid_input"),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 400, "invalid_input"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400, "invalid_input"),
        ({"data": "a=b", "content_type": "application/x-www-form-urlencoded"}, 415, "not_json"),
        ({"data": b" " * 1_000_001, "content_type": "application/json"}, 413, "too_large"),
    ],
    ids=["a list", "a string", "half an object", "no text", "too deep", "a form", "too large"],
)
def test_a_body_that_is_no_object_is_refused_in_words(
    client: FlaskClient, sent: dict[str, Any], status: int, code: str
) -> None:
    assert_error(client.post(f"{API}/guests", **sent), status, code)


def test_wrong_addresses_and_methods_have_the_same_shape(client: FlaskClient) -> None:
    assert_error(client.get(f"{API}/dragons"), 404, "not_found")
    refused = client.delete(f"{API}/guests")
    assert_error(refused, 405, "method_not_allowed")
    assert "POST" in refused.headers["Allow"]


def breaks() -> str:
    raise ZeroDivisionError


def test_a_fault_of_ours_has_the_same_shape(app: OpenAPI) -> None:
    app.testing = False
    app.add_url_rule(f"{API}/broken", view_func=breaks)
    assert_error(app.test_client().get(f"{API}/broken"), 500, "broken")


def test_every_route_of_the_api_is_documented_with_its_errors(app: OpenAPI, client: FlaskClient) -> None:
    document = client.get(f"{API}/openapi.json").json or {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(API) and rule.endpoint != "openapi":
            path = rule.rule.replace("<", "{").replace(">", "}")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                operation = document["paths"][path][method.lower()]
                assert operation["summary"].endswith(".")
                for status in ("400", "401", "403", "404", "405", "409", "413", "415", "429", "500"):
                    content = operation["responses"][status]["content"]["application/json"]
                    assert content["schema"] == {"$ref": "#/components/schemas/Failure"}
