"""A job ends in words, whatever happens to it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from game.errors import Unavailable
from game.science import jobs
from game.science.jobs import JobView
from game.science.report import Report, StoppedError, pulse
from game.science.work import Workplace, do_job
from game.store import beliefs, models, subjects, transaction
from game.store.tables import Job
from game.store.tables.publications import JobKind, JobState
from game.store.witness import met_model
from tests.science.answers import say, volunteer
from tests.worker.conftest import SLUG, id_of
from tests.worker.model_folders import write_model


def begun(place: Workplace, kind: JobKind, request: dict[str, object] | None = None) -> JobView:
    with transaction(place.store) as session:
        return jobs.begin_job(session, kind, id_of(session), "A test.", dict(request or {}), place.clock())


def test_an_aggregation_ends_with_a_sentence(place: Workplace) -> None:
    ended = do_job(place, begun(place, JobKind.AGGREGATE), Report())
    assert (ended.state, ended.progress, ended.finished_at) == (JobState.DONE, 1.0, place.clock())
    assert ended.text.startswith("Weighed 0 answers")
    assert ended.text in ended.log


def test_each_line_of_a_log_says_how_long_the_job_had_been_at_work() -> None:
    now = iter([100.0, 100.04, 112.34])
    report = Report(clock=lambda: next(now))
    report.log("read: Reading the release")
    report.log("fit: Learning\n")
    assert report.take()[2] == "0.0 s: read: Reading the release\n12.3 s: fit: Learning\n"


def test_a_job_that_cannot_be_done_fails_with_the_reason(place: Workplace) -> None:
    ended = do_job(place, begun(place, JobKind.PUBLISH), Report())
    assert (ended.state, ended.text) == (JobState.FAILED, "No trained model waits to be compared.")


def test_a_job_of_a_project_whose_folder_is_gone_fails_with_the_reason(place: Workplace) -> None:
    ended = do_job(replace(place, projects={}), begun(place, JobKind.AGGREGATE), Report())
    assert ended.state is JobState.FAILED
    assert f"“{SLUG}” is gone from levels/" in ended.text


def test_a_training_says_at_its_end_what_it_did_without(place: Workplace, truth: dict[str, str]) -> None:
    """The model is there already, as after a worker's death; only the sentence is left to be said."""
    job = begun(place, JobKind.TRAIN)
    write_model(place.settings.models / SLUG / f"release-1-{job.code[:8]}", place.projects[SLUG], truth, truth)
    ended = do_job(place, job, Report())
    assert ended.text == (
        "Trained a model on release 1. Warning: no weights of resnet18 could be had, so a small, weaker network was "
        "taught from scratch."
    )


def test_a_bug_fails_the_job_and_leaves_its_trace_in_the_log(place: Workplace) -> None:
    def broken(_share: float, _text: str) -> None:
        raise ZeroDivisionError

    ended = do_job(place, begun(place, JobKind.AGGREGATE), Report(echo=broken))
    assert (ended.state, "ZeroDivisionError" in ended.text) == (JobState.FAILED, True)
    assert "Traceback" in ended.log


def test_a_model_that_is_published_is_heard_at_once(place: Workplace, truth: dict[str, str]) -> None:
    project = place.projects[SLUG]
    with transaction(place.store) as session:
        ids = {one.code: one.subject_id for one in subjects.places_of_project(session, id_of(session))}
    said = [(ids[code], label) for code, label in truth.items()]
    say(place.store, volunteer(place.store, "Ada"), said, project)
    do_job(place, begun(place, JobKind.AGGREGATE), Report())
    write_model(place.settings.models / SLUG / "a", project, truth, dict(list(truth.items())[:20]))
    ended = do_job(place, begun(place, JobKind.PUBLISH, {"model": f"{SLUG}/a"}), Report())
    assert ended.state is JobState.DONE, ended.text
    with transaction(place.store) as session:
        met = met_model(beliefs.latest_aggregate(session, id_of(session)))
        published = models.published_model(session, id_of(session))
        assert met is not None
        assert published is not None
        assert (met.model_id, met.version) == (published.id, 1)
        assert met.worth > 0


def test_a_stopped_job_goes_back_into_the_queue(place: Workplace) -> None:
    report = Report()
    report.stop()
    ended = do_job(place, begun(place, JobKind.AGGREGATE), report)
    assert (ended.state, ended.started_at) == (JobState.QUEUED, None)


@pytest.mark.parametrize("n_before", [0, jobs.MAX_INTERRUPTIONS])
def test_a_job_whose_database_went_away_begins_anew_at_once_but_not_for_ever(place: Workplace, n_before: int) -> None:
    def away(_share: float, _text: str) -> None:
        raise Unavailable("Nothing can be kept.")

    asked = begun(place, JobKind.AGGREGATE)
    with transaction(place.store) as session:
        session.query(Job).update({Job.result: {"interruptions": n_before}})
    ended = do_job(place, asked, Report(echo=away))
    assert ended.state is (JobState.FAILED if n_before else JobState.QUEUED)
    assert "Nothing can be kept." in ended.log


def test_who_gives_up_leaves_no_job_behind(place: Workplace) -> None:
    report = Report()
    report.stop()
    ended = do_job(place, begun(place, JobKind.AGGREGATE), report, give_up=True)
    assert (ended.state, ended.text) == (JobState.FAILED, "The job was stopped.")


def test_a_job_that_was_given_to_another_worker_stops(place: Workplace) -> None:
    job, report = begun(place, JobKind.TRAIN), Report()
    with pulse(place.store, job, report, place.clock):
        with transaction(place.store) as session:
            jobs.recover_jobs(session, place.clock() + jobs.SILENCE + timedelta(seconds=1))
        assert report.stopped.wait(timeout=10)
    with pytest.raises(StoppedError):
        report(0.5, "half")


def test_what_a_job_says_is_kept_at_its_end(place: Workplace) -> None:
    job, report = begun(place, JobKind.TRAIN), Report(clock=lambda: 0.0)
    with pulse(place.store, job, report, place.clock):
        report(0.25, "a quarter")
        report.log("begun")
    with transaction(place.store) as session:
        kept = jobs.find_job(session, job.code)
    assert (kept.progress, kept.text, kept.log) == (0.25, "a quarter", "0.0 s: begun\n")


def test_stopping_ends_what_the_job_waits_for() -> None:
    ended: list[str] = []
    report = Report()
    with report.ended_by(lambda: ended.append("first")):
        report.stop()
        with report.ended_by(lambda: ended.append("late")):
            pass
    assert ended == ["first", "late"]
