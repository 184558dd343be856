"""The card: the headings of Mitchell et al. (2019), and what the model cannot know in plain words."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from game.training.card import card
from game.training.dataset import Dataset, read_dataset
from game.training.evaluate import Evaluation, Intervals, evaluate
from game.training.fit import Request
from game.training.intervals import Interval
from game.training.views import Recipe, View, recipe_of
from scoring.arrays import Floats
from tests.training.releases import CODES, rows_of

HEADINGS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
    "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip
RECIPE = recipe_of("point", 224)
# As a training says of a model that it takes as it is.
BORROWED = {
    "taught_by": {
        "title": "Squares of the lagoon", "unknown": ["CCA"], "project": "lagoon", "release": 2, "licence": "CC0",
        "credit": "Lagoon watch", "cite": "Ray (2024)", "includes_simulated": False,
    },
    "weights_from": "the project “Squares of the lagoon”, release 2, whose model it is", "n_training": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset(request_of_all: Request) -> Dataset:
    return read_dataset(request_of_all.release)


@pytest.fixture(scope="module")
def written(request_of_all: Request) -> str:
    return (request_of_all.out / "card.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def evaluation(request_of_all: Request, dataset: Dataset) -> Evaluation:
    return evaluate(held_out(request_of_all.out / "holdout.csv"), dataset.gold.true, dataset.labels)


def held_out(file: Path) -> Floats:
    return np.array([[float(row[f"p_{code}"]) for code in CODES] for row in rows_of(file)])


def test_it_has_all_headings_in_order(written: str) -> None:
    assert [line.removeprefix("## ") for line in written.splitlines() if line.startswith("## ")] == HEADINGS


def test_it_names_its_release_and_its_figures(written: str, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    assert "Learned from release 3 of the project “Reef squares of Moorea”, made 2026-11-18." in written
    assert f"Accuracy {metrics['accuracy']:.3f};" in written
    assert f"Macro-F1 {metrics['macro_f1']:.3f}." in written
    assert "Percent cover by group, at 40 points in 1 image" in written
    assert "Of the surest half of its answers" in written
    assert "40 subjects labelled by experts, in 1 image." in written


def test_it_says_what_it_cannot_know(written: str) -> None:
    assert "It knows no answer but its labels" in written
    assert "A mistake that most volunteers share is a mistake of the model too." in written
    assert "Held out: only 1 image." in written


def test_a_label_that_was_hardly_measured_is_named(written: str) -> None:
    assert "Other hard coral: no hold-out subject, so nobody knows." in written
    [caveat] = [line for line in written.splitlines() if "hardly measured" in line]
    assert "Other hard coral" in caveat


def test_a_label_that_hardly_anything_taught_is_named(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    place, n = np.arange(len(dataset.consensus.subject)), len(dataset.labels)
    few = np.eye(n)[np.where(place < 9, 0, 1 + place % (n - 1))]
    taught = replace(dataset, consensus=replace(dataset.consensus, posterior=few))
    caveat = "- Fewer than 10 subjects to learn from, so hardly taught: Porites coral."
    assert caveat in card(taught, RECIPE, evaluation, metrics).splitlines()


def test_a_temperature_is_named_if_there_is_one(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    warm = {"temperature": 0.6, "uncalibrated": {"ece": 0.31}}
    told = card(dataset, RECIPE, evaluation, metrics | warm)
    assert "by a temperature of 0.60 fitted on subjects outside the hold-out; without it 0.310." in told
    assert "a temperature would not have helped." in card(dataset, RECIPE, evaluation, metrics | {"temperature": 1.0})


def test_intervals_stand_in_brackets(dataset: Dataset, evaluation: Evaluation, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    sure = replace(evaluation, interval=Intervals(Interval(0.61, 0.84), None, Interval(0.02, 0.09)))
    told = card(dataset, RECIPE, sure, metrics)
    assert f"Accuracy {evaluation.accuracy:.3f} [0.610, 0.840]" in told
    assert f"Calibration error {evaluation.ece:.3f} [0.020, 0.090]" in told


@pytest.mark.parametrize(
    ("verdict", "words"), [("positive", "helped"), ("neutral", "made no difference"), ("negative", "did harm")]
)
def test_whether_others_weights_helped_is_said_in_words_where_it_is_known(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request, verdict: str, words: str
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    del metrics["transfer"]
    assert "transfer" not in card(dataset, RECIPE, evaluation, metrics)
    transfer = {"verdict": verdict, "gain": 0.052, "low": -0.011, "high": 0.09, "scratch": 0.6, "n_scratch": 1200}
    told = card(dataset, RECIPE, evaluation, metrics | {"transfer": transfer})
    assert f"{verdict.capitalize()} transfer: what it had learned elsewhere {words}" in told
    assert "(0.600, of a small network that learned from 1,200 subjects; +0.052 [-0.011, +0.090])" in told


def test_of_too_few_images_it_is_said_that_nobody_can_tell_whether_others_weights_helped(written: str) -> None:
    """The reef's hold-out is a single quadrat."""
    [line] = [line for line in written.splitlines() if "learned elsewhere" in line]
    assert line.startswith(
        "- Whether what it had learned elsewhere helped cannot be told: the hold-out has too few images"
    )
    assert "[" not in line


