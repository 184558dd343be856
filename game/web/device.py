"""The public model on a visitor's own device: what her browser needs to run it there. No picture comes this way."""

from flask import Blueprint, Response, send_file, url_for

from game.config import ROOT
from game.science.trials import device_model, graph_path
from game.store import reading
from game.web.context import current_game
from game.web.images import FOR_EVER
from game.web.payloads import DeviceModel
from game.web.projects import find_project

RUNTIME = "packages/ort-wasm-simd-threaded.wasm.deflate"

blueprint = Blueprint("device", __name__)


@blueprint.get("/projects/<slug>/model/device.json")
def model(slug: str) -> Response:
    project, game = find_project(slug), current_game()
    with reading(game.store) as session:
        found = device_model(session, project, game.settings.models)
    graph = url_for(".graph", slug=slug, version=found.version, sha256=found.sha256)
    runtime = url_for("static", filename=RUNTIME)
    shown = DeviceModel.of(found, graph, runtime, (ROOT / "static" / RUNTIME).stat().st_size)
    return Response(shown.model_dump_json(), mimetype="application/json")


@blueprint.get("/projects/<slug>/model/<int:version>/model.onnx")
def graph(slug: str, version: int) -> Response:
    """Its checksum is part of the address that pages ask for, so what is behind it never changes."""
    project, game = find_project(slug), current_game()
    with reading(game.store) as session:
        file = graph_path(session, project, game.settings.models, version)
    response = send_file(file, mimetype="application/octet-stream", download_name="model.onnx")
    response.headers["Cache-Control"] = FOR_EVER
    return response
