"""Metrics as the trainer leaves them: the real examination of made-up answers, and a published model that has them."""

import json
from datetime import datetime
from typing import Any

import numpy as np

from game.artifacts.folders import write_manifest
from game.levels import Project
from game.science.publish import PUBLIC_FILES
from game.store import Session, subjects, transaction
from game.store.tables import Model, Prediction, Release
from game.store.tables.publications import ModelState
from game.training.answers import Answers
from game.training.dataset import POINT, Consensus, Dataset, Gold, Label, Subject
from game.training.exam import Exam, figures, judge
from scoring.arrays import Floats, Ints
from tests.world import World

N_IMAGES, IN_AN_IMAGE = 6, 40
# As game/training/spectrum.py explains its choice.
METHOD: dict[str, Any] = {
    "asked": "auto", "budget_s": 120.0,
    "ways": [
        {"way": "direct", "why": "not possible: none of the labels is among ImageNet's 1,000", "chosen": False},
        {"way": "frozen", "why": "", "chosen": False, "loss": 0.612, "accuracy": 0.771},
        {
            "way": "last-block", "why": "better than frozen layers (loss −0.021 ± 0.008)", "chosen": True,
            "loss": 0.591, "accuracy": 0.79, "gain": 0.021, "error": 0.008,
        },
        {
            "way": "all", "why": "not tried: would take about 904 s of a budget of 120 s, of which 12 s are left",
            "chosen": False, "loss": None, "accuracy": None,
        },
    ],
}  # fmt: skip


def examined(project: Project, *, sharpness: float = 2.0, seed: int = 1) -> dict[str, Any]:
    """The sharper, the more often right. The crowd has judged every point, and is right of nine in ten."""
    rng = np.random.default_rng(seed)
    k, n = len(project.labels), N_IMAGES * IN_AN_IMAGE
    true = rng.integers(0, k, n)
    exam = Exam(
        _dataset(project, true), _answers(true, k, rng), _said(true, k, sharpness, rng), 0.8,
        lambda places: _said(true, k, sharpness * len(places) ** 0.5 / 20, rng), seed,
    )  # fmt: skip
    learned = {"n_training": n, "n_images_training": 6, "n_images_holdout": 6, "backbone": "mobilenet_v2"}
    return {**figures(exam, judge(exam)), **learned, "weights_from": "ImageNet", "ridge": 0.3, "method": METHOD}


def borrowed(metrics: dict[str, Any], unknown: str) -> dict[str, Any]:
    """What is otherwise of a model that another project's taught, and that does not know one of the labels."""
    place = [line["code"] for line in metrics["per_label"]].index(unknown)
    ways = [one | {"chosen": one["way"] == "direct", "accuracy": 0.6} for one in METHOD["ways"]]
    return {
        "taught_by": {
            "title": "Squares of the lagoon", "project": "lagoon", "release": 2, "licence": "CC0", "unknown": [unknown],
        },
        "n_training": 0, "n_answers": 0, "learning_curve": [], "method": METHOD | {"ways": ways},
        "confusion": [[0 if given == place else n for given, n in enumerate(row)] for row in metrics["confusion"]],
    }  # fmt: skip


def add_model(world: World, slug: str, metrics: dict[str, Any], now: datetime) -> None:
    """Public at once, with a release and all its files, and predictions: label 0 for every subject, with 70 %."""
    project = world.projects[slug]
    with transaction(world.store) as session:
        row = subjects.project_row(session, slug)
        assert row
        release = _release(row.id, now)
        session.add(release)
        session.flush()
        kept = Model(
            project_id=row.id, version=1, release_id=release.id, state=ModelState.PUBLISHED, folder=f"{slug}/1",
            reason="It recognises 95 of 120 hold-out subjects.", metrics=metrics, created_at=now,
        )  # fmt: skip
        session.add(kept)
        session.flush()
        add_predictions(session, project, row.id, kept.id)
    folder = world.settings.models / slug / "1"
    folder.mkdir(parents=True)
    for name in PUBLIC_FILES:
        (folder / name).write_text(json.dumps(metrics) if name == "metrics.json" else f"# About {name}\n")
    write_manifest(folder, {"release": 1}, {})


def add_predictions(session: Session, project: Project, project_id: int, model_id: int) -> None:
    k = len(project.labels)
    p = [0.7, *[0.3 / (k - 1)] * (k - 1)]
    for place in subjects.places_of_project(session, project_id):
        session.add(Prediction(subject_id=place.subject_id, project_id=project_id, model_id=model_id, p=p))


def _release(project_id: int, now: datetime) -> Release:
    return Release(
        project_id=project_id, version=1, folder="1", archive="1.zip", archive_sha256="0" * 64,
        includes_simulated=False, counts={}, code_version="0", created_at=now,
    )  # fmt: skip


def _said(true: Ints, k: int, sharpness: float, rng: np.random.Generator) -> Floats:
    weight = np.exp(rng.normal(size=(len(true), k)) + sharpness * np.eye(k)[true])
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _answers(true: Ints, k: int, rng: np.random.Generator) -> Answers:
    """Of the hold-out, and of as many subjects to learn from."""
    crowd = np.where(rng.random(len(true)) < 0.9, true, rng.integers(0, k, len(true)))
    return Answers(rng.integers(1, 9, 2 * len(true)), np.tile(crowd, 2))


def _dataset(project: Project, true: Ints) -> Dataset:
    """The first half of the subjects is the hold-out, the second is learned from."""
    n = len(true)
    found = tuple(Subject(f"{i:012x}", f"{i // IN_AN_IMAGE:064x}", "a.jpg", (i, i)) for i in range(2 * n))
    labels = tuple(Label(one.code, one.name, one.group or "", one.colour) for one in project.labels)
    taught = Consensus(np.arange(n, 2 * n), np.eye(len(labels))[true], np.ones(n))
    kind = POINT if project.patch_px else "image"
    return Dataset({}, kind, project.patch_px or 0, labels, found, taught, Gold(np.arange(n), true))
