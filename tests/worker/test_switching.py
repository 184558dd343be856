"""The science team may freeze, force and put back; whoever does is kept with the reason; nothing breaks half-way."""

from dataclasses import replace

import pytest

from game.errors import ArtifactError, Conflict, FathomError, InvalidInput, NotFound
from game.science import decisions, jobs
from game.science.decisions import DecisionView
from game.science.jobs import JobView
from game.science.publish import ModelView, models
from game.science.report import Report
from game.science.switching import Switch, make_switch, request_switch
from game.science.work import Workplace, do_job
from game.store import reading, transaction
from game.store.tables.publications import DecisionKind, JobKind, JobState, ModelState
from tests.worker.conftest import SLUG, id_of
from tests.worker.test_publish import gate, judge, prediction_of, priorities, published, write

WHY = "Its corals are far better, says the survey."


def ask(place: Workplace, version: int, why: str = WHY) -> JobView:
    with transaction(place.store) as session:
        return request_switch(session, place.projects[SLUG], Switch(version, "ada", why), place.clock())


def switch(place: Workplace, version: int) -> ModelView:
    asked = Switch(version, "ada", WHY)
    return make_switch(place.store, place.projects[SLUG], place.settings.models, asked, place.clock())


def log(place: Workplace) -> list[DecisionView]:
    with reading(place.store) as session:
        return decisions.decisions_of(session, place.projects[SLUG])


def states(place: Workplace) -> list[ModelState]:
    """Oldest version first."""
    with reading(place.store) as session:
        return [view.state for view in reversed(models(session, place.projects[SLUG]))]


def freeze(place: Workplace) -> None:
    with transaction(place.store) as session:
        decisions.freeze(session, place.projects[SLUG], "ada", "The gold is being mended.", place.clock())


def state_after(kinds: list[tuple[DecisionKind, int]]) -> dict[int, ModelState]:
    """What a model's state must be, replayed from the decisions, oldest first."""
    found: dict[int, ModelState] = {}
    for kind, version in kinds:
        if kind is DecisionKind.REJECTED:
            found[version] = ModelState.REJECTED
        else:
            found = {one: ModelState.REPLACED if s is ModelState.PUBLISHED else s for one, s in found.items()}
            found[version] = ModelState.PUBLISHED
    return found


@pytest.fixture
def two(place: Workplace, truth: dict[str, str]) -> Workplace:
    """Version 1 is public, version 2 was rejected."""
    judge(place, truth, n_wrong=3)
    judge(place, truth, n_wrong=9, name="b")
    return place


def test_a_rejected_version_is_published_anyway_with_its_predictions(two: Workplace, truth: dict[str, str]) -> None:
    subject = list(truth)[5]
    before, wanted = prediction_of(two, subject), priorities(two)
    forced = switch(two, 2)
    assert states(two) == [ModelState.REPLACED, ModelState.PUBLISHED]
    assert prediction_of(two, subject) != before
    assert (log(two)[0].kind, log(two)[0].version, log(two)[0].by, log(two)[0].why) == (
        DecisionKind.FORCED, 2, "ada", WHY,
    )  # fmt: skip
    assert "luck alone" not in forced.reason
    assert "not better" in forced.reason, "the gate's reasons stay"
    assert priorities(two).keys() == wanted.keys()


def test_rolling_back_brings_the_old_predictions_back(two: Workplace, truth: dict[str, str]) -> None:
    before = {subject: prediction_of(two, subject) for subject in truth}
    switch(two, 2)
    assert switch(two, 1).state is ModelState.PUBLISHED
    assert {subject: prediction_of(two, subject) for subject in truth} == before
    assert log(two)[0].kind is DecisionKind.PUT_BACK


def test_states_are_what_the_decisions_come_to(two: Workplace, truth: dict[str, str]) -> None:
    switch(two, 2)
    switch(two, 1)
    switch(two, 2)
    judge(two, truth, n_wrong=1, name="c")
    replayed = state_after([(one.kind, one.version or 0) for one in reversed(log(two))])
    assert [replayed[version] for version in sorted(replayed)] == states(two)
    assert states(two)[-1] is ModelState.PUBLISHED


def test_a_switch_is_a_job_that_says_who_and_why(two: Workplace) -> None:
    job = ask(two, 2)
    with transaction(two.store) as session:
        claimed = jobs.claim_job(session, job.code, two.clock())
    assert claimed
    ended = do_job(two, claimed, Report())
    assert (ended.state, ended.text) == (JobState.DONE, f"Version 2 is public, as ada decided: {WHY}")
    assert ended.reason == f"ada: {WHY}"


