"""What comes beside the answers: gold, predictions and features are of known subjects and labels, or refused."""

import re
from pathlib import Path

import numpy as np
import pytest

from game.errors import InvalidInput
from game.science.bare.beside import NO_GOLD, read_gold, read_predictions
from game.science.bare.features import read_features
from game.science.bare.reading import Crowd
from tests.science.bare import SMALL, read, written


@pytest.fixture
def crowd(tmp_path: Path) -> Crowd:
    """Subjects 1 and 2, labels cat and dog."""
    return read(written(tmp_path, SMALL))


def test_gold_is_a_label_of_known_subjects(crowd: Crowd, tmp_path: Path) -> None:
    gold = read_gold(
        written(tmp_path, "subject;label;by\n2;dog;eva\n7;cat;eva\n1;;eva\n2;dog;max\n", "gold.csv"), crowd
    )
    assert gold.labels.tolist() == [NO_GOLD, 1]
    assert gold.notes == (
        "1 gold label from gold.csv; left out, because nobody was asked about them: 1.",
        "1 row of gold.csv without a label.",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "task,label\n1,unicorn\n",
            "gold.csv, line 2: “unicorn” is a label that no answer names; there are “cat”, “dog”.",
        ),
        ("task,label\n1,cat\n2,dog\n1,dog\n", "gold.csv: lines 2 and 4 give subject “1” different labels."),
        (
            "task,label\n8,cat\n9,dog\n",
            "are the two files of the same subjects? It names “8”, the answers “1”.",
        ),
        ("task,label\n1,\n", "No row of gold.csv has a label, so there is no gold in it"),
        ("task,truth\n1,cat\n", "gold.csv should have the columns task,label; it has “task”, “truth”."),
        ("", "gold.csv is empty."),
    ],
)
def test_gold_that_cannot_be_used_is_one_sentence(text: str, sentence: str, crowd: Crowd, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        read_gold(written(tmp_path, text, "gold.csv"), crowd)


@pytest.mark.parametrize(
    "text",
    [
        "task,dog,cat\n2,0.75,0.25\n5,1,0\n",
        "task,n,p_cat,p_dog\n2,3,0.25,0.75\n5,3,0,1\n",
        "task;cat;dog\n2;0,25;0,75\n5;0;1\n",
        "task,label,probability\n2,dog,0.75\n5,dog,1\n2,cat,0.25\n",
    ],
    ids=["wide", "as-we-write-it", "decimal-comma", "long"],
)
def test_predictions_are_a_row_of_probabilities_for_every_subject(text: str, crowd: Crowd, tmp_path: Path) -> None:
    predictions = read_predictions(written(tmp_path, text, "p.csv"), crowd)
    assert predictions.probabilities == pytest.approx(np.array([[np.nan, np.nan], [0.25, 0.75]]), nan_ok=True)
    assert predictions.notes == ("1 prediction from p.csv; left out, because nobody was asked about them: 1.",)


def test_rounded_probabilities_are_made_to_sum_to_one(crowd: Crowd, tmp_path: Path) -> None:
    predictions = read_predictions(written(tmp_path, "task,cat,dog\n1,0.666,0.333\n", "p.csv"), crowd)
    assert predictions.probabilities[0].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("task,cat,dog\n1,0.5,0.3\n", "p.csv, line 2: the probabilities of subject “1” sum to 0.8, not 1."),
        ("task,cat,dog\n1,1.5,-0.5\n", "p.csv, line 2: “1.5” is no probability from 0 to 1."),
        ("task,cat,dog\n1,,1\n", "p.csv, line 2: “” is no probability from 0 to 1."),
        ("task,cat,dog\n1,1,0\n1,1,0\n", "p.csv: lines 2 and 3 both predict subject “1”."),
        ("task,cat\n1,1\n", "p.csv has no column for “dog”; every label needs one."),
        ("task,cat,dog,eel\n1,1,0,0\n", "p.csv predicts “eel”, which no answer names"),
        ("cat,dog\n1,0\n", "p.csv has no column “task”; it has “cat”, “dog”."),
        ("task,cat,dog\n9,1,0\n", "None of the subjects of p.csv has answers"),
        ("task,label,probability\n1,eel,1\n", "p.csv, line 2: “eel” is a label that no answer names"),
        ("task,label,probability\n1,cat,1\n1,cat,0\n", "p.csv, line 3: subject “1” has the label “cat” a second time."),
    ],
)
def test_predictions_that_cannot_be_used_are_one_sentence(
    text: str, sentence: str, crowd: Crowd, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        read_predictions(written(tmp_path, text, "p.csv"), crowd)


MATRIX = np.arange(12.0).reshape(4, 3)


def test_row_i_of_the_features_is_of_subject_i(crowd: Crowd, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", MATRIX.astype(np.float32))
    features = read_features(tmp_path / "x.npy", None, crowd)
    assert features.rows.tolist() == MATRIX[[1, 2]].tolist()
    assert features.notes == ("Features of 2 of 2 subjects, 3 each; 2 rows of subjects that nobody was asked about.",)


@pytest.mark.parametrize("heading", ["", "task\n"])
def test_a_list_of_ids_says_whose_each_row_is(heading: str, crowd: Crowd, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", MATRIX)
    ids = written(tmp_path, f"{heading}7\n2\n9\n10\n", "ids.txt")
    assert read_features(tmp_path / "x.npy", ids, crowd).rows == pytest.approx(
        np.array([[np.nan] * 3, MATRIX[1]]), nan_ok=True
    )
    np.savez(tmp_path / "x.npz", ids=np.array([7, 2, 9, 10]), features=MATRIX)
    assert read_features(tmp_path / "x.npz", None, crowd).rows[1].tolist() == MATRIX[1].tolist()


def test_features_that_cannot_be_used_are_one_sentence(crowd: Crowd, tmp_path: Path) -> None:
    def refused(sentence: str, ids: Path | None = None, name: str = "x.npy") -> None:
        with pytest.raises(InvalidInput, match=re.escape(sentence)):
            read_features(tmp_path / name, ids, crowd)

    refused("x.npy cannot be read: No such file or directory.")
    refused("x.csv is no .npy or .npz file of numbers.", name=written(tmp_path, "1,2\n3,4\n", "x.csv").name)
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused("x.npy is no .npy or .npz file of numbers.")
    np.save(tmp_path / "x.npy", MATRIX[:2])
    refused("x.npy has 2 rows for the subjects 0 to 1, and there are answers to “2”; --feature-ids can say")
    refused("x.npy has 2 rows of features and 4 ids.", written(tmp_path, "1\n2\n3\n4\n", "ids.txt"))
    refused("x.npy: 1 ids stand twice.", written(tmp_path, "1\n1\n", "ids.txt"))
    refused("None of the ids of x.npy has answers", written(tmp_path, "8\n9\n", "ids.txt"))
    np.save(tmp_path / "x.npy", MATRIX[0])
    refused("x.npy should hold numbers, a row for every subject; its shape is (3,).")
    np.save(tmp_path / "x.npy", np.where(MATRIX == 4, np.nan, MATRIX))
    refused("x.npy: the features of subject “1” are not all finite numbers.")
    np.savez(tmp_path / "x.npz", features=MATRIX)
    refused("x.npz should hold the arrays ids and features", name="x.npz")
