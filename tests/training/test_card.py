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
from scoring.arrays import Floats
from tests.training.releases import CODES, rows_of

HEADINGS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
    "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip


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


def test_a_temperature_is_named_if_there_is_one(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    warm = {"temperature": 0.6, "uncalibrated": {"ece": 0.31}}
    assert "by a temperature of 0.60 fitted on training subjects; without it 0.310." in card(
        dataset, evaluation, metrics | warm
    )
    assert "a temperature would not have helped." in card(dataset, evaluation, metrics | {"temperature": 1.0})


def test_intervals_stand_in_brackets(dataset: Dataset, evaluation: Evaluation, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    sure = replace(evaluation, interval=Intervals(Interval(0.61, 0.84), None, Interval(0.02, 0.09)))
    told = card(dataset, sure, metrics)
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
    assert "transfer" not in card(dataset, evaluation, metrics)
    transfer = {"verdict": verdict, "gain": 0.052, "low": -0.011, "high": 0.09, "scratch": 0.6, "n_scratch": 1200}
    told = card(dataset, evaluation, metrics | {"transfer": transfer})
    assert f"{verdict.capitalize()} transfer: what it had learned elsewhere {words}" in told
    assert "(0.600, of a small network that learned from 1,200 subjects; +0.052 [-0.011, +0.090])" in told


def test_a_hold_out_at_sites_that_taught_nothing_is_said_to_be_one(
    dataset: Dataset, evaluation: Evaluation, request_of_all: Request
) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    held_out = {dataset.subjects[place].image for place in dataset.gold.subject}

    def told(sites: dict[bool, str]) -> str:
        placed = tuple(replace(one, site=sites[one.image in held_out]) for one in dataset.subjects)
        return card(replace(dataset, subjects=placed), evaluation, metrics)

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
    assert "simulated" not in card(dataset, evaluation, metrics)
    assert "Some of these answers are of simulated volunteers." in card(simulated, evaluation, metrics)


def test_it_admits_what_it_never_names(dataset: Dataset, request_of_all: Request) -> None:
    metrics = json.loads((request_of_all.out / "metrics.json").read_text())
    sighted = np.eye(len(CODES))[dataset.gold.true]
    blind = sighted.copy()
    blind[:, 0] = 2
    first, second = (evaluate(p, dataset.gold.true, dataset.labels) for p in (sighted, blind))
    line = "It named none of the hold-out subjects: "
    assert f"{line}{dataset.labels[1].name}" in card(dataset, second, metrics)
    assert all(f"{line}{label.name}" not in card(dataset, first, metrics) for label in dataset.labels[:1])


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
