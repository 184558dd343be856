"""The light child process says what the trainer's own would, and refuses in a plain sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from game.artifacts.images import image_path
from game.prediction import main, open_model
from game.training.export import read_model
from game.training.fit import Request
from tests.training.releases import CODES, lines_of, rows_of


@pytest.fixture(scope="module")
def picture(request_of_all: Request) -> Path:
    return image_path(request_of_all.images, rows_of(request_of_all.release / "subjects.csv")[0]["image"])


# At corners of the quadrat of 1,200 × 1,198 pixels most of the square lies beyond its edge.
@pytest.mark.parametrize("point", [(400, 300), (0, 0), (1197, 1199), (599, 600)])
def test_it_says_what_torch_says(request_of_all: Request, picture: Path, point: tuple[int, int]) -> None:
    said = open_model(request_of_all.out)(picture.read_bytes(), point)
    assert said == pytest.approx(read_model(request_of_all.out)(picture.read_bytes(), point), abs=1e-4)


def test_the_best_label_comes_first_and_the_middle_is_judged_if_no_point_is_named(
    request_of_all: Request, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--model", str(request_of_all.out), "--image", str(picture)]
    assert main(asked) == 0
    assert main([*asked, "--row", "599", "--column", "600"]) == 0
    first, second = lines_of(capsys.readouterr().out)
    assert first == second
    p = [label["p"] for label in first["labels"]]
    assert p == sorted(p, reverse=True)
    assert sum(p) == pytest.approx(1, abs=1e-4)
    assert {label["code"] for label in first["labels"]} == set(CODES)


def test_of_many_it_says_what_it_says_of_each(
    request_of_all: Request, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read is named and passed over."""
    asked = [
        {"image": "/nowhere/picture.jpg", "subjects": [[5, 1, 1]]},
        {"image": str(picture), "subjects": [[7, 400, 300], [3, 0, 0]]},
    ]
    listed = tmp_path / "listed.jsonl"
    listed.write_text("".join(json.dumps(one) + "\n" for one in asked))
    assert main(["--model", str(request_of_all.out), "--listed", str(listed)]) == 0
    refused, *told = lines_of(capsys.readouterr().out)
    assert refused == {"refused": "/nowhere/picture.jpg: There is no picture /nowhere/picture.jpg."}
    model = open_model(request_of_all.out)
    assert [line["subject"] for line in told] == [7, 3]
    for line, point in zip(told, [(400, 300), (0, 0)], strict=True):
        assert list(line["p"]) == [label["code"] for label in model.labels]
        assert list(line["p"].values()) == pytest.approx(model(picture.read_bytes(), point), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--row", "5"], "A point needs both a row and a column"),
        (["--row", "5000", "--column", "5"], "Row 5000, column 5 lies outside the picture"),
        (["--image", "/nowhere/picture.jpg"], "There is no picture /nowhere/picture.jpg"),
        (["--image", __file__], "This is no JPEG, PNG or WebP picture"),
        (["--model", "/nowhere"], "/nowhere has no manifest.json"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(
    request_of_all: Request, picture: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert main(["--model", str(request_of_all.out), "--image", str(picture), *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_changed_model_is_not_used(
    request_of_all: Request, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in request_of_all.out.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"something else")
    assert main(["--model", str(tmp_path), "--image", str(picture)]) == 2
    assert "model.onnx in" in (said := capsys.readouterr().err)
    assert "was changed or damaged" in said


def test_it_never_loads_torch() -> None:
    program = "import sys, json, game.prediction; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "onnxruntime" in loaded
    assert not {"torch", "sqlalchemy", "game.store", "game.training"} & loaded
