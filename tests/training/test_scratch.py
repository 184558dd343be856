"""Without anybody's weights there is still a model, and it says that it is weaker."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from game.artifacts.folders import verify
from game.artifacts.images import image_path
from game.errors import TrainingError
from game.training.export import read_model
from game.training.fit import Request, fit
from game.training.progress import Progress
from tests.training.conftest import quiet
from tests.training.releases import Reef, rows_of


def test_a_small_network_is_taught_and_can_be_used_alone(reef: Reef, tmp_path: Path) -> None:
    smaller = replace(reef, quadrats=(0, 5, 12), n_points=15)
    release = smaller.release(tmp_path / "release").write()
    asked = Request(release, reef.images, tmp_path / "model", tmp_path / "cache", backbone="small_cnn")
    fit(asked, quiet())
    verify(asked.out)
    metrics = json.loads((asked.out / "metrics.json").read_text())
    assert (metrics["backbone"], metrics["weights_from"]) == (
        "small_cnn",
        "this project alone (trained from scratch)",
    )
    assert metrics["no_weights_of"] is None, "it was asked for"
    assert "taught from scratch: it is weaker" in (asked.out / "card.md").read_text()
    subject = rows_of(release / "subjects.csv")[-1]
    content = image_path(reef.images, subject["image"]).read_bytes()
    said = read_model(asked.out)(content, (int(subject["row"]), int(subject["column"])))
    judged = rows_of(asked.out / "holdout.csv")[-1]
    kept = [float(value) for name, value in judged.items() if name.startswith("p_")]
    assert said == pytest.approx(kept, abs=2e-3)


def test_an_unknown_backbone_is_refused(request_of_all: Request, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"There is no backbone “resnet19”: choose one of .*, resnet18, "):
        fit(replace(request_of_all, out=tmp_path / "model", backbone="resnet19"), quiet())
    assert not (tmp_path / "model").exists()


def test_where_no_weights_can_be_had_one_is_taught_from_scratch_with_a_warning(reef: Reef, tmp_path: Path) -> None:
    """There is no network here; where there is one, the weights would come, and this would say so."""
    smaller = replace(reef, quadrats=(0, 5, 12), n_points=10)
    release = smaller.release(tmp_path / "release").write()
    said: list[str] = []
    asked = Request(release, reef.images, tmp_path / "model", tmp_path / "cache", backbone="mnasnet0_5")
    fit(asked, Progress(said.append))
    metrics, card = json.loads((asked.out / "metrics.json").read_text()), (asked.out / "card.md").read_text()
    downloaded = list((tmp_path / "cache").glob("mnasnet0.5*.pth"))
    assert metrics["backbone"] == ("mnasnet0_5" if downloaded else "small_cnn")
    assert any("Warning: no weights of mnasnet0_5 can be had" in line for line in said) is not bool(downloaded)
    assert metrics["no_weights_of"] == (None if downloaded else "mnasnet0_5")
    assert ("as no weights of mnasnet0_5 could be had" in card) is not bool(downloaded)
