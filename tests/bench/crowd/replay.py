"""Real answers revealed one after another, and what would have been published had they come in like that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scoring.arrays import Floats, Ints, Masks
from scoring.value import expected_gain
from tests.bench.crowd.data import UNKNOWN, CrowdSet, judged
from tests.bench.crowd.running import Running

N_REFITS = 20
# As the game does: schedule.AGGREGATE_AFTER_ANSWERS.
REFIT_AFTER = 200


@dataclass(frozen=True)
class Stops:
    """What was published when each subject stopped; where `stopped` is false the rest means nothing."""

    stopped: Masks  # (S,)
    confidence: Floats  # (S,)
    label: Ints  # (S,)
    revealed: Ints  # rows, in order


def stream(crowd: CrowdSet, order: Ints, gold: Ints, running: Running, at: float) -> Stops:
    """Answers come in `order` (N,); a subject whose published confidence reaches `at` takes no more of them.

    Answers to gold subjects always count, and gold never stops. Everything is refitted N_REFITS times.
    """
    stopped, confidence = np.zeros(crowd.n_subjects, bool), np.zeros(crowd.n_subjects)
    label, n = np.zeros(crowd.n_subjects, int), np.zeros(crowd.n_subjects, int)
    told = gold != UNKNOWN
    revealed: list[int] = []
    every = max(len(order) // N_REFITS, 1)

    def stop(subjects: Ints) -> None:
        top = running.posterior[subjects].max(axis=1)
        for subject, height in zip(subjects[top >= at], top[top >= at], strict=True):
            stopped[subject], confidence[subject] = True, height
            label[subject] = running.posterior[subject].argmax()

    for row in order.tolist():
        subject = crowd.subject[row]
        if stopped[subject]:
            continue
        revealed.append(row)
        n[subject] += 1
        if len(revealed) % every == 0:
            running.refit(np.array(revealed))
            stop(np.flatnonzero(~stopped & ~told & (n >= running.minimum)))
        elif running.add(row).max() >= at and not told[subject] and n[subject] >= running.minimum:
            stop(np.array([subject]))
    return Stops(stopped, confidence, label, np.array(revealed))


def promise(crowd: CrowdSet, gold: Ints, stops: Stops, at: float, *, states: bool = True) -> Floats:
    """(4,): claimed - true, at - true, share of the measured that stopped, answers per subject.

    A rule that `states` no confidence claims `at`. Where nothing stopped nothing was promised: 0, 0.
    """
    where = judged(crowd, gold)
    held = where[stops.stopped[where]]
    spent = len(stops.revealed) / crowd.n_subjects
    if len(held) == 0:
        return np.array([0.0, 0.0, 0.0, spent])
    true = float((stops.label[held] == crowd.true[held]).mean())
    claimed = float(stops.confidence[held].mean()) if states else at
    return np.array([claimed - true, at - true, len(held) / len(where), spent])


@dataclass
class State:
    """A pool of subjects whose remaining answers lie face down; what a policy may look at."""

    crowd: CrowdSet
    gold: Ints  # (S,)
    running: Running
    queues: list[list[int]]  # per subject the rows still face down, the next one last
    n: Ints  # (S,), answers revealed
    revealed: list[int] = field(default_factory=list)

    @property
    def posterior(self) -> Floats:
        """(S, K), as published now."""
        return self.running.posterior

    @property
    def left(self) -> Masks:
        """Subjects (S,) with answers still face down."""
        return np.array([len(queue) > 0 for queue in self.queues])

    @property
    def told(self) -> Masks:
        return np.asarray(self.gold != UNKNOWN)


Policy = Callable[[State], Ints]  # subjects that get one answer more; none of them: it is over
Watch = Callable[[State], None]


def face_down(crowd: CrowdSet, rng: np.random.Generator) -> list[list[int]]:
    """Per subject its rows in random order."""
    queues: list[list[int]] = [[] for _ in range(crowd.n_subjects)]
    for row in rng.permutation(crowd.n_answers).tolist():
        queues[crowd.subject[row]].append(row)
    return queues


def pool(
    crowd: CrowdSet, queues: list[list[int]], gold: Ints, policy: Policy, running: Running, watch: Watch | None = None
) -> State:
    """Reveals what the policy asks for, batch by batch, until it asks for nothing; returns how it ended.

    Everything is refitted after REFIT_AFTER answers, and at the end.
    """
    state = State(crowd, gold, running, [list(queue) for queue in queues], np.zeros(crowd.n_subjects, int))
    fitted = 0
    while len(asked := policy(state)):
        rows = [state.queues[subject].pop() for subject in asked.tolist()]
        state.revealed += rows
        state.n[asked] += 1
        if len(state.revealed) - fitted >= REFIT_AFTER:
            running.refit(np.array(state.revealed))
            fitted = len(state.revealed)
        else:
            for row in rows:
                running.add(row)
        if watch:
            watch(state)
    running.refit(np.array(state.revealed))
    return state


def round_robin(at: float, minimum: int = 1, maximum: int = 10**9) -> Policy:
    """One more answer for everybody whose confidence is below `at`; gold is asked as long as anybody is."""

    def policy(state: State) -> Ints:
        open_ = (state.posterior.max(axis=1) < at) | (state.n < minimum)
        asked = state.left & open_ & ~state.told & (state.n < maximum)
        return np.flatnonzero(asked | (state.told & state.left)) if asked.any() else np.array([], int)

    return policy


def largest_gain(share: float = 0.01) -> Policy:
    """Asks for the subjects, a hundredth at a time, where an answer is worth most (value.expected_gain, as in play).

    Where that is 0 the less certain subject comes first. Gold is asked as often as the others are on average. Never
    stops by itself: every point of the way is a result.
    """

    def policy(state: State) -> Ints:
        p, told = state.posterior, state.told
        each_label = np.eye(p.shape[1], dtype=np.bool_)
        gain = expected_gain(p, state.running.pooled, each_label) + 1e-3 * (1 - p.max(axis=1))
        gain[state.n == 0] += 1
        gain[~state.left | told] = -1
        size = max(int(share * len(p)), 1)
        best = np.argpartition(-gain, size)[:size]
        best = best[gain[best] >= 0]
        due = np.flatnonzero(told & state.left & (state.n < state.n[~told].mean()))
        return np.concatenate([best, due]) if len(best) else best

    return policy
