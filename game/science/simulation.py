"""Simulated volunteers: each errs by a confusion matrix of her own, and plays through the real server.

The same seed draws the same matrices and the same misreadings. Which subjects a volunteer is handed depends on what the
others have answered by then, so that two runs in which several play at once are alike, not equal.
"""

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from game.errors import Conflict
from game.levels import GoldUse, Level, Project
from game.science.doors import Door, HttpDoor, LostError, SocketDoor
from game.store import Store, reading, rounds, subjects, transaction
from scoring.arrays import Floats

# How many play at the same moment.
HANDS = 8
# A server that was killed gets this long to come back.
PATIENCE_S = 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0

T = TypeVar("T")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Crowd:
    """`reliability`: the volunteers' mean diagonals are uniform between these two, in [0, 1]."""

    n_volunteers: int
    n_answers: int
    seed: int
    reliability: tuple[float, float] = (0.45, 0.95)


@dataclass(frozen=True)
class SimulationReport:
    """`acknowledged`: the key of every answer that the server said it keeps; `n_lost`: how often the line broke."""

    acknowledged: tuple[str, ...]
    n_rounds: int
    n_lost: int
    duration_s: float

    @property
    def answers_per_s(self) -> float:
        return len(self.acknowledged) / max(self.duration_s, 1e-9)


@dataclass(frozen=True)
class Server:
    """Where the volunteers play, and the database that it plays from: the subjects' true labels are only there."""

    url: str
    store: Store
    project: Project


def simulate(server: Server, crowd: Crowd, tokens: Sequence[str], progress: Progress) -> SimulationReport:
    """Plays until every volunteer, one a token, has given her share of the answers or has seen every open subject.

    Raises LostError if the server stays away for PATIENCE_S, InvalidInput if it refuses an answer.
    """
    game = _Game(server, crowd, progress)
    waiting: queue.SimpleQueue[_Volunteer] = queue.SimpleQueue()
    for place, token in enumerate(tokens):
        waiting.put(_volunteer(server, crowd, place, token))
    begun = time.monotonic()
    with ThreadPoolExecutor(HANDS) as hands:
        working = [hands.submit(game.play_in_turn, waiting) for _ in range(HANDS)]
    for hand in working:
        hand.result()
    return SimulationReport(tuple(game.acknowledged), game.n_rounds, game.n_lost, time.monotonic() - begun)


def draw_confusion(groups: Sequence[str | None], reliability: float, rng: np.random.Generator) -> Floats:
    """(K, K) [true, given], rows sum to 1, for labels that belong to these groups (K,), None for a label of its own.

    Labels differ in how hard they are, and mistakes have favourites. A mistake always crosses groups, so that the
    volunteer is as reliable, and as wrong, at a level that offers groups as at one that offers labels.
    """
    n_labels = len(groups)
    hardness = rng.normal(0, 0.05, n_labels)
    diagonal = np.clip(reliability + hardness - hardness.mean(), 0.02, 0.98)
    confusion = np.diag(diagonal)
    for true, group in enumerate(groups):
        others = [given for given in range(n_labels) if given != true and (group is None or groups[given] != group)]
        confusion[true, others] = rng.dirichlet(np.ones(len(others))) * (1 - diagonal[true])
    return confusion


@dataclass
class _Volunteer:
    """`n_left`: answers that she still owes. `name` and `n_given` make the keys of her answers."""

    name: str
    door: Door
    confusion: Floats
    rng: np.random.Generator
    n_left: int
    n_given: int = 0

    def label(self, true: int) -> int:
        return int(self.rng.choice(len(self.confusion), p=self.confusion[true]))


