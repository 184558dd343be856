"""What the worker should do next for a project, and why it is not training: pure decisions, no clock, no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from game.store.tables.publications import JobKind

AGGREGATE_AFTER_ANSWERS = 200
AGGREGATE_AFTER = timedelta(minutes=5)
# Each aggregation weighs all answers anew, and takes longer the more there are: it may take this share of the time.
AGGREGATING_SHARE = 0.1
# Whatever a clock says that was set meanwhile.
LONGEST_REST = timedelta(hours=2)
# A release is due once people's answers have made the consensus of this share of the subjects new or another.
RELEASE_SHARE = 0.1
# Subjects with a consensus, for each label, from which on a training is worth its minute; whoever asks for one by hand
# gets it from fewer. What so few teach, and that the gate is no less strict with them: docs/methods.md.
LABELLED_PER_LABEL = 3
# A waiting job that no worker has taken after this long means that there is no worker.
PATIENCE = timedelta(minutes=2)
# A step that failed is not tried again before this has passed.
REST = timedelta(minutes=15)
# What failed by accident (a killed trainer, a full disk) is tried so often; then it may be what is done itself.
TRIES = 3

# Each of these reads what the one before it wrote.
CHAIN = frozenset({JobKind.RELEASE, JobKind.TRAIN, JobKind.PUBLISH, JobKind.SWITCH})
# While these run nobody knows which model is asked.
CHANGE_MODEL = frozenset({JobKind.PUBLISH, JobKind.SWITCH})
# A training waits for these; a picture on trial, or subjects that came in late, are no hindrance.
BEFORE_TRAINING = CHAIN | {JobKind.AGGREGATE}


@dataclass(frozen=True)
class Failure:
    """Why the last try failed; `again_at`: when the next one is due, None if it would fail alike."""

    text: str
    again_at: datetime | None

    def keeps_waiting(self, now: datetime) -> bool:
        return self.again_at is None or now < self.again_at


@dataclass(frozen=True)
class ReleaseState:
    """The newest release of people's answers: how many subjects have a label in it, and what became of its training.

    One that counts simulated volunteers is trained on by hand only. `failure`: of the last training on it.
    """

    version: int
    n_labelled: int
    trained: bool
    failure: Failure | None


@dataclass(frozen=True)
class ProjectState:
    """All that the schedule looks at.

    `n_subjects` and `n_changed` count subjects that are not gold, `n_gold` hidden gold. `n_new`: answers since the
    last aggregation; counting may stop at AGGREGATE_AFTER_ANSWERS. None is due before `aggregation_rests_until`.
    Since the last release people, not simulated volunteers, answered `n_answered` subjects, and the consensus of
    `n_changed` subjects, these or others, is new or another; `release_due_at`: when the next one is due for its age
    alone. `model_waits`: one is trained and the gate has not judged it; `frozen`: who keeps it from being public,
    in a sentence. `n_unseen`: subjects that the public model has not been asked about, as they came in after its
    release. `busy`: kinds of jobs that wait or run; `resting`: kinds that failed lately. `waiting_since`: when the
    oldest of those that wait was asked for.
    """

    n_labels: int
    n_subjects: int
    n_gold: int
    n_new: int
    n_answered: int
    n_changed: int
    aggregated_at: datetime | None
    aggregation_rests_until: datetime | None
    release: ReleaseState | None
    release_due_at: datetime | None
    model_waits: bool
    frozen: str | None
    n_unseen: int
    busy: frozenset[JobKind]
    resting: frozenset[JobKind]
    waiting_since: datetime | None
    now: datetime

    @property
    def n_changed_needed(self) -> int:
        return max(ceil(RELEASE_SHARE * self.n_subjects), 1)

    @property
    def n_labelled_needed(self) -> int:
        return LABELLED_PER_LABEL * self.n_labels


def next_job(state: ProjectState) -> tuple[JobKind | None, str]:
    """The most urgent job that can begin now and why, or None and what is being waited for."""
    release = state.release
    chain_is_free = not state.busy & CHAIN
    if chain_is_free and state.model_waits and state.frozen is None:
        return JobKind.PUBLISH, "A trained model waits to be compared with the published one."
    if chain_is_free and release is not None and why_not_training_on(state, release) is None:
        return JobKind.TRAIN, f"Release {release.version} has {release.n_labelled} labelled subjects and no model yet."
    if JobKind.AGGREGATE not in state.busy | state.resting and _aggregation_is_due(state):
        n_new = f"{state.n_new}{' or more' if state.n_new >= AGGREGATE_AFTER_ANSWERS else ''}"
        return JobKind.AGGREGATE, f"{n_new} answers came in since the last aggregation."
    if chain_is_free and JobKind.AGGREGATE not in state.busy and _release_is_due(state):
        return JobKind.RELEASE, _why_a_release(state)
    if _catching_up_is_due(state):
        return JobKind.CATCH_UP, f"{state.n_unseen} subjects came in after the public model's release."
    return None, why_not_training(state)


def rest_after(taken: timedelta) -> timedelta:
    """How long a project rests whose aggregation took so long."""
    return min(min(taken, LONGEST_REST) * (1 / AGGREGATING_SHARE - 1), LONGEST_REST)


def why_not_training(state: ProjectState) -> str:
    """One sentence for the operator."""
    if JobKind.TRAIN in state.busy:
        return _why_waiting(state) or "Training is running now."
    if state.n_subjects == 0:
        return "No subjects have been imported yet."
    if state.n_gold == 0:
        return "There is no hidden gold, so no model could be judged: import subjects with expert labels."
    if state.busy & BEFORE_TRAINING:
        busy = ", ".join(sorted(state.busy & BEFORE_TRAINING))
        return _why_waiting(state) or f"Another step comes first and is running now: {busy}."
    if state.model_waits and state.frozen is not None:
        return f"A trained model waits. {state.frozen}"
    if state.release is not None:
        reason = why_not_training_on(state, state.release)
        if reason is None:
            return f"Training on release {state.release.version} is about to start."
        return f"{reason} {_until_next_release(state)}"
    return f"There is no release of people's answers to train on yet. {_until_next_release(state)}"


def why_not_training_on(state: ProjectState, release: ReleaseState) -> str | None:
    """None when training on this release can begin."""
    if release.trained:
        return f"The model of release {release.version}, the newest, has been trained."
    if release.failure is not None and release.failure.keeps_waiting(state.now):
        at = release.failure.again_at
        again = "" if at is None else f" It is tried again at {at:%H:%M} (UTC)."
        return f"Training on release {release.version} failed: {release.failure.text}{again}"
    if state.n_gold == 0:
        return "There is no hidden gold, so no model could be judged."
    if release.n_labelled < state.n_labelled_needed:
        return (
            f"Release {release.version} has {release.n_labelled} labelled subjects; "
            f"training needs {state.n_labelled_needed}."
        )
    return None


def _aggregation_is_due(state: ProjectState) -> bool:
    if state.aggregation_rests_until is not None and state.now < state.aggregation_rests_until:
        return False
    if state.n_new >= AGGREGATE_AFTER_ANSWERS:
        return True
    rested = state.aggregated_at is None or state.now - state.aggregated_at >= AGGREGATE_AFTER
    return state.n_new > 0 and rested


def _release_is_due(state: ProjectState) -> bool:
    """Without a single answer of people since the last one another would be the same."""
    if JobKind.RELEASE in state.resting or state.n_subjects == 0:
        return False
    is_old = state.release_due_at is not None and state.now >= state.release_due_at
    return state.n_changed >= state.n_changed_needed or (is_old and state.n_answered > 0)


def _catching_up_is_due(state: ProjectState) -> bool:
    hindered = JobKind.CATCH_UP in state.busy | state.resting or state.busy & CHANGE_MODEL
    return state.n_unseen > 0 and not hindered


def _why_a_release(state: ProjectState) -> str:
    moved = f"People's answers since the last release made the consensus of {state.n_changed} subjects new or another"
    if state.n_changed >= state.n_changed_needed:
        return f"{moved}; {state.n_changed_needed} of {state.n_subjects} are enough for the next one."
    return f"{moved}; that is few, but it has been long enough since."


def _until_next_release(state: ProjectState) -> str:
    due = state.release_due_at
    or_by_date = "" if due is None else f", or from {due:%Y-%m-%d} on with any new answer"
    return (
        f"The next release comes when people's answers have made the consensus of {state.n_changed_needed} subjects "
        f"new or another{or_by_date}; so far {state.n_changed} (simulated volunteers do not count)."
    )


def _why_waiting(state: ProjectState) -> str | None:
    if state.waiting_since is None or state.now - state.waiting_since < PATIENCE:
        return None
    minutes = int((state.now - state.waiting_since).total_seconds() // 60)
    return f"A job has been waiting for {minutes} minutes and no worker takes it: start one with `fathom worker`."
