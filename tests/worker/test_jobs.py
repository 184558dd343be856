"""Jobs are asked for once, done by one worker, and outlive any worker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from game.errors import Conflict
from game.science import jobs
from game.science.jobs import JobView
from game.store import Store, reading, subjects, transaction
from game.store.jobs import queued_codes
from game.store.tables.publications import JobKind, JobState

LATER = jobs.SILENCE + timedelta(seconds=1)


@pytest.fixture
def project_id(store: Store, now: datetime) -> int:
    with transaction(store) as session:
        return subjects.add_project(session, "reef", ["coral", "sand"], now).id


@pytest.fixture
def other_id(store: Store, project_id: int, now: datetime) -> int:
    with transaction(store) as session:
        return subjects.add_project(session, "plankton", ["ciliate", "diatom"], now).id


def ask(
    store: Store, kind: JobKind, project_id: int | None, now: datetime, request: dict[str, str] | None = None
) -> JobView:
    with transaction(store) as session:
        return jobs.request_job(session, kind, project_id, "A test.", dict(request or {}), now)


def claim(store: Store, job: JobView, now: datetime) -> JobView | None:
    with transaction(store) as session:
        return jobs.claim_job(session, job.code, now)


def found(store: Store, job: JobView) -> JobView:
    with reading(store) as session:
        return jobs.find_job(session, job.code)


def test_a_job_that_waits_is_not_asked_for_twice(store: Store, project_id: int, now: datetime) -> None:
    first = ask(store, JobKind.AGGREGATE, project_id, now)
    assert ask(store, JobKind.AGGREGATE, project_id, now).code == first.code
    assert first.project == "reef"


def test_a_job_that_runs_is_not_asked_for_twice(store: Store, project_id: int, now: datetime) -> None:
    first = ask(store, JobKind.TRAIN, project_id, now)
    claim(store, first, now)
    assert ask(store, JobKind.TRAIN, project_id, now).code == first.code


def test_a_job_that_ended_can_be_asked_for_again(store: Store, project_id: int, now: datetime) -> None:
    first = claim(store, ask(store, JobKind.AGGREGATE, project_id, now), now)
    assert first
    with transaction(store) as session:
        assert jobs.finish_job(session, first, {"n": 1}, now)
    assert ask(store, JobKind.AGGREGATE, project_id, now).code != first.code
    assert found(store, first).result == {"n": 1}


def test_work_on_all_projects_is_not_asked_for_twice(store: Store, now: datetime) -> None:
    assert ask(store, JobKind.CLEAN_UP, None, now).code == ask(store, JobKind.CLEAN_UP, None, now).code


def test_two_pictures_to_predict_are_two_jobs(store: Store, project_id: int, now: datetime) -> None:
    first = ask(store, JobKind.PREDICT, project_id, now, {"upload": "a"})
    assert ask(store, JobKind.PREDICT, project_id, now, {"upload": "b"}).code != first.code
    assert ask(store, JobKind.PREDICT, project_id, now, {"upload": "a"}).code == first.code


def test_of_many_workers_one_gets_the_job(store: Store, project_id: int, now: datetime) -> None:
    job = ask(store, JobKind.RELEASE, project_id, now)
    with ThreadPoolExecutor(8) as workers:
        claimed = list(workers.map(lambda _: claim(store, job, now), range(8)))
    assert [one.code for one in claimed if one] == [job.code]


def test_of_many_askers_all_get_the_same_job(store: Store, project_id: int, now: datetime) -> None:
    with ThreadPoolExecutor(8) as askers:
        asked = list(askers.map(lambda _: ask(store, JobKind.RELEASE, project_id, now), range(8)))
    assert len({job.code for job in asked}) == 1


def test_training_waits_for_any_other_training(store: Store, project_id: int, other_id: int, now: datetime) -> None:
    claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert claim(store, ask(store, JobKind.TRAIN, other_id, now), now) is None


def test_aggregation_waits_only_for_its_own_project(
    store: Store, project_id: int, other_id: int, now: datetime
) -> None:
    claim(store, ask(store, JobKind.AGGREGATE, project_id, now), now)
    assert claim(store, ask(store, JobKind.AGGREGATE, other_id, now), now)


def test_predictions_wait_for_nobody(store: Store, project_id: int, now: datetime) -> None:
    claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert claim(store, ask(store, JobKind.PREDICT, project_id, now, {"upload": "a"}), now)
    assert claim(store, ask(store, JobKind.PREDICT, project_id, now, {"upload": "b"}), now)


def test_who_begins_a_job_at_once_takes_the_one_that_waits(store: Store, project_id: int, now: datetime) -> None:
    waiting = ask(store, JobKind.AGGREGATE, project_id, now)
    with transaction(store) as session:
        begun = jobs.begin_job(session, JobKind.AGGREGATE, project_id, "By hand.", {}, now)
    assert (begun.code, begun.state) == (waiting.code, JobState.RUNNING)


def test_nobody_begins_what_is_running_already(store: Store, project_id: int, now: datetime) -> None:
    claim(store, ask(store, JobKind.AGGREGATE, project_id, now), now)
    with pytest.raises(Conflict, match="running"), transaction(store) as session:
        jobs.begin_job(session, JobKind.AGGREGATE, project_id, "By hand.", {}, now)
    with reading(store) as session:
        assert queued_codes(session) == []


def test_a_job_that_is_renewed_is_left_alone(store: Store, project_id: int, now: datetime) -> None:
    job = claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert job
    with transaction(store) as session:
        assert jobs.renew_job(session, job, 0.5, "half", "step one\n", now + LATER)
    with transaction(store) as session:
        assert jobs.recover_jobs(session, now + LATER) == []
    kept = found(store, job)
    assert (kept.progress, kept.text, kept.log) == (0.5, "half", "step one\n")


def test_a_job_whose_worker_died_waits_again(store: Store, project_id: int, now: datetime) -> None:
    job = claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert job
    with transaction(store) as session:
        jobs.recover_jobs(session, now + LATER)
    assert found(store, job).state is JobState.QUEUED
    with transaction(store) as session:
        assert not jobs.renew_job(session, job, 0.9, "", "", now + LATER), "the dead worker has come back too late"
    again = claim(store, job, now + LATER)
    assert again
    with transaction(store) as session:
        assert not jobs.finish_job(session, job, {}, now + LATER), "only the newest claim counts"
        assert jobs.finish_job(session, again, {}, now + LATER)


def test_a_job_that_outlives_too_many_workers_fails_in_words(store: Store, project_id: int, now: datetime) -> None:
    job = ask(store, JobKind.TRAIN, project_id, now)
    for n in range(jobs.MAX_INTERRUPTIONS + 1):
        begun = now + n * 2 * LATER
        assert claim(store, job, begun)
        with transaction(store) as session:
            jobs.recover_jobs(session, begun + LATER)
    assert found(store, job).state is JobState.FAILED
    assert "died 3 times" in found(store, job).text


def test_a_job_of_a_worker_that_was_told_to_stop_waits_again(store: Store, project_id: int, now: datetime) -> None:
    job = claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert job
    with transaction(store) as session:
        assert jobs.put_back(session, job, now)
    with reading(store) as session:
        assert queued_codes(session) == [job.code]


def test_a_log_keeps_its_end(store: Store, project_id: int, now: datetime) -> None:
    job = claim(store, ask(store, JobKind.TRAIN, project_id, now), now)
    assert job
    with transaction(store) as session:
        jobs.renew_job(session, job, 0.0, "", "x" * jobs.LOG_CHARACTERS + "the end", now)
    assert found(store, job).log.endswith("the end")
    assert len(found(store, job).log) == jobs.LOG_CHARACTERS
