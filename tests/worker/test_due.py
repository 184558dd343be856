"""What is due is asked for, once; people's answers count towards a release, simulated volunteers' do not."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from game.play import accounts, rounds
from game.play.classify import Answer, classify
from game.science import decisions, jobs
from game.science.due import ask_for_what_is_due
from game.science.report import Report
from game.science.schedule import REST, TRIES, ProjectState, next_job, why_not_training
from game.science.state import project_state
from game.science.work import Workplace, do_job
from game.store import beliefs, reading, transaction
from game.store.tables.publications import JobKind, JobState
from tests.worker.conftest import SLUG, add_release, id_of


def ask(place: Workplace, later: timedelta = timedelta(0)) -> list[str]:
    """The kinds of all jobs that wait afterwards."""
    codes = ask_for_what_is_due(place.store, place.projects, place.clock() + later)
    with reading(place.store) as session:
        return sorted(jobs.find_job(session, code).kind for code in codes)


def due(place: Workplace, later: timedelta = timedelta(0)) -> JobKind | None:
    return next_job(state(place, later))[0]


def state(place: Workplace, later: timedelta = timedelta(0)) -> ProjectState:
    with reading(place.store) as session:
        return project_state(session, place.projects[SLUG], place.clock() + later)


def count(place: Workplace) -> None:
    """Aggregates, and counts what has moved since the last release."""
    with transaction(place.store) as session:
        job = jobs.begin_job(session, JobKind.AGGREGATE, id_of(session), "A test.", {}, place.clock())
    assert do_job(place, job, Report()).state is JobState.DONE


def play_round(place: Workplace, rng: np.random.Generator, *, simulated: bool = False) -> None:
    now = place.clock() + timedelta(seconds=1)
    project = place.projects[SLUG]
    with transaction(place.store) as session:
        player = accounts.create_guest(session, now, rng, simulated=simulated).id
        shown = rounds.start_round(session, project, player, None, now, rng)
        for subject in shown.subjects:
            answer = Answer(f"key-{subject.code}", subject.code, shown.choices[0].code, None, 500)
            classify(session, dict(place.projects), shown.code, player, answer, now)


def end(
    place: Workplace,
    kind: JobKind,
    *,
    failed: bool = False,
    accident: bool = False,
    result: dict[str, object] | None = None,
) -> None:
    with transaction(place.store) as session:
        job = jobs.begin_job(session, kind, id_of(session), "A test.", {}, place.clock())
        if failed or accident:
            jobs.fail_job(session, job, "It broke.", place.clock(), accident=accident)
        else:
            jobs.finish_job(session, job, dict(result or {}), place.clock())


def test_a_release_without_a_model_is_trained_on(place: Workplace) -> None:
    assert ask(place) == [JobKind.CLEAN_UP, JobKind.TRAIN]
    assert ask(place) == [JobKind.CLEAN_UP, JobKind.TRAIN], "nothing is asked for twice"


def test_a_trained_model_is_brought_to_the_gate(place: Workplace) -> None:
    end(place, JobKind.TRAIN, result={"release": 1, "model": f"{SLUG}/a"})
    assert ask(place) == [JobKind.CLEAN_UP, JobKind.PUBLISH]


def test_a_model_that_broke_the_gate_is_not_brought_again(place: Workplace) -> None:
    end(place, JobKind.TRAIN, result={"release": 1, "model": f"{SLUG}/a"})
    end(place, JobKind.PUBLISH, failed=True)
    assert ask(place) == [JobKind.CLEAN_UP]


def test_what_an_accident_ended_is_tried_again_after_a_rest_but_not_for_ever(place: Workplace) -> None:
    for _ in range(TRIES - 1):
        end(place, JobKind.TRAIN, accident=True)
        assert (due(place), due(place, REST)) == (None, JobKind.TRAIN)
    end(place, JobKind.TRAIN, accident=True)
    assert due(place, REST) is None


def test_a_model_that_an_accident_kept_from_the_gate_is_brought_there_again(place: Workplace) -> None:
    end(place, JobKind.TRAIN, result={"release": 1, "model": f"{SLUG}/a"})
    end(place, JobKind.PUBLISH, accident=True)
    assert (due(place), due(place, REST)) == (None, JobKind.PUBLISH)


def test_a_training_that_failed_is_tried_again_with_the_next_release(place: Workplace) -> None:
    end(place, JobKind.TRAIN, failed=True)
    assert ask(place) == [JobKind.CLEAN_UP]
    add_release(place.store, place.clock() + timedelta(hours=1))
    assert ask(place, later=timedelta(hours=1)) == [JobKind.CLEAN_UP, JobKind.TRAIN]


def test_a_training_with_wishes_that_failed_keeps_no_other_from_being_tried(place: Workplace) -> None:
    with transaction(place.store) as session:
        wished = {"release": 1, "wishes": {"method": "direct"}}
        job = jobs.begin_job(session, JobKind.TRAIN, id_of(session), "", wished, place.clock())
        jobs.fail_job(session, job, "Not possible.", place.clock())
    assert JobKind.TRAIN in ask(place)


def test_a_release_with_simulated_volunteers_is_trained_on_by_hand_only(place: Workplace) -> None:
    end(place, JobKind.TRAIN, result={"release": 1, "model": f"{SLUG}/a"})
    end(place, JobKind.PUBLISH, failed=True)
    add_release(place.store, place.clock() + timedelta(hours=1), includes_simulated=True)
    assert ask(place, later=timedelta(hours=2)) == [JobKind.CLEAN_UP]


def test_training_by_hand_on_another_release_does_not_count(place: Workplace) -> None:
    add_release(place.store, place.clock(), includes_simulated=True)
    end(place, JobKind.TRAIN, result={"release": 2, "model": f"{SLUG}/a"})
    end(place, JobKind.PUBLISH, failed=True)
    assert JobKind.TRAIN in ask(place)


def test_a_clean_up_is_due_once_a_day(place: Workplace) -> None:
    end(place, JobKind.TRAIN, failed=True)
    ask(place)
    with transaction(place.store) as session:
        job = jobs.begin_job(session, JobKind.CLEAN_UP, None, "", {}, place.clock())
        jobs.finish_job(session, job, {}, place.clock())
    assert ask(place, later=timedelta(hours=23)) == []
    assert ask(place, later=timedelta(hours=24)) == [JobKind.CLEAN_UP]


def test_peoples_answers_count_towards_aggregation_and_release(place: Workplace, rng: np.random.Generator) -> None:
    play_round(place, rng)
    seen = state(place)
    assert (seen.n_new, seen.n_answered, seen.n_changed) == (10, 0, 0), "the consensus has not been weighed yet"
    count(place)
    seen = state(place)
    assert 0 < seen.n_changed < 10, "gold does not count"
    assert seen.n_answered == seen.n_changed, "none of them has a label in the release"
    assert (seen.n_subjects, seen.n_gold) == (40, 20)


def test_a_project_rests_after_an_aggregation_nine_times_as_long_as_it_took(place: Workplace) -> None:
    assert state(place).aggregation_rests_until is None
    ended = place.clock() + timedelta(seconds=20)
    with transaction(place.store) as session:
        job = jobs.begin_job(session, JobKind.AGGREGATE, id_of(session), "A test.", {}, place.clock())
        jobs.finish_job(session, job, {}, ended)
    later = ended - place.clock()
    assert state(place, later).aggregation_rests_until == ended + timedelta(seconds=180)
    assert state(place).aggregation_rests_until is None, "the clock was set back"


def test_what_was_counted_since_an_older_release_counts_no_more(place: Workplace, rng: np.random.Generator) -> None:
    play_round(place, rng)
    count(place)
    add_release(place.store, place.clock() + timedelta(hours=1))
    assert (state(place).n_answered, state(place).n_changed) == (0, 0)


def test_a_project_may_wait_for_no_date(place: Workplace) -> None:
    assert state(place).release_due_at == place.clock() + timedelta(days=30)
    patient = replace(place.projects[SLUG], retrain_after_days=0)
    assert state(replace(place, projects={SLUG: patient})).release_due_at is None


def test_while_frozen_a_trained_model_is_not_brought_to_the_gate(place: Workplace) -> None:
    end(place, JobKind.TRAIN, result={"release": 1, "model": f"{SLUG}/a"})
    with transaction(place.store) as session:
        decisions.freeze(session, place.projects[SLUG], "ada", "The reef was relabelled.", place.clock())
    assert ask(place) == [JobKind.CLEAN_UP]
    assert "frozen by ada on 2026-11-18: “The reef was relabelled.”" in why_not_training(state(place))
    with transaction(place.store) as session:
        decisions.thaw(session, place.projects[SLUG], "ada", "Gold is mended.", place.clock())
    assert ask(place) == [JobKind.CLEAN_UP, JobKind.PUBLISH]


def test_simulated_answers_count_towards_aggregation_alone(place: Workplace, rng: np.random.Generator) -> None:
    play_round(place, rng, simulated=True)
    count(place)
    with reading(place.store) as session:
        latest = beliefs.latest_aggregate(session, id_of(session))
    assert latest
    assert (latest.n_answered, latest.n_moved) == (0, 0)
    assert (state(place).n_new, state(place).n_changed) == (10, 0)


def test_a_dead_workers_job_is_among_what_waits(place: Workplace) -> None:
    with transaction(place.store) as session:
        jobs.begin_job(session, JobKind.TRAIN, id_of(session), "A test.", {}, place.clock())
    assert JobKind.TRAIN not in ask(place)
    assert JobKind.TRAIN in ask(place, later=jobs.SILENCE + timedelta(seconds=1))


def test_a_project_without_subjects_asks_for_nothing(place: Workplace) -> None:
    alone = replace(place, projects={"moorea": place.projects["moorea"]})
    assert ask(alone) == [JobKind.CLEAN_UP]
    with reading(place.store) as session:
        assert not [job for job in jobs.latest_jobs(session) if job.state is not JobState.QUEUED]
