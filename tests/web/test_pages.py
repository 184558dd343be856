"""The pages as plain requests: who may see what, what forms do, and what they refuse."""

import re
from datetime import datetime
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from PIL import Image
from werkzeug.test import TestResponse

from game.play import accounts
from game.store import transaction
from game.store.tables.people import Role
from game.web.templating import markdown, size
from tests.world import World

SLUGS = ("plankton", "moorea", "galaxies", "koh_tao")
OF_A_PROJECT = (
    "", "/guide", "/leaderboard", "/leaderboard?period=all", "/consensus", "/releases", "/model", "/tutorial", "/play",
)  # fmt: skip
PAGES = [
    *("/", "/about", "/privacy", "/login", "/signup"),
    *(f"/projects/{slug}{page}" for slug in SLUGS for page in OF_A_PROJECT),
]
SOMEBODY_S = ("/rounds/00", "/rounds/00/summary", "/account/delete", "/operator", "/operator/flags/plankton")
FORMS = [
    "/signup", "/login", "/logout", "/account/pseudonym", "/account/password", "/account/delete",
    "/projects/plankton/play", "/projects/plankton/tutorial", "/projects/plankton/model/try",
    "/rounds/00/classifications", "/rounds/00/undo", "/operator/jobs", "/operator/roles",
]  # fmt: skip


def send(client: FlaskClient, path: str, seen_on: str, **fields: object) -> TestResponse:
    """A form with the token that its page carries."""
    page = client.get(seen_on).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, f"{seen_on} has no form."
    return client.post(path, data={"csrf_token": found[1], **fields})


