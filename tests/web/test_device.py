"""What a browser gets to run a model by itself: the model, the program, and leave to compile it, in one worker only."""

import hashlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from game.config import ROOT
from game.web.security import MODEL_WORKER
from tests.small_model import SIDE_PX, publish_folder, write_small_model
from tests.world import World


@pytest.fixture
def modelled(world: World, tmp_path: Path) -> World:
    publish_folder(world.store, world.settings, "moorea", write_small_model(tmp_path / "a", world.projects["moorea"]))
    return world


def test_a_page_is_told_all_that_it_needs(client: FlaskClient, modelled: World) -> None:
    told = client.get("/projects/moorea/model/device.json").json or {}
    assert (told["version"], told["side_px"]) == (1, SIDE_PX)
    assert [one["code"] for one in told["labels"]] == [label.code for label in modelled.projects["moorea"].labels]
    with client.get(told["graph"]["url"]) as graph:
        assert len(graph.data) == told["graph"]["n_bytes"]
        assert hashlib.sha256(graph.data).hexdigest() in told["graph"]["url"]
        assert "immutable" in graph.headers["Cache-Control"]
    with client.get(told["runtime"]["url"]) as runtime:
        assert len(runtime.data) == told["runtime"]["n_bytes"] < 5_000_000


def test_a_model_of_before_is_for_the_server_alone(client: FlaskClient, modelled: World) -> None:
    assert client.get("/projects/plankton/model/device.json").status_code == 404
    for file in (modelled.settings.models / "moorea" / "a").iterdir():
        file.unlink()
    assert client.get("/projects/moorea/model/device.json").status_code == 404
    assert client.get("/projects/moorea/model/1/model.onnx").status_code == 404
    assert client.get("/projects/moorea/model/2/model.onnx").status_code == 404


def test_one_worker_alone_may_compile(client: FlaskClient, modelled: World) -> None:
    assert (ROOT / MODEL_WORKER.removeprefix("/")).is_file()
    with client.get(MODEL_WORKER) as worker:
        assert worker.headers["Content-Security-Policy"].endswith("script-src 'self' 'wasm-unsafe-eval'")
    for path in ("/projects/moorea/model", "/static/js/fathom.js", "/static/packages/ort.wasm.bundle.min.mjs"):
        with client.get(path) as answer:
            assert answer.status_code == 200
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
