"""What passes the gate becomes public, in one transaction; nothing that breaks off changes the public model."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import event

from game.artifacts.folders import write_manifest
from game.errors import ArtifactError, NotFound, Unavailable
from game.science import publish
from game.science.decisions import decisions_of
from game.science.holdouts import read_hold_out
from game.science.publish import ModelView
from game.science.work import Workplace
from game.store import beliefs, open_store, reading, rounds, subjects
from game.store.tables.publications import DecisionKind, ModelState
from tests.science.conftest import Interloper
from tests.worker.conftest import SLUG, add_release, id_of
from tests.worker.model_folders import write_model


def judge(place: Workplace, truth: dict[str, str], n_wrong: int, name: str = "a", release: int = 1) -> ModelView:
    """Writes a model that errs on `n_wrong` of 20 hold-out subjects, and brings it to the gate."""
    write(place, truth, n_wrong, name, release)
    return gate(place, name)


def write(place: Workplace, truth: dict[str, str], n_wrong: int, name: str = "a", release: int = 1) -> None:
    project = place.projects[SLUG]
    codes = [label.code for label in project.labels]
    held = dict(list(truth.items())[:20])
    wrong = {subject: codes[codes.index(held[subject]) - 1] for subject in list(held)[:n_wrong]}
    write_model(place.settings.models / SLUG / name, project, truth | wrong, held, release)


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
    assert first.reasons[0].startswith("On 20 hold-out subjects in 20 images its macro-F1 is 0.8")
    assert "the commonest label, given always: 0.05" in first.reasons[0]


def test_a_label_that_is_never_given_is_among_the_reasons(place: Workplace, truth: dict[str, str]) -> None:
    assert not any("never gives" in reason for reason in judge(place, truth, n_wrong=3).reasons)
    project = place.projects[SLUG]
    first, second, *_ = project.labels
    said = {subject: second.code if label == first.code else label for subject, label in truth.items()}
    write_model(place.settings.models / SLUG / "b", project, said, dict(list(truth.items())[:20]))
    assert gate(place, "b").reasons[-1] == f"It never gives “{first.name}”: only answers that say so can teach it."


def test_a_better_model_replaces_the_published_one(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=9)
    add_release(place.store, place.clock())
    better = judge(place, truth, n_wrong=1, name="b", release=2)
    assert (better.state, better.release_version) == (ModelState.PUBLISHED, 2)
    assert "version 1: 0.5" in better.reasons[0]
    with reading(place.store) as session:
        states = [view.state for view in publish.models(session, place.projects[SLUG])]
    assert states == [ModelState.PUBLISHED, ModelState.REPLACED]


def test_a_model_that_is_better_by_luck_only_is_rejected_with_the_figures(
    place: Workplace, truth: dict[str, str]
) -> None:
    first = judge(place, truth, n_wrong=4)
    lucky = judge(place, truth, n_wrong=3, name="b")
    assert lucky.state is ModelState.REJECTED
    assert "luck alone could do that" in lucky.reason
    assert re.search(r"about \d+ hold-out subjects would show it", lucky.reason)
    assert published(place) == first


def test_the_same_folders_are_always_judged_alike(place: Workplace, truth: dict[str, str]) -> None:
    """A second database that knows the same two folders finds the same figures to the last digit."""
    judge(place, truth, n_wrong=9)
    second = judge(place, truth, n_wrong=8, name="b")
    paths = [place.settings.models / SLUG / name for name in ("b", "a")]
    holdouts = [read_hold_out(path) for path in paths]
    again = publish.judge(place.projects[SLUG], *holdouts, 1, publish._seed(*paths))
    assert second.verdict
    assert json.loads(json.dumps(again)) == second.verdict


def test_every_verdict_is_among_the_decisions(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=4)
    judge(place, truth, n_wrong=3, name="b")
    with reading(place.store) as session:
        newest, first = decisions_of(session, place.projects[SLUG])
    assert (newest.kind, newest.version, newest.by) == (DecisionKind.REJECTED, 2, "the gate")
    assert (first.kind, first.version, first.decided_at) == (DecisionKind.PUBLISHED, 1, place.clock())
    assert "luck alone could do that" in newest.why


def test_a_model_whose_files_are_lost_is_no_rival(place: Workplace, truth: dict[str, str]) -> None:
    judge(place, truth, n_wrong=3)
    shutil.rmtree(place.settings.models / SLUG / "a")
    assert judge(place, truth, n_wrong=4, name="b").state is ModelState.PUBLISHED


def test_a_model_that_becomes_public_meanwhile_is_the_one_to_beat(place: Workplace, truth: dict[str, str]) -> None:
    """Version 2 is being compared with the commonest label when version 1 becomes public: it is compared again."""
    write(place, truth, n_wrong=9, name="b")
    meanwhile = Interloper(lambda: judge(place, truth, n_wrong=1, name="a"), before=1)
    judged = gate(replace(place, store=replace(place.store, writer=meanwhile)), "b")
    assert (judged.version, judged.state) == (2, ModelState.REJECTED)
    assert "version 1" in judged.reason


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
    first = judge(place, truth, n_wrong=9)
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


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_the_published_model_as_it_was(place: Workplace, truth: dict[str, str]) -> None:
    """SQLite itself says “database or disk is full”: from now on the file may not grow."""
    first = judge(place, truth, n_wrong=9)
    subject = next(iter(truth))
    before = prediction_of(place, subject)
    write(place, truth, n_wrong=1, name="b")
    folder = place.settings.models / SLUG / "b"
    metrics = json.loads((folder / "metrics.json").read_text()) | {"large": "x" * 1_000_000}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_manifest(folder, {"release": 1}, {})
    full = open_store(str(place.store.engine.url))
    event.listen(full.engine, "connect", lambda opened, _: opened.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(Unavailable) as told:
        gate(replace(place, store=full), "b")
    assert "disk is full" in str(told.value.__cause__)
    full.engine.dispose()
    assert published(place) == first
    assert prediction_of(place, subject) == before
    assert gate(place, "b").state is ModelState.PUBLISHED, "with room again it is judged as if nothing had been"


def test_hold_out_and_predictions_are_not_for_the_public() -> None:
    assert not {"holdout.csv", "predictions.csv"} & set(publish.PUBLIC_FILES)


def test_a_version_that_there_is_not_is_not_found(place: Workplace) -> None:
    with pytest.raises(NotFound, match="no model of version 3"), reading(place.store) as session:
        publish.model_of(session, place.projects[SLUG], 3)