def test_a_switch_that_is_done_again_decides_nothing_twice(two: Workplace) -> None:
    switch(two, 2)
    n = len(log(two))
    assert switch(two, 2).state is ModelState.PUBLISHED
    assert len(log(two)) == n


def test_lost_files_leave_everything_as_it_was(two: Workplace, truth: dict[str, str]) -> None:
    first, before = published(two), prediction_of(two, next(iter(truth)))
    (two.settings.models / SLUG / "b" / "predictions.csv").unlink()
    with pytest.raises(ArtifactError):
        switch(two, 2)
    assert published(two) == first
    assert prediction_of(two, next(iter(truth))) == before
    assert len(log(two)) == 2


def test_a_crash_half_way_leaves_everything_as_it_was(two: Workplace, truth: dict[str, str]) -> None:
    first, before = published(two), prediction_of(two, next(iter(truth)))
    with two.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX breaks_off ON predictions (model_id) WHERE model_id > 1")
    with pytest.raises(Exception, match=r"(?i)unique"):
        switch(two, 2)
    assert published(two) == first
    assert prediction_of(two, next(iter(truth))) == before
    with two.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DROP INDEX breaks_off")


@pytest.mark.parametrize(
    ("version", "why", "error", "words"),
    [
        (1, WHY, Conflict, "the public model already"),
        (7, WHY, NotFound, "no model of version 7"),
        (2, "so", InvalidInput, "Say why in 5 to 500 characters"),
        (2, "x" * 501, InvalidInput, "Say why"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words(
    two: Workplace, version: int, why: str, error: type[FathomError], words: str
) -> None:
    with pytest.raises(error, match=words):
        ask(two, version, why)


def test_of_two_wishes_at_once_the_second_waits(two: Workplace, truth: dict[str, str]) -> None:
    judge(two, truth, n_wrong=10, name="c")
    first = ask(two, 2)
    assert ask(two, 2).code == first.code
    with pytest.raises(Conflict, match="Version 2 is on its way already"):
        ask(two, 3)


def test_while_frozen_nothing_new_becomes_public_and_what_was_may_be_put_back(
    two: Workplace, truth: dict[str, str]
) -> None:
    switch(two, 2)
    judge(two, truth, n_wrong=11, name="c")
    freeze(two)
    with pytest.raises(Conflict, match=r"frozen by ada on 2026-11-18: “The gold is being mended\.” Thaw it first"):
        ask(two, 3)
    assert switch(two, 1).state is ModelState.PUBLISHED


def test_a_model_that_is_brought_to_the_gate_by_hand_waits_while_frozen(two: Workplace, truth: dict[str, str]) -> None:
    freeze(two)
    write(two, truth, n_wrong=0, name="c")
    with transaction(two.store) as session:
        request = {"model": f"{SLUG}/c"}
        job = jobs.begin_job(session, JobKind.PUBLISH, id_of(session), "", request, two.clock())
    ended = do_job(two, job, Report())
    assert (ended.state, ended.result) == (JobState.DONE, {})
    assert ended.text.endswith("“The gold is being mended.” The new model waits.")
    assert len(states(two)) == 2
    with transaction(two.store) as session:
        decisions.thaw(session, two.projects[SLUG], "ada", "It is mended.", two.clock())
    assert gate(two, "c").version == 3


def test_freezing_twice_or_thawing_what_flows_is_refused(place: Workplace) -> None:
    project = place.projects[SLUG]
    with pytest.raises(Conflict, match="is not frozen"), transaction(place.store) as session:
        decisions.thaw(session, project, "ada", "Why not?", place.clock())
    freeze(place)
    with pytest.raises(Conflict, match="frozen already"):
        freeze(place)
    with pytest.raises(NotFound, match="has no subjects yet"), transaction(place.store) as session:
        decisions.freeze(session, place.projects["moorea"], "ada", "Why not?", place.clock())


def test_reasons_stand_on_one_line(place: Workplace) -> None:
    with transaction(place.store) as session:
        decisions.freeze(session, place.projects[SLUG], "ada", " Wait\n for  gold. ", place.clock())
    assert log(place)[0].why == "Wait for gold."


def test_an_interrupted_switch_is_taken_up_again(two: Workplace) -> None:
    """Its worker died after the rows had changed, while priorities were being renewed."""
    job = ask(two, 2)
    with transaction(two.store) as session:
        assert jobs.claim_job(session, job.code, two.clock())
    switch(two, 2)
    later = replace(two, clock=lambda: two.clock() + jobs.SILENCE * 2)
    with transaction(two.store) as session:
        jobs.recover_jobs(session, later.clock())
        again = jobs.claim_job(session, job.code, later.clock())
    assert again
    assert do_job(later, again, Report()).state is JobState.DONE
    assert [one.kind for one in log(two)].count(DecisionKind.FORCED) == 1
