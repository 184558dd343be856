"""The schedule: what is due, and the one sentence that says why nothing is training."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from game.science.schedule import (
    AGGREGATE_AFTER,
    AGGREGATE_AFTER_ANSWERS,
    LONGEST_REST,
    PATIENCE,
    REST,
    Failure,
    ProjectState,
    ReleaseState,
    next_job,
    rest_after,
    why_not_training,
)
from game.store.tables.publications import JobKind

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)

# Three labels and 200 subjects: a release needs 20 subjects with a new or another consensus, training 9 labelled ones.
QUIET = ProjectState(
    n_labels=3, n_subjects=200, n_gold=50, n_new=0, n_answered=0, n_changed=0, aggregated_at=NOW,
    aggregation_rests_until=None, release=None, release_due_at=None, model_waits=False, frozen=None, n_unseen=0,
    busy=frozenset(), resting=frozenset(), waiting_since=None, now=NOW,
)  # fmt: skip
FRESH = ReleaseState(version=4, n_labelled=9, trained=False, failure=None)
TRAINED = replace(FRESH, trained=True)


def kind(state: ProjectState) -> JobKind | None:
    return next_job(state)[0]


def busy(state: ProjectState, *kinds: JobKind) -> ProjectState:
    return replace(state, busy=frozenset(kinds))


def test_nothing_is_due_when_nothing_happens() -> None:
    assert kind(QUIET) is None


def test_many_new_answers_are_aggregated_at_once() -> None:
    assert kind(replace(QUIET, n_new=AGGREGATE_AFTER_ANSWERS)) is JobKind.AGGREGATE
    assert kind(replace(QUIET, n_new=AGGREGATE_AFTER_ANSWERS - 1)) is None


def test_an_aggregation_that_took_long_is_not_begun_anew_before_others_had_nine_times_as_long() -> None:
    assert rest_after(timedelta(seconds=20)) == timedelta(seconds=180)
    # A clock was set forward by half a century while it worked.
    assert rest_after(timedelta(days=20_000)) == LONGEST_REST
    until = NOW + timedelta(seconds=1)
    resting = replace(QUIET, n_new=AGGREGATE_AFTER_ANSWERS, aggregation_rests_until=until)
    assert kind(resting) is None
    assert kind(replace(resting, now=until)) is JobKind.AGGREGATE
    # Nor for its age.
    assert kind(replace(resting, n_new=1, aggregated_at=NOW - AGGREGATE_AFTER)) is None


def test_a_single_new_answer_is_aggregated_after_a_while() -> None:
    rested = replace(QUIET, aggregated_at=NOW - AGGREGATE_AFTER)
    assert kind(replace(rested, n_new=1)) is JobKind.AGGREGATE
    assert kind(rested) is None


def test_the_first_answer_of_all_is_aggregated() -> None:
    assert kind(replace(QUIET, n_new=1, aggregated_at=None)) is JobKind.AGGREGATE


def test_a_release_is_due_when_the_consensus_of_a_tenth_of_the_subjects_is_new_or_another() -> None:
    assert kind(replace(QUIET, n_answered=190, n_changed=20)) is JobKind.RELEASE
    assert kind(replace(QUIET, n_answered=190, n_changed=19)) is None


def test_a_release_is_due_when_the_last_is_old_and_anybody_has_answered_since() -> None:
    old = replace(QUIET, release=TRAINED, release_due_at=NOW, n_answered=1)
    assert kind(old) is JobKind.RELEASE
    assert "long enough" in next_job(old)[1]
    assert kind(replace(old, n_answered=0)) is None
    assert kind(replace(old, release_due_at=NOW + timedelta(seconds=1))) is None
    assert kind(replace(old, resting=frozenset({JobKind.RELEASE}))) is None


def test_while_the_public_model_is_frozen_the_next_ones_are_trained_and_wait() -> None:
    waiting = replace(QUIET, release=TRAINED, model_waits=True, frozen="The public model was frozen by Ada.")
    assert kind(waiting) is None
    assert why_not_training(waiting) == "A trained model waits. The public model was frozen by Ada."
    assert kind(replace(waiting, release=FRESH)) is JobKind.TRAIN
    assert kind(replace(waiting, frozen=None)) is JobKind.PUBLISH


def test_no_model_is_judged_while_another_version_is_put_in_its_rivals_place() -> None:
    assert kind(busy(replace(QUIET, model_waits=True), JobKind.SWITCH)) is None


def test_what_came_in_late_is_looked_at_last_and_by_one_model() -> None:
    late = replace(QUIET, n_unseen=1)
    assert next_job(late) == (JobKind.CATCH_UP, "1 subjects came in after the public model's release.")
    assert kind(replace(late, n_new=200)) is JobKind.AGGREGATE
    assert kind(busy(late, JobKind.TRAIN, JobKind.AGGREGATE)) is JobKind.CATCH_UP
    for hindrance in (JobKind.CATCH_UP, JobKind.PUBLISH, JobKind.SWITCH):
        assert kind(busy(late, hindrance)) is None
    assert kind(replace(late, resting=frozenset({JobKind.CATCH_UP}))) is None


def test_a_project_without_subjects_never_needs_a_release() -> None:
    assert kind(replace(QUIET, n_subjects=0)) is None


def test_a_release_comes_after_the_aggregation_that_it_needs() -> None:
    changed = replace(QUIET, n_changed=200, n_new=200)
    assert kind(changed) is JobKind.AGGREGATE
    assert kind(busy(changed, JobKind.AGGREGATE)) is None


def test_a_new_release_with_enough_labelled_subjects_is_trained_on() -> None:
    assert kind(replace(QUIET, release=FRESH)) is JobKind.TRAIN
    assert kind(replace(QUIET, release=replace(FRESH, n_labelled=8))) is None


def test_no_release_is_trained_on_twice() -> None:
    assert kind(replace(QUIET, release=TRAINED)) is None


def test_nothing_is_trained_without_hidden_gold_to_judge_by() -> None:
    assert kind(replace(QUIET, release=FRESH, n_gold=0)) is None


def test_a_trained_model_goes_through_the_gate_before_anything_else() -> None:
    assert kind(replace(QUIET, release=TRAINED, model_waits=True, n_new=200, n_changed=200)) is JobKind.PUBLISH
    assert kind(busy(replace(QUIET, model_waits=True), JobKind.PUBLISH)) is None


def test_a_training_that_was_given_what_it_cannot_learn_from_waits_for_the_next_release() -> None:
    failed = replace(QUIET, release=replace(FRESH, failure=Failure("There is no gold.", None)))
    assert kind(failed) is None
    assert kind(replace(failed, n_changed=20)) is JobKind.RELEASE
    assert "failed: There is no gold. The next release" in why_not_training(failed)


def test_a_training_that_an_accident_ended_is_tried_again_after_a_rest() -> None:
    failed = replace(QUIET, release=replace(FRESH, failure=Failure("The disk is full.", NOW + REST)))
    assert kind(failed) is None
    assert "failed: The disk is full. It is tried again at 12:15 (UTC)." in why_not_training(failed)
    assert kind(replace(failed, now=NOW + REST)) is JobKind.TRAIN


def test_answers_are_aggregated_while_a_model_trains() -> None:
    training = busy(replace(QUIET, n_new=200, n_changed=200, release=FRESH), JobKind.TRAIN)
    assert kind(training) is JobKind.AGGREGATE
    assert kind(replace(training, n_new=0)) is None


def test_what_failed_lately_rests() -> None:
    assert kind(replace(QUIET, n_new=200, resting=frozenset({JobKind.AGGREGATE}))) is None
    assert kind(replace(QUIET, n_changed=200, resting=frozenset({JobKind.RELEASE}))) is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (replace(QUIET, n_subjects=0), "No subjects have been imported yet."),
        (replace(QUIET, n_gold=0), "There is no hidden gold"),
        (QUIET, "so far 0 (simulated volunteers do not count)"),
        (replace(QUIET, n_changed=7), "the consensus of 20 subjects new or another; so far 7"),
        (replace(QUIET, release_due_at=NOW), "or another, or from 2026-11-18 on with any new answer; so far 0"),
        (replace(QUIET, release=TRAINED), "The model of release 4, the newest, has been trained."),
        (replace(QUIET, release=replace(FRESH, n_labelled=3)), "has 3 labelled subjects; training needs 9"),
        (replace(QUIET, release=FRESH), "Training on release 4 is about to start."),
        (busy(QUIET, JobKind.TRAIN), "Training is running now."),
        (busy(QUIET, JobKind.RELEASE, JobKind.AGGREGATE), "running now: aggregate, release."),
        (busy(QUIET, JobKind.CATCH_UP, JobKind.PREDICT), "so far 0"),
        (replace(busy(QUIET, JobKind.TRAIN), waiting_since=NOW - PATIENCE), "waiting for 2 minutes and no worker"),
        (replace(busy(QUIET, JobKind.RELEASE), waiting_since=NOW - timedelta(hours=1)), "60 minutes and no worker"),
    ],
)
def test_one_sentence_says_why_nothing_is_training(state: ProjectState, words: str) -> None:
    assert words in why_not_training(state)
