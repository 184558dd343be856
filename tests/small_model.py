"""Model folders with a real, if simple-minded, model.onnx: it looks at the mean colour alone."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from game.artifacts.folders import write_manifest
from game.config import Settings
from game.levels import Project
from game.store import Session, Store, subjects, transaction
from game.store.tables import Model, Release
from game.store.tables.publications import ModelState
from tests.conftest import NOW

SIDE_PX = 32


def write_small_model(folder: Path, project: Project) -> Path:
    """The files that anyone may have of a model, and nothing of how it did."""
    folder.mkdir(parents=True)
    side_px = SIDE_PX if project.subject_kind == "point" else None
    labels = [{"code": label.code, "name": label.name, "group": "", "colour": ""} for label in project.labels]
    (folder / "model.onnx").write_bytes(small_graph(len(labels), side_px))
    (folder / "labels.json").write_text(json.dumps({"labels": labels}))
    (folder / "preprocessing.json").write_text(json.dumps({"views": [{"name": "only", "side_px": side_px}]}))
    for name in ("model.safetensors", "metrics.json"):
        (folder / name).write_text("{}")
    (folder / "card.md").write_text("# Model card\n\nIt looks at the mean colour alone.\n")
    write_manifest(folder, {"release": 1}, {})
    return folder


def small_graph(n_labels: int, side_px: int | None) -> bytes:
    """p = softmax(mean colour · weight): the redder, the more of the first label, the greener of the second."""
    weight = np.zeros((3, n_labels), np.float32)
    weight[[0, 1], [0, 1]] = 0.02
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weight"], ["firmness"]),
        helper.make_node("Softmax", ["firmness"], ["p"], axis=1),
    ]
    size: Sequence[str | int] = ["N", side_px or "H", side_px or "W", 3]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("pixels", TensorProto.UINT8, size)],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["N", n_labels])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([1, 2]), "axes")],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString()
    return content


def publish_folder(store: Store, settings: Settings, slug: str, source: Path) -> None:
    """The folder becomes the project's public model, version 1, whatever the gate would say of it."""
    folder = f"{slug}/{source.name}"
    shutil.copytree(source, settings.models / folder)
    metrics = json.loads((source / "metrics.json").read_text()) or {"accuracy": 0.5, "majority_accuracy": 0.4, "n": 10}
    with transaction(store) as session:
        _add_rows(session, slug, folder, metrics)


def _add_rows(session: Session, slug: str, folder: str, metrics: dict[str, object]) -> None:
    row = subjects.project_row(session, slug)
    assert row is not None
    release = Release(
        project_id=row.id, version=1, folder=f"{slug}/1", archive=f"{slug}/1.zip", archive_sha256="0" * 64,
        includes_simulated=False, counts={"subjects": 9, "labelled": 9}, code_version="0", created_at=NOW,
    )  # fmt: skip
    session.add(release)
    session.flush()
    model = Model(
        project_id=row.id, version=1, release_id=release.id, state=ModelState.PUBLISHED, folder=folder,
        reason="A test says so.", metrics=metrics, created_at=NOW,
    )  # fmt: skip
    session.add(model)
