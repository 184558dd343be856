"""metrics.json and its tables: all that is promised, the same in both, and nothing of a single subject."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from game.science.publish import PUBLIC_FILES
from game.training.answers import Answers, read_answers
from game.training.dataset import Dataset, read_dataset
from game.training.exam import DECIMALS, SCHEMA, Exam, figures, judge, rounded
from game.training.fit import Request
from game.training.sheets import COLUMNS, write_sheets
from scoring.arrays import Floats, Ints
from tests.training.releases import CODES, Reef, rows_of
from tests.training.test_card import held_out

PUBLIC = (*COLUMNS, "metrics.json", "pictures.json", "card.md", "card-child.md", "manifest.json")


@pytest.fixture(scope="module")
def metrics(request_of_all: Request) -> dict[str, Any]:
    return dict(json.loads((request_of_all.out / "metrics.json").read_text()))


@pytest.fixture(scope="module")
def dataset(request_of_all: Request) -> Dataset:
    return read_dataset(request_of_all.release)


def exam_of(request: Request, dataset: Dataset, crowd: Ints) -> Exam:
    """With a crowd that has judged the hold-out, and a pupil who always says the first label."""
    p = held_out(request.out / "holdout.csv")

    def refit(_places: Ints) -> Floats:
        return np.eye(len(CODES))[np.zeros(len(p), np.int64)]

    answers = read_answers(request.release, dataset)
    label, n = answers.label.copy(), answers.n.copy()
    label[dataset.gold.subject], n[dataset.gold.subject] = crowd, 7
    return Exam(dataset, Answers(n, label), p, 0.5, refit, seed=1)


def test_it_says_which_schema_it_follows_and_keeps_its_old_names(metrics: dict[str, Any]) -> None:
    assert metrics["schema"] == SCHEMA
    old = {"accuracy", "macro_f1", "majority_accuracy", "n", "groups", "per_label", "confusion", "ece", "ridge"}
    new = {"interval", "reliability", "coverage", "temperature", "uncalibrated", "cover", "learning_curve", "n_answers"}
    assert old | new <= metrics.keys()
    assert {"macro_f1", "per_label", "interval", "reliability", "coverage"} <= metrics["groups"].keys()


def test_numbers_are_coarse_and_no_bin_is_small(metrics: dict[str, Any], request_of_all: Request) -> None:
    """Else whoever ran the model over all pictures could find those whose confidences have just this mean."""
    text = (request_of_all.out / "metrics.json").read_text()
    assert max(len(digits) for digits in re.findall(r"\d\.(\d+)", text)) <= DECIMALS
    assert min(one["n"] for one in metrics["reliability"] + metrics["coverage"]) >= 5
    assert rounded({"a": (0.123456, 7, None)}) == {"a": [0.1235, 7, None]}


def test_no_public_file_names_a_subject_or_an_image(request_of_all: Request) -> None:
    public = "".join((request_of_all.out / name).read_text() for name in PUBLIC)
    for row in rows_of(request_of_all.release / "subjects.csv"):
        assert row["subject"] not in public
        assert row["image"] not in public
        assert row["name"] not in public


def test_tables_say_what_the_json_says(metrics: dict[str, Any], request_of_all: Request) -> None:
    tables = {name: rows_of(request_of_all.out / name) for name in COLUMNS}
    by_label = [row for row in tables["per_label.csv"] if row["among"] == "labels"]
    assert [row["code"] for row in by_label] == CODES
    assert [float(row["recall_low"]) for row in by_label if row["recall_low"]] == [
        line["interval"]["recall"]["low"] for line in metrics["per_label"] if line["interval"]["recall"]
    ]
    assert {row["among"] for row in tables["coverage.csv"]} == {"labels", "groups"}
    calibrated = [row for row in tables["reliability.csv"] if (row["among"], row["calibrated"]) == ("labels", "yes")]
    assert [float(row["right"]) for row in calibrated] == [one["right"] for one in metrics["reliability"]]
    assert [float(row["machine"]) for row in tables["cover.csv"] if row["among"] == "labels"] == [
        one["machine"] for one in metrics["cover"]["per_label"]
    ]
    assert [float(row["accuracy"]) for row in tables["learning_curve.csv"]] == [
        point["accuracy"] for point in metrics["learning_curve"]
    ]
    assert list(tables["per_label.csv"][0]) == COLUMNS["per_label.csv"]
    codes = [line["code"] for line in metrics["groups"]["per_label"]]
    by_group = {
        (row["true"], row["given"]): int(row["n"]) for row in tables["confusion.csv"] if row["among"] != "labels"
    }
    assert [[by_group[true, given] for given in codes] for true in codes] == metrics["groups"]["confusion"]
    assert [row["way"] for row in tables["ways.csv"] if row["chosen"] == "yes"] == ["frozen"]
    assert [row["why"] for row in tables["ways.csv"]] == [one["why"] for one in metrics["method"]["ways"]]


def test_every_single_figure_has_a_line_with_its_interval(metrics: dict[str, Any], request_of_all: Request) -> None:
    lines = {(row["among"], row["figure"]): row for row in rows_of(request_of_all.out / "figures.csv")}
    for among, found in (("labels", metrics), ("groups", metrics["groups"])):
        for name in ("accuracy", "macro_f1", "ece", "majority_accuracy"):
            assert float(lines[among, name]["value"]) == found[name]
    transfer = lines["labels", "transfer_gain"]
    assert float(transfer["value"]) == metrics["transfer"]["gain"]
    assert (metrics["transfer"]["verdict"], metrics["transfer"]["low"], transfer["low"]) == ("untold", None, "")
    assert float(lines["groups", "cover_machine_error"]["value"]) == metrics["cover"]["groups"]["machine_error"]["mean"]
    assert ("labels", "unseen_site_accuracy") not in lines, "of one site nothing is known"


def test_what_it_would_recognise_at_other_sites_stands_in_the_table(metrics: dict[str, Any], tmp_path: Path) -> None:
    told = {"n_sites": 3, "n": 40, "accuracy": 0.8, "unseen": 0.7, "low": 0.6, "high": None}
    write_sheets(tmp_path, metrics | {"elsewhere": told})
    [line] = [row for row in rows_of(tmp_path / "figures.csv") if row["figure"] == "unseen_site_accuracy"]
    assert (line["value"], line["low"], line["high"]) == ("0.7", "0.6", "")


def test_between_what_the_gain_lies_stands_in_the_table(metrics: dict[str, Any], tmp_path: Path) -> None:
    told = metrics["transfer"] | {"verdict": "neutral", "low": -0.1, "high": 0.2}
    write_sheets(tmp_path, metrics | {"transfer": told})
    [line] = [row for row in rows_of(tmp_path / "figures.csv") if row["figure"] == "transfer_gain"]
    assert (line["low"], line["high"]) == ("-0.1", "0.2")


def test_every_table_may_be_taken_home() -> None:
    assert set(COLUMNS) <= set(PUBLIC_FILES)


def test_more_answers_are_counted_and_the_model_itself_comes_last(metrics: dict[str, Any]) -> None:
    # 120 subjects with four answers each.
    assert [point["n_answers"] for point in metrics["learning_curve"]] == [60, 120, 240, 480]
    assert metrics["n_answers"] == 480
    assert metrics["learning_curve"][-1]["accuracy"] == metrics["accuracy"]


def test_where_layers_were_taught_the_curve_is_of_frozen_ones(
    request_of_all: Request, dataset: Dataset, tmp_path: Path
) -> None:
    """It ends with what those say, and nothing is said of sites by them."""
    exam = exam_of(request_of_all, dataset, dataset.gold.true)
    right = np.eye(len(CODES))[dataset.gold.true]
    told = figures(replace(exam, frozen=right), judge(exam))
    assert told["learning_curve_of"] == "frozen"
    assert told["learning_curve"][-1]["accuracy"] == 1 != told["accuracy"]
    assert len(told["learning_curve"]) == 4
    assert told["elsewhere"] is None
    write_sheets(tmp_path, told)
    assert {row["of"] for row in rows_of(tmp_path / "learning_curve.csv")} == {"frozen"}


def test_the_crowd_is_compared_where_the_release_has_its_answers(request_of_all: Request, dataset: Dataset) -> None:
    exam = exam_of(request_of_all, dataset, dataset.gold.true)
    told = figures(exam, judge(exam))
    assert told["cover"]["crowd_error"]["mean"] == told["cover"]["groups"]["crowd_error"]["mean"] == 0
    assert told["cover"]["answers_a_point"] == 7
    assert [one["code"] for one in told["cover"]["groups"]["per_label"]] == ["coral", "algae", "sand"]


def test_without_temperature_it_would_be_less_sure(request_of_all: Request, dataset: Dataset) -> None:
    exam = exam_of(request_of_all, dataset, dataset.gold.true)
    told = figures(exam, judge(exam))
    means = [
        np.mean([one["confidence"] for one in bins])
        for bins in (told["uncalibrated"]["reliability"], told["reliability"])
    ]
    assert means[0] < means[1]


def test_whole_images_have_no_cover(request_of_all: Request, dataset: Dataset, tmp_path: Path) -> None:
    exam = exam_of(request_of_all, replace(dataset, kind="image"), dataset.gold.true)
    told = figures(exam, judge(exam))
    assert told["cover"] is None
    assert "cover.csv" not in write_sheets(tmp_path, told)
    assert not (tmp_path / "cover.csv").exists()


def test_answers_are_read_of_every_subject_gold_too(reef: Reef, tmp_path: Path) -> None:
    release = reef.release(tmp_path / "release")
    place = next(one for one in release.subjects if one["subject"] == release.gold[0]["subject"])
    release.consensus.append(dict(release.consensus[0]) | place | {"label": "Sand", "n": 11})
    dataset = read_dataset(release.write())
    answers = read_answers(release.folder, dataset)
    gold = dataset.gold.subject[0]
    assert (answers.n[gold], CODES[answers.label[gold]]) == (11, "Sand")
    assert answers.label[dataset.gold.subject[1]] == -1
    assert set(answers.n[dataset.consensus.subject]) == {4}
