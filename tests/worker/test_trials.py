"""“Try it” takes pictures only, needs a public model, and forgets the picture afterwards."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from game.artifacts.images import ImageRefused
from game.errors import InvalidInput, NotFound
from game.science import trials
from game.science.jobs import find_job
from game.science.report import Report
from game.science.work import Workplace, do_job
from game.store import jobs as kept
from game.store import reading, transaction
from game.store.tables.publications import JobKind, JobState
from tests.small_model import write_small_model
from tests.worker.conftest import SLUG
from tests.worker.test_publish import judge


def picture() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (64, 64), (20, 90, 140)).save(drawn, "PNG")
    return drawn.getvalue()


def test_what_is_no_picture_is_not_kept(place: Workplace) -> None:
    with pytest.raises(ImageRefused):
        trials.keep_upload(place.settings.uploads, b"no picture", None)
    assert not place.settings.uploads.exists()


def test_a_point_must_lie_in_the_picture(place: Workplace) -> None:
    with pytest.raises(InvalidInput, match="Row 64, column 0 lies outside the picture of 64 × 64 pixels"):
        trials.keep_upload(place.settings.uploads, picture(), (64, 0))
    assert trials.keep_upload(place.settings.uploads, picture(), (63, 0))


def test_only_a_model_of_points_is_asked_about_a_point(place: Workplace) -> None:
    assert trials.point_of(place.projects["moorea"], 3, 4) == (3, 4)
    assert trials.point_of(place.projects["moorea"], None, None) is None
    with pytest.raises(InvalidInput, match="both a row and a column"):
        trials.point_of(place.projects["moorea"], 3, None)
    with pytest.raises(InvalidInput, match="whole pictures"):
        trials.point_of(place.projects[SLUG], 3, 4)


def test_a_picture_is_looked_at_without_torch(
    place: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch alone takes three seconds to start; and nothing is left of the picture."""
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was asked for')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    project = place.projects[SLUG]
    write_small_model(place.settings.models / SLUG / "a", project)
    upload = trials.keep_upload(place.settings.uploads, picture(), None)
    request = {"upload": upload, "point": None}
    said = trials.look_at(place.settings.models, place.settings.uploads, f"{SLUG}/a", request, Report())
    assert [guess.code for guess in said][:2] == [project.labels[1].code, project.labels[0].code]
    assert list(place.settings.uploads.iterdir()) == []


def test_without_a_public_model_there_is_nothing_to_try(place: Workplace) -> None:
    with pytest.raises(NotFound, match="no public model yet"), transaction(place.store) as session:
        trials.request_trial(session, place.projects[SLUG], "a", None, place.clock())


def test_two_visitors_are_two_jobs(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=3)
    uploads = [trials.keep_upload(place.settings.uploads, picture(), None) for _ in range(2)]
    with transaction(place.store) as session:
        asked = [trials.request_trial(session, place.projects[SLUG], upload, None, place.clock()) for upload in uploads]
    assert len({job.code for job in asked}) == 2
    assert [job.kind for job in asked] == [JobKind.PREDICT] * 2
    assert trials.guesses(asked[0]) == ()


def test_a_picture_that_is_gone_is_asked_for_again(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=3)
    with transaction(place.store) as session:
        job = trials.request_trial(session, place.projects[SLUG], "../fathom.sqlite", None, place.clock())
        assert kept.claim(session, job.code, place.clock())
    with reading(place.store) as session:
        claimed = find_job(session, job.code)
    ended = do_job(place, claimed, Report())
    assert (ended.state, ended.text) == (JobState.FAILED, "The picture is not here any more; please send it again.")
