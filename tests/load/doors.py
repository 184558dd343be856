"""Programs that play: over HTTP or over a socket, with a token, and nothing that they do not need."""

import time
from typing import Protocol

import gevent

from tests.load.measure import Heard, Wait
from tests.load.place import SLUG
from tests.load.wire import Http, Json, Lost, Socket


class Refused(Lost):
    """The server understood, and will not."""


class Door(Protocol):
    """How somebody plays. Raises Lost where the line broke, Refused where the server said no."""

    def start_round(self) -> Json: ...

    def look(self, subject: Json, due: float) -> float:
        """Rests until an answer is due (of time.perf_counter); when it could be given at the earliest."""
        ...

    def classify(self, round_code: str, answer: Json) -> Json: ...

    def end_round(self, round_code: str) -> None: ...

    def close(self) -> None: ...


class HttpProgram:
    def __init__(self, url: str, token: str, heard: Heard) -> None:
        self._http, self._heard = Http(url, token), heard

    def start_round(self) -> Json:
        with self._heard.timed(Wait.ROUND):
            return accepted(self._http.post(f"/projects/{SLUG}/rounds", {})[1])

    def look(self, subject: Json, due: float) -> float:
        gevent.sleep(max(0.0, due - time.perf_counter()))
        return due

    def classify(self, round_code: str, answer: Json) -> Json:
        return accepted(self._http.post(f"/rounds/{round_code}/classifications", answer)[1])

    def end_round(self, round_code: str) -> None:
        """It begins the next one."""

    def close(self) -> None:
        self._http.close()


class SocketProgram:
    def __init__(self, url: str, token: str, heard: Heard) -> None:
        self._socket, self._heard = Socket(url, SLUG, token), heard

    def start_round(self) -> Json:
        with self._heard.timed(Wait.ROUND):
            return accepted(self._socket.call("start", {"project": SLUG}))

    def look(self, subject: Json, due: float) -> float:
        self._socket.rest(due - time.perf_counter())
        return due

    def classify(self, round_code: str, answer: Json) -> Json:
        return accepted(self._socket.call("classify", {"round": round_code, **answer}))

    def end_round(self, round_code: str) -> None:
        """It begins the next one."""

    def close(self) -> None:
        self._socket.close()


def accepted(reply: Json) -> Json:
    """Raises Refused."""
    if "error" in reply:
        raise Refused(str(reply["error"]["code"]))
    return reply


PROGRAMS: dict[str, type[HttpProgram] | type[SocketProgram]] = {"http": HttpProgram, "socket": SocketProgram}