def test_a_hold_out_at_sites_that_taught_nothing_is_said_to_be_one(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    held_out = {dataset.subjects[place].image for place in dataset.gold.subject}

    def told(sites: dict[bool, str]) -> str:
        placed = tuple(replace(one, site=sites[one.image in held_out]) for one in dataset.subjects)
        return card(replace(dataset, subjects=placed), RECIPE, evaluation, metrics)

    assert "All of them lie at a site that the model did not learn from." in told({True: "north", False: "south"})
    for sites in ({True: "north", False: "north"}, {True: "", False: ""}, {True: "north", False: ""}):
        assert "did not learn from" not in told(sites)


def test_it_names_no_subject(written: str, request_of_all: Request) -> None:
    """The card is public: which subjects are gold is not."""
    for row in rows_of(request_of_all.release / "gold.csv"):
        assert row["subject"] not in written


def test_simulated_volunteers_are_admitted(dataset: Dataset, evaluation: Evaluation, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    simulated = replace(dataset, about={**dataset.about, "includes_simulated": True})
    assert "simulated" not in card(dataset, RECIPE, evaluation, metrics)
    assert "Some of these answers are of simulated volunteers." in card(simulated, RECIPE, evaluation, metrics)


def test_it_admits_what_it_never_names(dataset: Dataset, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    sighted = np.eye(len(CODES))[dataset.gold.true]
    blind = sighted.copy()
    blind[:, 0] = 2
    first, second = (evaluate(p, dataset.gold.true, dataset.labels) for p in (sighted, blind))
    line = "It named none of the hold-out subjects: "
    assert f"{line}{dataset.labels[1].name}" in card(dataset, RECIPE, second, metrics)
    assert all(f"{line}{label.name}" not in card(dataset, RECIPE, first, metrics) for label in dataset.labels[:1])


def test_of_a_borrowed_model_it_says_who_taught_it_and_that_nothing_was_learned_here(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text()) | BORROWED | {"temperature": 0.8}
    told = card(dataset, RECIPE, evaluation, metrics)
    assert "Examined by release 3 of the project “Reef squares of Moorea”" in told
    assert (
        "Nothing was learned here: it is a model from elsewhere as it is, mobilenet_v2, taught by the project " in told
    )
    assert "taught by the project “Squares of the lagoon”, release 2, whose model it is." in told
    assert "A single number was fitted here, a temperature of 0.80, by what the crowd says" in told
    assert "It does not know, and so never says: Crustose coralline algae." in told
    assert "Its teacher's licence: CC0. Credit: Lagoon watch. Cite: Ray (2024)" in told
    assert "What the crowd here says of 120 subjects outside the hold-out was only asked to compare it" in told
    for untrue in ("Learned from release", "a logistic regression", "labelled by volunteers", "kept out of training",
                   "It learned what the crowd believes", "Volunteers' answers went in"):  # fmt: skip
        assert untrue not in told
    simulated = metrics | {"taught_by": BORROWED["taught_by"] | {"includes_simulated": True}}
    assert "by answers of which some are of simulated volunteers" in card(dataset, RECIPE, evaluation, simulated)


def test_of_imagenet_s_own_head_it_says_so(dataset: Dataset, evaluation: Evaluation, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    teacher = BORROWED["taught_by"] | dict.fromkeys(("project", "release", "licence", "credit", "cite"))
    told = card(dataset, RECIPE, evaluation, metrics | {"taught_by": teacher, "weights_from": "a package, as it is"})
    assert "taught by the photographs of ImageNet and their labels (a package, as it is)." in told
    assert "whether ImageNet has any of its pictures nobody looked." in told
    assert "Its teacher's licence" not in told


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (RECIPE, "It sees 2 squares around the point, 64 and 128 pixels wide"),
        (Recipe((View("wide", 300),), 224, (18,), (1.0,)), "It sees a square around the point, 300 pixels wide"),
        (Recipe((View("whole", None),), 64, (2,), (1.0,)), "It sees the picture pressed into a square of 64 pixels"),
    ],
)
def test_squares_are_those_that_the_model_looks_at(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request, recipe: Recipe, words: str
) -> None:
    """Not those of the project: a borrowed model has its own, and the small network presses pictures smaller."""
    told = card(dataset, recipe, evaluation, json.loads((request_of_all.out / "metrics.json").read_text()))
    assert words in told
    widest = max((view.side_px or 0 for view in recipe.views), default=0)
    assert (
        f"the square of {widest} × {widest} pixels around" if widest else "whole pictures, as they are stored"
    ) in told


def test_its_program_runs_as_it_stands(
    written: str, request_of_all: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(request_of_all.out / "model.onnx", tmp_path)
    side = int(re.findall(r"the square of (\d+) × ", written)[0])
    Image.new("RGB", (side, side), "teal").save(tmp_path / "picture.jpg")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", written, re.DOTALL)[0], found)
    assert found["p"].shape == (1, len(CODES))
    assert found["p"].sum() == pytest.approx(1, abs=1e-5)
