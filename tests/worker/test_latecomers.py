"""Subjects that come in after the public model's release are predicted by it, by the rules of a publication."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select

from game.artifacts.folders import write_manifest
from game.artifacts.images import image_path
from game.errors import ArtifactError, NotFound
from game.levels import GoldUse
from game.prediction import open_model
from game.science.gold import GoldShare
from game.science.jobs import find_job, request_job
from game.science.latecomers import SUBJECTS_AT_ONCE, SUBJECTS_IN_ONE_JOB, CaughtUp, catch_up
from game.science.report import Report, StoppedError
from game.science.schedule import next_job
from game.science.state import project_state
from game.science.subjects import import_labelled_images, import_points
from game.science.work import Workplace
from game.store import reading, subjects, transaction
from game.store.tables import ExpertLabel, Prediction, Subject
from game.store.tables.publications import JobKind
from game.worker import Worker
from tests.science.conftest import Interloper
from tests.science.reef import MOOREA, destination, expert_rows, quiet, write_table
from tests.small_model import publish_folder, small_graph, write_small_model
from tests.worker.conftest import SLUG, id_of
from tests.worker.test_publish import gate, judge, priorities, published, write

Come = Callable[..., list[int]]


def write_seeing(place: Workplace, truth: dict[str, str], n_wrong: int, name: str) -> Path:
    """A model that errs on so many of the hold-out, and has a model.onnx besides."""
    write(place, truth, n_wrong, name)
    folder, labels = place.settings.models / SLUG / name, place.projects[SLUG].labels
    (folder / "model.onnx").write_bytes(small_graph(len(labels), None))
    named = [{"code": label.code, "name": label.name} for label in labels]
    (folder / "labels.json").write_text(json.dumps({"labels": named}))
    (folder / "preprocessing.json").write_text(json.dumps({"views": [{"name": "only", "side_px": None}]}))
    write_manifest(folder, {"release": 1}, {})
    return folder


@pytest.fixture
def folder(place: Workplace, truth: dict[str, str]) -> Path:
    """Of version 1, which is public."""
    made = write_seeing(place, truth, 9, "a")
    gate(place, "a")
    return made


@pytest.fixture
def come(place: Workplace, shared_data: Path, tmp_path: Path) -> Come:
    """Imports real pictures, half of them gold, and returns their subjects' ids."""

    def import_some(first: int = 0, n: int = 6) -> list[int]:
        pictures = sorted((shared_data / "koh_tao").glob("**/*.jpg"))[first : first + n]
        codes = [label.code for label in place.projects[SLUG].labels]
        rows = [[str(one.relative_to(shared_data)), codes[place % 2]] for place, one in enumerate(pictures)]
        table = write_table(tmp_path / "labels.csv", rows, "file,label")
        to = destination(place.store, place.settings.images, place.projects[SLUG])
        assert import_labelled_images(to, shared_data, table, GoldShare(0.5), quiet).n_taken == n
        with reading(place.store) as session:
            newest = select(Subject.id).where(Subject.project_id == id_of(session)).order_by(Subject.id.desc())
            return sorted(session.scalars(newest.limit(n)))

    return import_some


def catch(place: Workplace, report: Report | None = None) -> CaughtUp:
    settings = place.settings
    return catch_up(place.store, place.projects[SLUG], settings.models, settings.images, report or Report())


def predicted(place: Workplace) -> dict[int, tuple[int, list[float]]]:
    """Subject id → (model id, p (K,))."""
    with reading(place.store) as session:
        return {row.subject_id: (row.model_id, row.p) for row in session.scalars(select(Prediction))}


def picture_of(place: Workplace, subject_id: int) -> Path:
    with reading(place.store) as session:
        return image_path(place.settings.images, subjects.places(session, [subject_id])[subject_id].sha256)


def due(place: Workplace) -> JobKind | None:
    """But for what is due of answers and releases, which this is not about."""
    with reading(place.store) as session:
        state = project_state(session, place.projects[SLUG], place.clock())
    return next_job(replace(state, release=None, model_waits=False))[0]


def work(place: Workplace) -> str:
    with transaction(place.store) as session:
        job = request_job(session, JobKind.CATCH_UP, id_of(session), "A test.", {}, place.clock())
    Worker(place).take(job.code)
    with reading(place.store) as session:
        return find_job(session, job.code).text


def test_the_public_model_predicts_what_came_in_late_gold_too(place: Workplace, folder: Path, come: Come) -> None:
    before, late = predicted(place), come()
    assert catch(place) == CaughtUp(version=1, n_predicted=6, n_without=0, unseen=False)
    after, model = predicted(place), open_model(folder)
    assert {one: after[one] for one in before} == before, "what was said of the others stays"
    with reading(place.store) as session:
        hidden = session.scalars(select(ExpertLabel.subject_id).where(ExpertLabel.use == GoldUse.HIDDEN))
        assert set(late) & set(hidden)
    for one in late:
        assert after[one][1] == pytest.approx(model(picture_of(place, one).read_bytes(), None), abs=1e-6)


def test_done_again_it_changes_nothing(place: Workplace, folder: Path, come: Come) -> None:
    come()
    catch(place)
    before = predicted(place)
    assert catch(place) == CaughtUp(version=1, n_predicted=0, n_without=0, unseen=False)
    assert predicted(place) == before


