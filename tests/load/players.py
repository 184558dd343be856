"""Everybody who plays: round after round, each for herself, and nobody waits for another."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import gevent

from tests.load.doors import Door
from tests.load.measure import Heard, Wait
from tests.load.opinions import Opinions
from tests.load.wire import Json, Lost

# After so many rounds a client becomes somebody else: faster than one volunteer may play, and as new as most are.
ROUNDS_EACH = 10
PAUSE_AFTER_A_FAULT_S = 0.2


@dataclass
class Hall:
    """Everybody who plays at once, and what they hear. `answers_a_s` of all together, None for as fast as it goes.

    At a given pace an answer is due whether or not the one before it was acknowledged, and its time counts from then:
    a server that stalls is not spared the answers that would have come meanwhile. A round that begins late is counted
    as such; nobody hurries afterwards to catch up. `arrive`: the next one's door.
    """

    arrive: Callable[[Heard], Door]
    opinions: Opinions
    n_clients: int
    answers_a_s: float | None
    heard: Heard = field(default_factory=Heard)

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Everybody plays for the length of the block."""
        clients = [gevent.spawn(self._client, Random(place)) for place in range(self.n_clients)]
        try:
            yield
        finally:
            gevent.killall(clients)

    def _client(self, rng: Random) -> None:
        while True:
            try:
                door = self.arrive(self.heard)
            except Lost as lost:
                self._fault(f"no connection: {lost}")
                continue
            try:
                for _ in range(ROUNDS_EACH):
                    self._round(door, rng)
            except (Lost, ValueError) as lost:
                self._fault(str(lost))
            finally:
                door.close()

    def _round(self, door: Door, rng: Random) -> None:
        round_ = door.start_round()
        due, seen_at = self._due(rng), time.perf_counter()
        for subject in (one for one in round_["subjects"] if not one["answered"]):
            asked = door.look(subject, next(due))
            shown_ms = round(1000 * (time.perf_counter() - seen_at))
            door.classify(str(round_["id"]), self._answer(round_, subject, shown_ms, rng))
            seen_at = time.perf_counter()
            self.heard.taken_s[Wait.ANSWER].append(seen_at - asked)
        door.end_round(str(round_["id"]))

    def _answer(self, round_: Json, subject: Json, shown_ms: int, rng: Random) -> Json:
        choice = self.opinions.choice(round_, subject, rng)
        return {"id": secrets.token_hex(12), "subject": subject["id"], "label": choice, "shown_ms": shown_ms}

    def _due(self, rng: Random) -> Iterator[float]:
        """When each answer of a round is to be sent: now, or as a Poisson process has it."""
        if self.answers_a_s is None:
            while True:
                yield time.perf_counter()
        pause_s = self.n_clients / self.answers_a_s
        due = time.perf_counter()
        while True:
            due += rng.expovariate(1 / pause_s)
            yield due

    def _fault(self, kind: str) -> None:
        self.heard.errors[kind] += 1
        gevent.sleep(PAUSE_AFTER_A_FAULT_S)
