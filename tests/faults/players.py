"""Players who insist, as browsers do: an answer goes out under the same key until it is acknowledged."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import gevent

from tests.faults.stage import Stage
from tests.load.opinions import Opinions
from tests.load.place import SLUG
from tests.load.wire import Http, Json, Lost, Socket

# How long a browser waits for an acknowledgement over the socket, and for one over the plain form.
SOCKET_PATIENCE_S, FORM_PATIENCE_S = 2.0, 8.0
ROUNDS_EACH = 10
PAUSE_AFTER_A_FAULT_S = (0.1, 0.5)
# After these a browser gives an answer up; none of them may ever be said of an answer that was in order.
FINAL = ("conflict", "invalid_input", "not_allowed", "not_found", "not_logged_in")
ABSTAINS = 0.03


@dataclass
class Played:
    """What was sent and what was acknowledged, by the answers' keys; instants are time.monotonic's."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    # When, and which client's.
    acknowledged_at: list[tuple[float, int]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    n_retried: int = 0


class Line:
    """A volunteer's lines to the server, opened again whenever they break."""

    def __init__(self, url: str, token: str, over_socket: bool) -> None:
        self._url, self._token, self._over_socket = url, token, over_socket
        self._http = Http(url, token, FORM_PATIENCE_S)
        self._socket: Socket | None = None

    def start_round(self) -> Json:
        return self._post(f"/projects/{SLUG}/rounds", {})

    def classify(self, round_code: str, answer: Json) -> Json:
        if self._over_socket:
            try:
                self._socket = self._socket or Socket(self._url, SLUG, self._token, SOCKET_PATIENCE_S)
                return self._socket.call("classify", {"round": round_code, **answer})
            except Lost:
                self._close_socket()
        return self._post(f"/rounds/{round_code}/classifications", answer)

    def _post(self, path: str, body: Json) -> Json:
        try:
            return self._http.post(path, body)[1]
        except (Lost, ValueError):
            # What is still on its way must not be taken for the answer to something else.
            self._http.close()
            raise

    def close(self) -> None:
        self._http.close()
        self._close_socket()

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


class Crowd:
    """Every second one has a socket. They play in a thread of their own, so that whoever breaks things may block."""

    def __init__(self, stage: Stage, n_clients: int, pause_s: float, rng: Random) -> None:
        self.played = Played()
        self.n_clients = n_clients
        self._stage, self._pause_s = stage, pause_s
        self._opinions = Opinions(stage.project, stage.truth)
        self._waiting = itertools.cycle(stage.tokens)
        self._dice = [Random(rng.random()) for _ in range(n_clients)]
        self._leaving = threading.Event()

    @contextmanager
    def playing(self) -> Iterator[None]:
        """For the length of the block; then each leaves once its last answer is acknowledged."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(self._play)
            try:
                yield
            finally:
                self._leaving.set()
                done.result()

    def served_since(self, instant: float) -> list[float]:
        """When each client that was acknowledged since then was so first, the earliest first."""
        first: dict[int, float] = {}
        for at, place in reversed(self.played.acknowledged_at):
            if at <= instant:
                break
            first[place] = at
        return sorted(first.values())

    def _play(self) -> None:
        clients = [gevent.spawn(self._client, place, rng) for place, rng in enumerate(self._dice)]
        gevent.joinall(clients, raise_error=True)
        gevent.get_hub().destroy()

    def _client(self, place: int, rng: Random) -> None:
        for token in self._waiting:
            line = Line(self._stage.url, token, over_socket=place % 2 == 0)
            for _ in range(ROUNDS_EACH):
                if self._leaving.is_set() or not self._round(place, line, rng):
                    break
            line.close()
            if self._leaving.is_set():
                return

    def _round(self, place: int, line: Line, rng: Random) -> bool:
        """False if somebody else should play here."""
        try:
            round_ = line.start_round()
        except (Lost, ValueError) as lost:
            round_ = {"error": {"code": f"no round: {type(lost).__name__}"}}
        if "error" in round_:
            self._fault(str(round_["error"]["code"]), rng)
            return False
        for subject in round_["subjects"]:
            if self._leaving.is_set():
                return False
            if not subject["answered"]:
                gevent.sleep(rng.expovariate(1 / self._pause_s))
                if self._insist(line, str(round_["id"]), self._answer(round_, subject, rng), rng):
                    self.played.acknowledged_at.append((time.monotonic(), place))
        return True

    def _insist(self, line: Line, round_code: str, answer: Json, rng: Random) -> bool:
        """Whether it was acknowledged; else it was refused for good."""
        self.played.sent.add(answer["id"])
        while True:
            try:
                told = line.classify(round_code, answer)
            except (Lost, ValueError) as lost:
                told = {"error": {"code": type(lost).__name__}}
            if "error" not in told:
                self.played.acknowledged.add(answer["id"])
                return True
            if told["error"]["code"] in FINAL:
                self.played.refused.append(f"{told['error']} to {answer}")
                return False
            self.played.n_retried += 1
            self._fault(str(told["error"]["code"]), rng)

    def _answer(self, round_: Json, subject: Json, rng: Random) -> Json:
        answer = {"id": secrets.token_hex(12), "subject": subject["id"], "shown_ms": 900}
        if rng.random() < ABSTAINS:
            return answer | {"abstention": "cant_tell"}
        return answer | {"label": self._opinions.choice(round_, subject, rng)}

    def _fault(self, kind: str, rng: Random) -> None:
        self.played.faults[kind] += 1
        gevent.sleep(rng.uniform(*PAUSE_AFTER_A_FAULT_S))
