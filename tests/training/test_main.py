"""The command line: JSON lines for the worker, a plain sentence and exit code 2 for bad input."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from game.artifacts.images import image_path
from game.training.__main__ import main
from game.training.fit import Request
from tests.training.releases import CODES, Reef, lines_of, rows_of


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """The command sets them for its own process; here that is the tests' process."""
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


def picture(asked: Request) -> Path:
    return image_path(asked.images, rows_of(asked.release / "subjects.csv")[0]["image"])


def test_fit_tells_its_steps_and_where_the_folder_is(
    request_of_all: Request, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    options = ["--release", request_of_all.release, "--images", request_of_all.images, "--out", out]
    assert main(["fit", *map(str, options), "--cache", str(request_of_all.cache)]) == 0
    said = lines_of(capsys.readouterr().out)
    assert list(dict.fromkeys(line["step"] for line in said)) == [
        "read",
        "features",
        "fit",
        "examine",
        "evaluate",
        "scratch",  # For comparison: how good would it be without what was learned elsewhere?
        "export",
        "write",
        "done",
    ]
    assert all(line.keys() == {"step", "done", "total", "text"} for line in said[:-1])
    assert said[-1]["folder"] == str(out)
    assert re.fullmatch(r"\d+\.\d s of processor time in all", said[-1]["text"])


def test_predict_says_the_best_label_first(request_of_all: Request, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--model", request_of_all.out, "--image", picture(request_of_all), "--row", 400, "--column", 300]
    assert main(["predict", *map(str, asked)]) == 0
    [line] = lines_of(capsys.readouterr().out)
    p = [label["p"] for label in line["labels"]]
    assert p == sorted(p, reverse=True)
    assert sum(p) == pytest.approx(1, abs=1e-4)
    assert {label["code"] for label in line["labels"]} == set(CODES)


def test_without_a_point_the_middle_of_the_picture_is_judged(
    request_of_all: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["predict", "--model", str(request_of_all.out), "--image", str(picture(request_of_all))]
    assert main(asked) == 0
    # The quadrat is 1,200 × 1,198 pixels.
    assert main([*asked, "--row", "599", "--column", "600"]) == 0
    first, second = lines_of(capsys.readouterr().out)
    assert first == second


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--row", "5"], "A point needs both --row and --column"),
        (["--row", "5000", "--column", "5"], "Row 5000, column 5 lies outside the picture"),
        (["--row", "-1", "--column", "5"], "Row -1, column 5 lies outside the picture"),
        (["--image", "/nowhere/picture.jpg"], "There is no picture /nowhere/picture.jpg"),
        (["--image", __file__], "This is no JPEG, PNG or WebP picture"),
        (["--model", "/nowhere"], "/nowhere has no manifest.json"),
    ],
)
def test_bad_input_for_predict_is_a_sentence_and_exit_code_2(
    request_of_all: Request, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    asked = ["predict", "--model", str(request_of_all.out), "--image", str(picture(request_of_all))]
    assert main([*asked, *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_changed_model_is_not_used(
    request_of_all: Request, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in request_of_all.out.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "labels.json").write_text("{}")
    assert main(["predict", "--model", str(tmp_path), "--image", str(picture(request_of_all))]) == 2
    assert re.search(r"labels\.json in .* was changed or damaged", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--method", "magic"], "There is no method “magic”: choose one of auto, direct, frozen, last-block, all."),
        (
            ["--backbone", "vit_h_14"],
            "The backbone “vit_h_14” will not do: its weights take 2.5 GB, and a",
        ),
        (["--backbone", "resnet19"], "There is no backbone “resnet19”: choose one of "),
        (["--method", "direct"], "The method “direct” is not possible: none of the labels is among ImageNet's 1,000."),
        (["--method", "direct", "--from", "/nowhere"], "/nowhere has no manifest.json"),
        (["--method", "all"], "The method “all” is not tried: 120 subjects are too few to teach layers by"),
    ],
)
def test_a_method_or_backbone_that_will_not_do_is_a_sentence_and_exit_code_2(
    request_of_all: Request, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    places = {"release": request_of_all.release, "images": request_of_all.images, "cache": request_of_all.cache}
    asked = [text for name, place in places.items() for text in (f"--{name}", str(place))]
    assert main(["fit", *asked, "--out", str(tmp_path / "model"), *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(sentence)
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--backbone", "resnet19"], "There is no backbone “resnet19”"), (["--from", "/nowhere"], "/nowhere has no")],
)
def test_what_cannot_be_granted_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    asked = [text for name in ("release", "images", "cache", "out") for text in (f"--{name}", str(tmp_path / name))]
    assert main(["fit", *asked, *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(sentence)
    assert said.out == ""


def test_bad_input_for_fit_is_a_sentence_and_exit_code_2(
    reef: Reef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = reef.release(tmp_path / "release")
    release.gold.clear()
    options = ["--release", release.write(), "--images", reef.images, "--out", tmp_path / "model"]
    assert main(["fit", *map(str, options), "--cache", str(tmp_path / "cache")]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("The release has no gold")
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "model").exists()