def test_play_wants_them_as_soon_as_the_model_doubts_them(place: Workplace, folder: Path, come: Come) -> None:
    late = set(come())
    before = priorities(place)
    catch(place)
    after = priorities(place)
    assert late & after.keys()
    assert {one for one in after if after[one] != before[one]} == late & after.keys()


def test_it_is_asked_for_after_an_import_and_then_no_more(place: Workplace, folder: Path, come: Come) -> None:
    assert due(place) is None
    come()
    assert due(place) is JobKind.CATCH_UP
    assert work(place) == "Version 1 has predicted 6 more subjects."
    assert due(place) is None
    come(first=6, n=2)
    assert due(place) is JobKind.CATCH_UP


def test_without_a_public_model_nothing_is_asked(place: Workplace, come: Come) -> None:
    come()
    assert due(place) is None
    with pytest.raises(NotFound, match="no public model"):
        catch(place)


def test_the_next_public_version_predicts_them_anew(
    place: Workplace, folder: Path, come: Come, truth: dict[str, str]
) -> None:
    """Its release did not know them either."""
    late = come()
    catch(place)
    write_seeing(place, truth, 0, "b")
    second = gate(place, "b")
    assert not set(late) & predicted(place).keys()
    assert due(place) is JobKind.CATCH_UP
    assert catch(place).version == second.version == 2
    assert len({model_id for model_id, _ in predicted(place).values()}) == 1
    assert set(late) < predicted(place).keys()


def test_a_version_that_becomes_public_meanwhile_keeps_its_rows(
    place: Workplace, folder: Path, come: Come, truth: dict[str, str]
) -> None:
    late = come()
    write_seeing(place, truth, 0, "b")
    meanwhile = Interloper(lambda: gate(place, "b"), before=1)
    overtaken = replace(place, store=replace(place.store, writer=meanwhile))
    assert catch(overtaken) == CaughtUp(version=1, n_predicted=0, n_without=6, unseen=True)
    public = published(place)
    assert public
    assert public.version == 2
    assert not set(late) & predicted(place).keys()
    assert due(place) is JobKind.CATCH_UP


def test_what_the_folder_says_stands(place: Workplace, folder: Path) -> None:
    """Labels were added, and what is believed was thrown away: of what it has learned from the model is not asked."""
    before = predicted(place)
    with transaction(place.store) as session:
        session.execute(delete(Prediction))
    assert due(place) is JobKind.CATCH_UP
    assert catch(place) == CaughtUp(version=1, n_predicted=60, n_without=0, unseen=False)
    assert predicted(place) == before


def test_a_lost_picture_is_left_out_and_not_looked_for_every_minute(place: Workplace, folder: Path, come: Come) -> None:
    late = come()
    lost, cut = picture_of(place, late[1]), picture_of(place, late[2])
    lost.unlink()
    os.truncate(cut, 100)
    assert work(place).startswith("Version 1 has predicted 4 more subjects. 2 have no prediction yet")
    assert due(place) is None
    come(first=6, n=2)
    assert due(place) is JobKind.CATCH_UP, "an import is worth another look"


def test_a_model_of_before_there_was_a_model_onnx_is_not_asked(
    place: Workplace, truth: dict[str, str], come: Come
) -> None:
    judge(place, truth, n_wrong=3)
    come()
    assert "no model.onnx" in work(place)
    assert due(place) is None


def test_a_damaged_model_is_not_asked(place: Workplace, folder: Path, come: Come) -> None:
    come()
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        catch(place)
    assert "model.onnx" in work(place)
    assert due(place) is None, "it rests before the next try"


def test_many_are_looked_at_some_at_a_time_and_what_breaks_off_goes_on(
    place: Workplace, shared_data: Path, tmp_path: Path
) -> None:
    reef, n = replace(place, projects={SLUG: MOOREA}), SUBJECTS_AT_ONCE + SUBJECTS_IN_ONE_JOB + 100
    name = expert_rows(shared_data, 1, 1)[0][0]
    spots = np.random.default_rng(1).permutation(1000 * 1000)[:n]
    table = write_table(tmp_path / "points.csv", [[name, spot // 1000, spot % 1000, ""] for spot in spots])
    to = destination(place.store, place.settings.images)
    import_points(to, shared_data / "moorea_quadrats", table, GoldShare(0), quiet)
    made = write_small_model(tmp_path / "made", MOOREA)
    (made / "predictions.csv").write_text("subject\n")
    write_manifest(made, {"release": 1}, {})
    publish_folder(place.store, place.settings, MOOREA.slug, made)

    def broken(_share: float, text: str) -> None:
        if text.startswith(f"10 of {SUBJECTS_AT_ONCE} ") and len(predicted(place)) > 0:
            raise StoppedError("The job was stopped.")

    with pytest.raises(StoppedError):
        catch(reef, Report(echo=broken))
    assert len(predicted(place)) == SUBJECTS_AT_ONCE
    assert catch(reef) == CaughtUp(version=1, n_predicted=SUBJECTS_IN_ONE_JOB, n_without=100, unseen=True)
    assert catch(reef) == CaughtUp(version=1, n_predicted=100, n_without=0, unseen=False)