@dataclass
class _Game:
    """One simulation: what its hands share."""

    server: Server
    crowd: Crowd
    progress: Progress
    acknowledged: list[str] = field(default_factory=list)
    n_rounds: int = 0
    n_lost: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _broken: threading.Event = field(default_factory=threading.Event)
    _truth: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with reading(self.server.store) as session:
            row = subjects.project_row(session, self.server.project.slug)
            found = {} if row is None else subjects.expert_labels(session, row.id, list(GoldUse))
        self._truth.update({subject_id: label for subject_id, (label, _) in found.items()})

    def play_in_turn(self, waiting: "queue.SimpleQueue[_Volunteer]") -> None:
        """Takes the volunteers one round each, so that all of them grow up together."""
        while not self._broken.is_set():
            try:
                volunteer = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                more = self._play_round(volunteer)
            except BaseException:
                self._broken.set()
                raise
            finally:
                volunteer.door.close()
            if more:
                waiting.put(volunteer)

    def _play_round(self, volunteer: _Volunteer) -> bool:
        """Whether she goes on: she owes more answers, and there are subjects for her."""
        try:
            begun = self._patiently(volunteer.door.start_round)
        except Conflict:
            return False
        truth = self._truth_of(str(begun["id"]))
        level = next(level for level in self.server.project.levels if level.key == begun["level"])
        for subject in begun["subjects"]:
            if volunteer.n_left == 0:
                self._give_back(str(begun["id"]))
                return False
            if not subject["answered"]:
                self._answer(volunteer, str(begun["id"]), _answer(volunteer, level, str(subject["id"]), truth))
        with self._lock:
            self.n_rounds += 1
        return volunteer.n_left > 0

    def _answer(self, volunteer: _Volunteer, round_code: str, answer: dict[str, Any]) -> None:
        self._patiently(lambda: volunteer.door.classify(round_code, answer))
        volunteer.n_left -= 1
        with self._lock:
            self.acknowledged.append(str(answer["id"]))
            n = len(self.acknowledged)
        self.progress(n, self.crowd.n_answers, "answers acknowledged")

    def _give_back(self, round_code: str) -> None:
        """She will not come back; whoever plays next finds the rest of her pictures free, and need not wait for her."""
        with transaction(self.server.store) as session:
            found = rounds.round_by_code(session, round_code)
            if found is not None:
                rounds.give_back(session, found[0].id)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Asks again, for the very same thing, while the line is broken."""
        pause, deadline = FIRST_PAUSE_S, time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask()
            except LostError:
                if time.monotonic() > deadline or self._broken.wait(pause):
                    raise
                pause = min(2 * pause, LONGEST_PAUSE_S)
                with self._lock:
                    self.n_lost += 1

    def _truth_of(self, round_code: str) -> Mapping[str, int]:
        """The true label of each subject of a round; what no expert has labelled gets one by lot, always the same."""
        with reading(self.server.store) as session:
            found = rounds.round_by_code(session, round_code)
            handed = [] if found is None else rounds.round_subjects(session, found[0].id)
            return {one.code: self._true_label(one.subject_id) for one in handed}

    def _true_label(self, subject_id: int) -> int:
        if subject_id not in self._truth:
            lot = np.random.default_rng([self.crowd.seed, subject_id])
            return int(lot.integers(len(self.server.project.labels)))
        return self._truth[subject_id]


def _volunteer(server: Server, crowd: Crowd, place: int, token: str) -> _Volunteer:
    """Every second one comes in through the socket."""
    rng = np.random.default_rng([crowd.seed, place])
    groups = [label.group for label in server.project.labels]
    confusion = draw_confusion(groups, rng.uniform(*crowd.reliability), rng)
    door = (HttpDoor, SocketDoor)[place % 2](server.url, server.project.slug, token)
    share, rest = divmod(crowd.n_answers, crowd.n_volunteers)
    # Two simulations with one seed are different people, whose answers must not be taken for each other's.
    name = hashlib.sha256(token.encode()).hexdigest()[:12]
    return _Volunteer(name, door, confusion, rng, share + (place < rest))


def _answer(volunteer: _Volunteer, level: Level, subject: str, truth: Mapping[str, int]) -> dict[str, Any]:
    """Reads a label off the subject and names the choice that holds it; at a level that has none she cannot tell."""
    label = volunteer.label(truth[subject])
    choice = next((choice.code for choice in level.choices if choice.mask[label]), None)
    volunteer.n_given += 1
    said = {"abstention": "cant_tell"} if choice is None else {"label": choice}
    key = f"simulated-{volunteer.name}-{volunteer.n_given}"
    return {"id": key, "subject": subject, "shown_ms": int(volunteer.rng.lognormal(7.5, 0.5)), **said}
