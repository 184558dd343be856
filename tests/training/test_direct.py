"""Direct transfer: somebody else's model as it is, where its labels are ours by code or by name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from game.artifacts.folders import verify
from game.artifacts.images import image_path
from game.artifacts.ways import Way
from game.errors import ArtifactError
from game.training.direct import direct, of_project
from game.training.export import read_model
from game.training.fit import Request, fit
from game.training.network import imagenet
from game.training.origins import read_origins
from game.training.views import View, look, pixels
from game.training.ways import Asked, Course, NotPossible
from scoring.arrays import softmax
from tests.training.conftest import quiet
from tests.training.releases import CODES, LABELS, LAGOON, Reef, lagoon, rows_of
from tests.training.schools import renamed, school


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return school(tmp_path_factory.mktemp("few"), by_colour=True, n_subjects=20).course


def test_a_model_of_another_project_is_taken_as_it_is(request_of_all: Request, reef: Reef, tmp_path: Path) -> None:
    """One of other quadrats, its labels in another order, one told by its name, and one more that it does not know."""
    release = lagoon(reef).release(tmp_path / "release")
    order = (("Sandy", "Sand", "sand"), ("Rubble", "Rubble", ""), *(one for one in LABELS if one[0] != "Sand"))
    release.labels = order
    release.about |= LAGOON | {"labels": [{"code": code, "name": name, "group": group} for code, name, group in order]}
    for row in release.consensus:
        row["p_Sandy"], row["p_Rubble"] = row.pop("p_Sand"), "0"
    for row in (*release.gold, *release.consensus):
        row["label"] = row["label"].replace("Sand", "Sandy")
    asked = Request(
        release.write(),
        reef.images,
        tmp_path / "model",
        tmp_path / "cache",
        asked=Asked(Way.DIRECT, other=request_of_all.out),
    )
    fit(asked, quiet())
    verify(asked.out)
    assert read_origins(asked.out).projects == {"lagoon", "moorea"}
    theirs, ours = read_model(request_of_all.out), read_model(asked.out)
    subject = rows_of(asked.release / "subjects.csv")[0]
    picture, point = (
        image_path(reef.images, subject["image"]).read_bytes(),
        (int(subject["row"]), int(subject["column"])),
    )
    p = dict(zip((label.code for label in ours.labels), ours(picture, point), strict=True))
    before = dict(zip(CODES, theirs(picture, point), strict=True))
    assert p.pop("Rubble") == 0
    assert sorted(p, key=p.__getitem__) == sorted(
        (code.replace("Sand", "Sandy") for code in before), key=lambda code: before[code.replace("Sandy", "Sand")]
    )
    method = json.loads((asked.out / "metrics.json").read_text())["method"]
    assert [(one["way"], one["chosen"]) for one in method["ways"]] == [("direct", True), ("frozen", False)]
    card = (asked.out / "card.md").read_text()
    assert "taught by the project “Reef squares of Moorea”, release 3, whose model it is" in card
    assert "It does not know, and so never says: Rubble." in card
    child = (asked.out / "card-child.md").read_text()
    assert "from the players of “Reef squares of Moorea”, who saw other pictures. Here I have learned nothing" in child
    assert "Rubble: nobody told me what that is" in child
    assert "helps the next machine to guess better" in child
    metrics = json.loads((asked.out / "metrics.json").read_text())
    assert (metrics["n_training"], metrics["n_images_training"], metrics["n_answers"]) == (0, 0, 0)
    assert (metrics["taught_by"]["project"], metrics["taught_by"]["unknown"]) == ("moorea", ["Rubble"])


def test_its_squares_are_those_of_its_teacher(request_of_all: Request, reef: Reef, tmp_path: Path) -> None:
    """And lent on, it still names who taught it first."""
    asked = request_of_all
    for place, project in enumerate(("lagoon", "atoll")):
        release = replace(reef, quadrats=((1, 13), (2, 11))[place], n_points=15).release(tmp_path / project)
        release.about |= LAGOON | {"project": project, "title": project.title(), "patch_px": 80}
        borrowed = Asked(Way.DIRECT, other=asked.out)
        places = release.write(), reef.images, tmp_path / f"{project}-model", tmp_path / "cache"
        asked = Request(*places, asked=borrowed)
        fit(asked, quiet())
        card = (asked.out / "card.md").read_text()
        assert "It sees 2 squares around the point, 64 and 128 pixels wide" in card
        assert "the square of 128 × 128 pixels around each point" in card
        assert "taught by the project “Reef squares of Moorea”, release 3, whose model it is" in card
    assert read_origins(asked.out).projects == {"lagoon", "moorea", "atoll"}


def test_a_model_of_points_does_not_judge_whole_pictures(request_of_all: Request, course: Course) -> None:
    with pytest.raises(NotPossible, match="that model judges points, and here it is whole pictures"):
        of_project(course, request_of_all.out)


def test_without_a_label_in_common_the_other_model_is_of_no_use(request_of_all: Request, course: Course) -> None:
    points = replace(renamed(course, "Kelp", "Rubble"), dataset=replace(course.dataset, kind="point"))
    with pytest.raises(NotPossible, match="none of the labels is among that model's"):
        of_project(points, request_of_all.out)


def test_a_folder_that_is_no_model_is_a_plain_sentence(course: Course, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no manifest\.json"):
        of_project(course, tmp_path)


def test_imagenets_labels_go_by_their_names(course: Course) -> None:
    """The probabilities are those of ImageNet's own head, among the labels that are asked for."""
    seas = renamed(course, "Coral reef", "sea urchin")
    taught = direct(seas, None)
    found = imagenet(course.cache)
    assert found is not None
    subject = course.dataset.subjects[0]
    seen = look(pixels(course.images(subject.image)), [None], View("whole", None), 224)
    with torch.inference_mode():
        z = found.network(seen)[0].double().numpy()
    # Numbers of ImageNet's list.
    assert taught.learned.head(taught.features[:1])[0] == pytest.approx(softmax(z[[973, 328]]), abs=5e-3)
    assert taught.backbone.weights_from.endswith("as it is")


def test_a_label_that_it_does_not_know_is_never_said(course: Course) -> None:
    taught = direct(renamed(course, "Coral reef", "Something else"), None)
    assert np.array_equal(taught.learned.unseen[:, 1], np.zeros(len(taught.learned.unseen)))