def become_operator(client: FlaskClient, world: World, now: datetime) -> None:
    send(client, "/signup", "/signup", login="harbour", password="lighthouse")
    with transaction(world.store) as session:
        accounts.change_role(session, "harbour", Role.OPERATOR)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_a_visitor_and_carries_no_inline_script_or_style(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", response.text)


@pytest.mark.parametrize("path", FORMS)
def test_no_form_is_taken_without_its_token(client: FlaskClient, path: str) -> None:
    assert client.post(path).status_code == 400


def test_a_page_that_does_not_exist_says_so_in_words(client: FlaskClient) -> None:
    response = client.get("/projects/atlantis")
    assert response.status_code == 404
    assert "There is no project “atlantis”." in response.text


@pytest.mark.parametrize("path", SOMEBODY_S)
def test_what_belongs_to_somebody_is_not_shown_to_nobody(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401


def test_the_operator_s_page_is_for_operators(client: FlaskClient, world: World, now: datetime) -> None:
    send(client, "/projects/plankton/play", "/projects/plankton/play")
    assert client.get("/operator").status_code == 403
    become_operator(client, world, now)
    assert "Why is nothing training?" in client.get("/operator").text


def test_an_operator_starts_a_job_and_gives_roles(client: FlaskClient, world: World, now: datetime) -> None:
    become_operator(client, world, now)
    started = send(client, "/operator/jobs", "/operator", project="plankton", kind="aggregate")
    assert started.status_code == 302
    assert "harbour asked for it." in client.get("/operator").text
    refused = send(client, "/operator/jobs", "/operator", project="plankton", kind="predict")
    assert refused.status_code == 400
    send(client, "/operator/roles", "/operator", login="harbour", role="volunteer")
    assert client.get("/operator").status_code == 403


def test_play_makes_a_guest_and_shows_the_tutorial_once(client: FlaskClient) -> None:
    first = send(client, "/projects/plankton/play", "/projects/plankton/play")
    assert first.location == "/projects/plankton/tutorial"
    begun = send(client, "/projects/plankton/tutorial", "/projects/plankton/tutorial")
    assert begun.location.startswith("/rounds/")
    again = send(client, "/projects/plankton/play", "/projects/plankton/play")
    assert again.location == begun.location


def test_a_locked_level_is_refused_in_words(client: FlaskClient) -> None:
    response = send(client, "/projects/plankton/tutorial", "/projects/plankton/tutorial", level="sharp-eyes")
    assert response.status_code == 403
    assert "is still locked" in response.text


def test_an_answer_that_makes_no_sense_is_refused_in_words(client: FlaskClient) -> None:
    begun = send(client, "/projects/plankton/tutorial", "/projects/plankton/tutorial").location
    for fields in ({}, {"id": "abcdefgh", "subject": "0" * 24, "label": "diatoms", "shown_ms": "soon"}):
        response = send(client, f"{begun}/classifications", begun, **fields)
        assert response.status_code == 400
        assert "<h1>" in response.text


def test_a_script_that_sends_a_form_is_answered_in_json(client: FlaskClient) -> None:
    begun = send(client, "/projects/plankton/tutorial", "/projects/plankton/tutorial").location
    page = client.get(begun).text
    token, subject = (
        re.search(rf'name="{name}" value="([^"]+)"', page)[1]  # type: ignore[index]
        for name in ("csrf_token", "subject")
    )
    fields = {"csrf_token": token, "id": "0123456789ab", "subject": subject, "label": "diatoms", "shown_ms": "0"}
    for _ in range(2):
        kept = client.post(f"{begun}/classifications", data=fields, headers={"Accept": "application/json"})
        assert (kept.json or {})["n_answered"] == 1
    other = fields | {"id": "ba9876543210"}
    refused = client.post(f"{begun}/classifications", data=other, headers={"Accept": "application/json"})
    assert (refused.json or {})["error"]["code"] == "conflict"


def test_somebody_else_s_round_is_not_found(app: OpenAPI) -> None:
    mine, hers = app.test_client(), app.test_client()
    begun = send(mine, "/projects/plankton/tutorial", "/projects/plankton/tutorial").location
    send(hers, "/projects/plankton/play", "/projects/plankton/play")
    assert hers.get(begun).status_code == 404
    assert hers.get(f"{begun}/summary").status_code == 404


def test_signing_up_keeps_the_guest_and_her_round(client: FlaskClient) -> None:
    begun = send(client, "/projects/plankton/tutorial", "/projects/plankton/tutorial").location
    assert send(client, "/signup", "/signup", login="octopus", password="eight arms").location == "/account"
    assert client.get(begun).status_code == 200


def test_a_login_that_is_taken_is_told_beside_the_form(app: OpenAPI) -> None:
    send(app.test_client(), "/signup", "/signup", login="octopus", password="eight arms")
    response = send(app.test_client(), "/signup", "/signup", login="octopus", password="nine arms")
    assert response.status_code == 409
    assert "is taken" in response.text
    assert 'value="octopus"' in response.text
    assert "nine arms" not in response.text


def test_a_deleted_account_is_logged_out_everywhere(client: FlaskClient) -> None:
    send(client, "/signup", "/signup", login="octopus", password="eight arms")
    assert send(client, "/account/delete", "/account/delete").location == "/"
    assert client.get("/account").location == "/login"
    assert send(client, "/login", "/login", login="octopus", password="eight arms").status_code == 403


def test_trying_a_model_that_does_not_exist_is_refused(client: FlaskClient, world: World) -> None:
    """The form is on the model's page only once there is a model; its token is any form's of this visitor."""
    picture = BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    picture.seek(0)
    address = "/projects/plankton/model/try"
    response = send(client, address, "/projects/plankton/play", picture=(picture, "me.png"))
    assert response.status_code == 404
    assert "has no public model yet" in response.text


def test_what_is_no_picture_is_refused_in_words(client: FlaskClient) -> None:
    address = "/projects/plankton/model/try"
    missing = send(client, address, "/projects/plankton/play")
    assert "Choose a picture first." in missing.text
    broken = send(client, address, "/projects/plankton/play", picture=(BytesIO(b"<svg/>"), "me.svg"))
    assert broken.status_code == 400
    assert "no JPEG, PNG or WebP" in broken.text


def test_html_in_a_project_s_texts_is_shown_and_never_run() -> None:
    shown = markdown("**Look** <script>alert(1)</script> [here](javascript:alert(1)) ![x](https://elsewhere/x.png)")
    assert "<strong>Look</strong>" in shown
    assert "&lt;script&gt;" in shown
    assert "javascript:alert" not in re.findall(r'href="([^"]*)"', shown)
    assert "<img" not in shown


def test_sizes_are_told_in_the_largest_fitting_unit(app: OpenAPI) -> None:
    with app.test_request_context():
        assert [size(n) for n in (0, 999, 1_000, 1_234_567, 14_200_000_000)] == [
            "0 B",
            "999 B",
            "1 kB",
            "1.2 MB",
            "14.2 GB",
        ]
