"""Players under load: each plays round after round, over HTTP or over a socket, and nobody waits for another."""

import itertools
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import gevent

from tests.load.measure import Heard
from tests.load.place import SLUG
from tests.load.wire import Http, Json, Lost, Socket

# After so many rounds a client becomes somebody else: faster than one volunteer may play, and as new as most are.
ROUNDS_EACH = 10
PAUSE_AFTER_A_FAULT_S = 0.2


class Door(Protocol):
    def start_round(self) -> Json: ...

    def classify(self, round_code: str, answer: Json) -> Json: ...

    def rest(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class HttpDoor:
    def __init__(self, url: str, token: str) -> None:
        self._http = Http(url, token)

    def start_round(self) -> Json:
        return self._http.post(f"/projects/{SLUG}/rounds", {})[1]

    def classify(self, round_code: str, answer: Json) -> Json:
        return self._http.post(f"/rounds/{round_code}/classifications", answer)[1]

    def rest(self, seconds: float) -> None:
        gevent.sleep(seconds)

    def close(self) -> None:
        self._http.close()


class SocketDoor:
    def __init__(self, url: str, token: str) -> None:
        self._socket = Socket(url, SLUG, token)

    def start_round(self) -> Json:
        return self._socket.call("start", {"project": SLUG})

    def classify(self, round_code: str, answer: Json) -> Json:
        return self._socket.call("classify", {"round": round_code, **answer})

    def rest(self, seconds: float) -> None:
        self._socket.rest(seconds)

    def close(self) -> None:
        self._socket.close()


DOORS: dict[str, type[HttpDoor] | type[SocketDoor]] = {"http": HttpDoor, "socket": SocketDoor}


@dataclass
class Hall:
    """Everybody who plays at once, and what they hear. `answers_a_s` of all together, None for as fast as it goes.

    At a given pace an answer is due whether or not the one before it was acknowledged, and its time counts from then:
    a server that stalls is not spared the answers that would have come meanwhile.
    """

    url: str
    door: str
    tokens: tuple[str, ...]
    n_clients: int
    answers_a_s: float | None
    heard: Heard = field(default_factory=Heard)

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Everybody plays for the length of the block."""
        waiting = itertools.cycle(self.tokens)
        clients = [gevent.spawn(self._client, waiting, Random(place)) for place in range(self.n_clients)]
        try:
            yield
        finally:
            gevent.killall(clients)

    def _client(self, waiting: Iterator[str], rng: Random) -> None:
        due = self._due(rng)
        for token in waiting:
            try:
                door = DOORS[self.door](self.url, token)
            except Lost as lost:
                self._fault(f"no connection: {lost}")
                continue
            try:
                for _ in range(ROUNDS_EACH):
                    if not self._round(door, rng, due):
                        break
            except Lost as lost:
                self._fault(str(lost))
            finally:
                door.close()

    def _round(self, door: Door, rng: Random, due: Iterator[float]) -> bool:
        begun = time.perf_counter()
        round_ = door.start_round()
        if "error" in round_:
            self._fault(str(round_["error"]["code"]))
            return False
        self.heard.rounds_s.append(time.perf_counter() - begun)
        for subject in round_["subjects"]:
            answer = _answer(round_, subject, rng)
            asked = next(due)
            door.rest(max(0.0, asked - time.perf_counter()))
            outcome = door.classify(str(round_["id"]), answer)
            if "error" in outcome:
                self._fault(str(outcome["error"]["code"]))
                return False
            self.heard.answers_s.append(time.perf_counter() - asked)
        return True

    def _due(self, rng: Random) -> Iterator[float]:
        """When each answer is to be sent: now, or as a Poisson process has it."""
        if self.answers_a_s is None:
            while True:
                yield time.perf_counter()
        pause_s = self.n_clients / self.answers_a_s
        due = time.perf_counter() + pause_s * rng.random()
        while True:
            yield due
            due += rng.expovariate(1 / pause_s)

    def _fault(self, kind: str) -> None:
        self.heard.errors[kind] += 1
        gevent.sleep(PAUSE_AFTER_A_FAULT_S)


def _answer(round_: Json, subject: Any, rng: Random) -> Json:
    choice = rng.choice(round_["choices"])["code"]
    return {"id": secrets.token_hex(12), "subject": subject["id"], "label": choice, "shown_ms": 900}
