"""A model that may have learned from the same pictures is refused; what it tells of them tells nobody what is gold."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from game.artifacts.folders import write_manifest
from game.errors import ArtifactError, TrainingError
from game.training.__main__ import main
from game.training.dataset import Dataset, Gold, read_dataset
from game.training.fit import Request
from game.training.origins import FILE, MOST, Origins, check_stranger, mark, origins_of, read_origins
from tests.training.releases import LAGOON, Reef, lagoon, rows_of


@pytest.fixture
def dataset(request_of_all: Request) -> Dataset:
    return read_dataset(request_of_all.release)


def refused(
    release: Path, other: Path, asked: Request, cache: Path, capsys: pytest.CaptureFixture[str], method: str = "direct"
) -> str:
    """The one sentence with which a training ends that asks for the model in `other`, having written nothing."""
    places = {"release": release, "images": asked.images, "out": cache / "model", "cache": cache / "cache"}
    options = [text for name, place in places.items() for text in (f"--{name}", str(place))]
    assert main(["fit", *options, "--method", method, "--from", str(other)]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert not (cache / "model").exists()
    assert not (cache / "cache").exists()
    return said


@pytest.mark.parametrize("method", ["direct", "auto", "frozen"])
def test_a_model_of_the_same_project_is_refused(
    request_of_all: Request, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    said = refused(request_of_all.release, request_of_all.out, request_of_all, tmp_path, capsys, method)
    assert "is one of this very project, “moorea”: what it says of pictures that it has learned from is no" in said


@pytest.mark.parametrize("shared", [12, 4], ids=["held out there", "learned from there"])
def test_a_model_of_another_project_with_a_picture_of_ours_is_refused(
    request_of_all: Request, reef: Reef, tmp_path: Path, capsys: pytest.CaptureFixture[str], shared: int
) -> None:
    """Alike, whatever the picture was there: else the sentence would tell what is gold there."""
    release = replace(lagoon(reef), quadrats=(1, shared, 13)).release(tmp_path / "release")
    release.about |= LAGOON
    said = refused(release.write(), request_of_all.out, request_of_all, tmp_path, capsys)
    assert "was taught by a project that has 1 of this release's 3 pictures, too" in said


def test_a_model_that_does_not_tell_its_pictures_is_refused(
    request_of_all: Request, reef: Reef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = lagoon(reef).release(tmp_path / "release")
    release.about |= LAGOON
    older = tmp_path / "older"
    shutil.copytree(request_of_all.out, older)
    (older / FILE).unlink()
    write_manifest(older, {"project": "moorea"}, {})
    said = refused(release.write(), older, request_of_all, tmp_path, capsys)
    assert "does not tell which pictures it has learned from, as an older Fathom made it" in said


def test_pictures_that_were_changed_are_not_believed(request_of_all: Request, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(request_of_all.out, changed)
    (changed / FILE).write_text(json.dumps(Origins(frozenset(), frozenset()).as_json()))
    with pytest.raises(ArtifactError, match=r"pictures\.json in .* was changed or damaged"):
        read_origins(changed)


def test_what_a_borrowed_model_s_teacher_knows_it_knows(dataset: Dataset, tmp_path: Path) -> None:
    """Else a project could get its own model back by way of another one."""
    theirs = Origins(frozenset({"lagoon"}), frozenset({mark("0" * 64)}))
    both = origins_of(dataset) | theirs
    (tmp_path / FILE).write_text(json.dumps(both.as_json()))
    write_manifest(tmp_path, {"project": "lagoon"}, {})
    assert read_origins(tmp_path) == both
    with pytest.raises(TrainingError, match="was itself taught by this project, “moorea”"):
        check_stranger(tmp_path, dataset)


def test_marks_are_of_all_pictures_whichever_are_gold(request_of_all: Request, dataset: Dataset) -> None:
    told = read_origins(request_of_all.out)
    images = {row["image"] for row in rows_of(request_of_all.release / "subjects.csv")}
    assert told == Origins(frozenset({"moorea"}), frozenset(mark(image) for image in images))
    swapped = replace(dataset, gold=Gold(dataset.consensus.subject, np.zeros_like(dataset.consensus.subject)))
    assert origins_of(swapped) == told
    assert not [image for image in images if image[:16] in told.marks], "nor does a mark begin like its picture"


def test_of_very_many_pictures_some_are_told(dataset: Dataset) -> None:
    many = tuple(replace(dataset.subjects[0], image=f"{place:064x}") for place in range(2 * MOST))
    told = origins_of(replace(dataset, subjects=many)).marks
    assert len(told) == MOST
    # By lot: of the first half about as many as of the second.
    assert 0.45 < len(told & {mark(one.image) for one in many[:MOST]}) / MOST < 0.55
