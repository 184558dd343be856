"""The gate publishes what is better on the same hold-out; nothing that breaks off changes the public model."""

import pytest

from game.errors import ArtifactError, NotFound
from game.science import publish
from game.science.publish import HoldOut, ModelView, verdict
from game.science.work import Workplace
from game.store import beliefs, reading, rounds, subjects
from game.store.tables.publications import ModelState
from tests.worker.conftest import SLUG, add_release, id_of
from tests.worker.model_folders import write_model


def judge(place: Workplace, truth: dict[str, str], n_wrong: int, name: str = "a", release: int = 1) -> ModelView:
    """Writes a model that errs on `n_wrong` of 20 hold-out subjects, and brings it to the gate."""
    project = place.projects[SLUG]
    codes = [label.code for label in project.labels]
    held = dict(list(truth.items())[:20])
    wrong = {subject: codes[codes.index(held[subject]) - 1] for subject in list(held)[:n_wrong]}
    write_model(place.settings.models / SLUG / name, project, truth | wrong, held, release)
    return gate(place, name)


def gate(place: Workplace, name: str) -> ModelView:
    return publish.publish(place.store, place.projects[SLUG], place.settings.models, f"{SLUG}/{name}", place.clock())


def prediction_of(place: Workplace, subject: str) -> list[float] | None:
    with reading(place.store) as session:
        ids = {one.code: one.subject_id for one in subjects.places_of_project(session, id_of(session))}
        return beliefs.prediction(session, ids[subject])


def published(place: Workplace) -> ModelView | None:
    with reading(place.store) as session:
        return publish.published_model(session, place.projects[SLUG])


def priorities(place: Workplace) -> dict[int, float]:
    with reading(place.store) as session:
        finest = place.projects[SLUG].choice_sets[-1]
        return dict(rounds.open_subjects(session, id_of(session), finest, None, 1000))


def test_the_first_model_must_beat_the_commonest_label(place: Workplace, truth: dict[str, str]) -> None:
    assert judge(place, truth, n_wrong=20).state is ModelState.REJECTED
    first = judge(place, truth, n_wrong=3, name="b")
    assert (first.state, first.version) == (ModelState.PUBLISHED, 2)
    assert "recognises 17 of 20 hold-out subjects (85.0%), the commonest label alone" in first.reason


def test_a_better_model_replaces_the_published_one(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=3)
    add_release(place.store, place.clock())
    better = judge(place, truth, n_wrong=2, name="b", release=2)
    assert (better.state, better.release_version) == (ModelState.PUBLISHED, 2)
    assert "the published model 17 (85.0%)" in better.reason
    with reading(place.store) as session:
        states = [view.state for view in publish.models(session, place.projects[SLUG])]
    assert states == [ModelState.PUBLISHED, ModelState.REPLACED]


def test_a_model_that_is_only_as_good_is_rejected_with_the_figures(place: Workplace, truth: dict[str, str]) -> None:
    first = judge(place, truth, n_wrong=3)
    again = judge(place, truth, n_wrong=3, name="b")
    assert again.state is ModelState.REJECTED
    assert "17 of 20" in again.reason
    assert "it would have to be better" in again.reason
    assert published(place) == first


def test_the_published_models_predictions_are_rows(place: Workplace, truth: dict[str, str]) -> None:
    subject = list(truth)[-1]
    index = [label.code for label in place.projects[SLUG].labels].index(truth[subject])
    judge(place, truth, n_wrong=3)
    p = prediction_of(place, subject)
    assert p
    assert p[index] == 0.9
    assert sum(p) == pytest.approx(1)


def test_a_rejected_model_changes_no_prediction(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=3)
    subject = next(iter(truth))
    before = prediction_of(place, subject)
    judge(place, truth, n_wrong=20, name="b")
    assert prediction_of(place, subject) == before


def test_what_the_model_doubts_is_wanted_sooner(place: Workplace, truth: dict[str, str]) -> None:
    """The model is sure of all subjects alike, which leaves less to learn than before it: every priority falls."""
    before = priorities(place)
    judge(place, truth, n_wrong=3)
    after = priorities(place)
    assert before.keys() == after.keys()
    assert max(after.values()) < 1 <= min(before.values())


def test_the_same_folder_is_judged_once(place: Workplace, truth: dict[str, str]) -> None:
    first = judge(place, truth, n_wrong=3)
    assert gate(place, "a") == first


def test_a_damaged_folder_is_not_judged(place: Workplace, truth: dict[str, str]) -> None:
    project = place.projects[SLUG]
    folder = place.settings.models / SLUG / "a"
    write_model(folder, project, truth, dict(list(truth.items())[:20]))
    (folder / "model.safetensors").write_text("other")
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        gate(place, "a")
    assert published(place) is None


def test_a_model_of_another_database_is_refused(place: Workplace, truth: dict[str, str]) -> None:
    strange = {f"{place:012x}": label for place, label in enumerate(truth.values())}
    with pytest.raises(ArtifactError, match="does not fit the project"):
        judge(place, strange, n_wrong=3)
    with pytest.raises(ArtifactError, match="a release that this database does not know"):
        judge(place, truth, n_wrong=3, name="b", release=7)


def test_a_crash_half_way_leaves_the_published_model_as_it_was(place: Workplace, truth: dict[str, str]) -> None:
    """The database itself breaks off while the new predictions are written, after the old ones are gone."""
    first = judge(place, truth, n_wrong=3)
    subject = next(iter(truth))
    before = prediction_of(place, subject)
    with place.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX breaks_off ON predictions (model_id) WHERE model_id > 1")
    with pytest.raises(Exception, match=r"(?i)unique"):
        judge(place, truth, n_wrong=1, name="b")
    assert published(place) == first
    assert prediction_of(place, subject) == before
    with place.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DROP INDEX breaks_off")
    assert gate(place, "b").state is ModelState.PUBLISHED


def test_hold_out_and_predictions_are_not_for_the_public() -> None:
    assert not {"holdout.csv", "predictions.csv"} & set(publish.PUBLIC_FILES)


def test_a_version_that_there_is_not_is_not_found(place: Workplace) -> None:
    with pytest.raises(NotFound, match="no model of version 3"), reading(place.store) as session:
        publish.model_of(session, place.projects[SLUG], 3)


def test_two_models_are_compared_on_the_subjects_that_both_held_out() -> None:
    """Old: a and b right, c wrong. New: b and c right, d wrong. Both held out b and c: 2 right against 1."""
    old = HoldOut({"a": ("x", "x"), "b": ("x", "x"), "c": ("y", "x")})
    new = HoldOut({"b": ("x", "x"), "c": ("y", "y"), "d": ("y", "x")})
    better, reason = verdict(new, old)
    assert better
    assert "2 of 2" in reason
    assert "the published model 1 (50.0%)" in reason


def test_without_a_common_subject_the_commonest_label_is_the_rival() -> None:
    """New: 2 of 3 right; the commonest label x alone would get 2."""
    old = HoldOut({"z": ("x", "x")})
    better, reason = verdict(HoldOut({"a": ("x", "x"), "b": ("x", "y"), "c": ("y", "y")}), old)
    assert not better
    assert "the commonest label alone 2" in reason
