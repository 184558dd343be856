"""A picture comes in over the API, a real worker has it looked at, and what the model says goes out."""

import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from limits import parse_many
from PIL import Image
from werkzeug.test import TestResponse

from game.config import ROOT
from game.science import trials
from game.store import transaction
from game.web.limits import PREDICTIONS
from game.web.predictions import WAITING
from game.web.security import UPLOAD_LIMIT
from tests.conftest import NOW
from tests.server import environment_of
from tests.small_model import publish_folder, write_small_model
from tests.web.player import API, assert_error, new_player
from tests.world import World

GREEN, RED = (0, 220, 0), (220, 0, 0)
BUSY_S = 60.0


def picture(left: tuple[int, int, int] = GREEN, right: tuple[int, int, int] = GREEN) -> bytes:
    """120 × 80 pixels."""
    drawn = Image.new("RGB", (120, 80), left)
    drawn.paste(right, (60, 0, 120, 80))
    content = BytesIO()
    drawn.save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def modelled(world: World, tmp_path: Path) -> World:
    """Two projects have a public model: one of whole pictures, one of points."""
    for slug in ("plankton", "moorea"):
        folder = write_small_model(tmp_path / "small" / slug, world.projects[slug])
        publish_folder(world.store, world.settings, slug, folder)
    return world


@pytest.fixture
def worker(modelled: World) -> Iterator[None]:
    started = subprocess.Popen(
        [sys.executable, "-m", "game.worker"], cwd=ROOT, env=environment_of(modelled.settings),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with started:
        assert started.stderr
        assert any("ready" in line for line in started.stderr)
        yield
        started.kill()


def send(client: FlaskClient, slug: str, content: bytes, headers: Any = None, **fields: Any) -> TestResponse:
    form = {"picture": (BytesIO(content), "holiday.png"), **fields}
    return client.post(f"{API}/projects/{slug}/predict", data=form, headers=headers)


def told(client: FlaskClient, said: TestResponse) -> dict[str, Any]:
    """What came of it. On a busy machine the API's patience ends first, and it says where to ask again."""
    found, deadline = said.json or {}, time.monotonic() + BUSY_S
    while said.status_code == HTTPStatus.ACCEPTED and found["state"] in WAITING and time.monotonic() < deadline:
        time.sleep(0.1)
        found = client.get(said.headers["Location"]).json or {}
    return found


@pytest.mark.slow
def test_a_picture_is_looked_at_while_one_waits_and_then_removed(
    client: FlaskClient, modelled: World, worker: None
) -> None:
    said = send(client, "plankton", picture(GREEN))
    found = told(client, said)
    labels = modelled.projects["plankton"].labels
    assert (found["project"], found["state"], found["model"], found["reason"]) == ("plankton", "done", 1, None)
    assert found["labels"][0]["code"] == labels[1].code
    assert {one["code"] for one in found["labels"]} == {label.code for label in labels}
    assert sum(one["p"] for one in found["labels"]) == pytest.approx(1, abs=1e-4)
    assert "does not notice what is new" in found["caveat"]
    assert list(modelled.settings.uploads.iterdir()) == []
    assert client.get(found["url"]).json == found


@pytest.mark.slow
def test_the_point_decides_what_a_model_of_points_says(client: FlaskClient, modelled: World, worker: None) -> None:
    red, green = (label.code for label in modelled.projects["moorea"].labels[:2])
    player = new_player(client)
    for column, wanted in ((20, red), (100, green)):
        said = send(client, "moorea", picture(RED, GREEN), player.headers, row=40, column=column)
        assert told(client, said)["labels"][0]["code"] == wanted, said.text


@pytest.mark.slow
def test_a_model_that_cannot_look_says_so(client: FlaskClient, modelled: World, worker: None) -> None:
    (modelled.settings.models / "plankton" / "plankton" / "model.onnx").write_bytes(b"damaged")
    found = told(client, send(client, "plankton", picture()))
    assert (found["state"], found["labels"]) == ("failed", [])
    assert "model.onnx" in found["reason"]


def test_without_a_worker_one_is_told_where_to_ask_again(client: FlaskClient, modelled: World) -> None:
    said = send(client, "plankton", picture())
    assert said.status_code == 202
    assert int(said.headers["Retry-After"]) > 0
    again = client.get(said.headers["Location"])
    assert again.status_code == 200
    assert (again.json or {})["state"] == "queued"
    assert_error(client.get(said.headers["Location"].replace("plankton", "moorea")), 404, "not_found")


@pytest.mark.parametrize(
    ("slug", "fields", "sentence"),
    [
        ("plankton", {"row": 3, "column": 3}, "judges whole pictures"),
        ("moorea", {"row": 3}, "needs both a row and a column"),
        ("moorea", {"row": 80, "column": 3}, "Row 80, column 3 lies outside the picture of 120 × 80 pixels"),
        ("moorea", {"row": -1, "column": 3}, "row"),
        ("moorea", {"row": "1e3", "column": 3}, "row"),
        ("moorea", {"row": 1, "column": 10**9}, "column"),
        ("moorea", {"gold": 1}, "gold"),
        ("moorea", {"picture": "a word"}, "Send the picture as a file"),
        ("moorea", {"picture": (Path(__file__), "a.jpg")}, "This is no JPEG, PNG or WebP picture"),
    ],
    ids=str,
)
def test_what_cannot_be_looked_at_is_refused_in_words(
    client: FlaskClient, modelled: World, slug: str, fields: dict[str, Any], sentence: str
) -> None:
    refused = send(client, slug, picture(), **fields)
    assert_error(refused, 400, "invalid_input")
    assert sentence in (refused.json or {})["error"]["message"]
    assert not modelled.settings.uploads.exists()


def test_neither_without_a_picture_nor_without_a_model_nor_with_too_large_a_body(
    client: FlaskClient, modelled: World
) -> None:
    assert_error(client.post(f"{API}/projects/plankton/predict"), 400, "invalid_input")
    assert_error(client.post(f"{API}/projects/plankton/predict", json={"picture": "x"}), 400, "invalid_input")
    assert_error(send(client, "galaxies", picture()), 404, "not_found")
    assert_error(send(client, "atlantis", picture()), 404, "not_found")
    large = client.post(
        f"{API}/projects/plankton/predict", data=b" " * (UPLOAD_LIMIT + 1),
        content_type="multipart/form-data; boundary=edge",
    )  # fmt: skip
    assert_error(large, 413, "too_large")
    assert not modelled.settings.uploads.exists()


def test_a_token_is_limited_wherever_it_comes_from(client: FlaskClient) -> None:
    player = new_player(client)
    for place in range(parse_many(PREDICTIONS)[0].amount):
        asked = client.post(
            f"{API}/projects/atlantis/predict", headers=player.headers,
            environ_overrides={"REMOTE_ADDR": f"10.0.0.{place}"},
        )  # fmt: skip
        assert asked.status_code == 400
    assert_error(client.post(f"{API}/projects/atlantis/predict", headers=player.headers), 429, "too_many")
    assert client.post(f"{API}/projects/atlantis/predict", headers=new_player(client).headers).status_code == 400


def test_pictures_do_not_pile_up(client: FlaskClient, modelled: World) -> None:
    project = modelled.projects["plankton"]
    with transaction(modelled.store) as session:
        for place in range(trials.MAX_WAITING):
            trials.request_trial(session, project, f"{place:032x}", None, NOW)
    assert_error(send(client, "plankton", picture()), 429, "too_many")
    assert not modelled.settings.uploads.exists()
