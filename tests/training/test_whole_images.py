"""Projects whose subjects are whole images: resized as a whole, no point anywhere, no groups."""

import json
from pathlib import Path

import numpy as np
import pytest

from game.artifacts.images import image_path, keep_image
from game.training.__main__ import main
from game.training.fit import Request, fit
from tests.training.conftest import quiet
from tests.training.releases import Release, believed, lines_of, rows_of

LABELS = (("healthy", "Healthy", ""), ("compromised", "Compromised", ""))
CODES = [code for code, _, _ in LABELS]


@pytest.fixture(scope="module")
def koh_tao(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Request:
    """24 patches, every third one gold, the others with a consensus that is rather sure; carried out already."""
    folder = tmp_path_factory.mktemp("koh_tao")
    release = Release(folder / "release", LABELS, about={"subject_kind": "image", "groups": []})
    patches = [row for row in rows_of(shared_data / "koh_tao" / "labels.csv") if row["label"] in CODES][:24]
    for number, patch in enumerate(patches):
        stored = keep_image(folder / "images", (shared_data / "koh_tao" / patch["file"]).read_bytes()).sha256
        place = {"subject": f"{number:012x}", "image": stored, "name": patch["file"]}
        release.subjects.append(place)
        if number % 3 == 0:
            release.gold.append({"subject": place["subject"], "label": patch["label"], "use": "hidden"})
        else:
            p = np.where(np.array(CODES) == patch["label"], 0.9, 0.1)
            release.consensus.append(believed(place, p, CODES))
    asked = Request(release.write(), folder / "images", folder / "model", folder / "cache")
    fit(asked, quiet())
    return asked


def test_each_image_is_held_out_or_learned_from(koh_tao: Request) -> None:
    metrics = json.loads((koh_tao.out / "metrics.json").read_text())
    assert (metrics["n"], metrics["n_images_holdout"], metrics["n_training"]) == (8, 8, 16)
    assert metrics["groups"] is None


def test_the_whole_picture_is_looked_at(koh_tao: Request) -> None:
    preprocessing = json.loads((koh_tao.out / "preprocessing.json").read_text())
    assert preprocessing["views"] == [{"name": "whole", "side_px": None}]
    assert "pressed into a square" in (koh_tao.out / "card.md").read_text(encoding="utf-8")


def test_its_model_judges_pictures_and_no_points(koh_tao: Request, capsys: pytest.CaptureFixture[str]) -> None:
    judged = rows_of(koh_tao.out / "holdout.csv")[0]
    asked = ["predict", "--model", str(koh_tao.out), "--image", str(image_path(koh_tao.images, judged["image"]))]
    assert main(asked) == 0
    [line] = lines_of(capsys.readouterr().out)
    said = {label["code"]: label["p"] for label in line["labels"]}
    assert said == pytest.approx({code: float(judged[f"p_{code}"]) for code in CODES}, abs=2e-3)
    assert main([*asked, "--row", "1", "--column", "1"]) == 2
    assert "judges whole pictures" in capsys.readouterr().err
