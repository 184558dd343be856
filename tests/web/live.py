"""A player at the real server's doors: HTTP, and a socket of her own."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import socketio

from tests.server import Server
from tests.web.player import API, Json

PATIENCE_S = 15


@dataclass(frozen=True)
class LivePlayer:
    url: str
    token: str
    pseudonym: str

    def ask(self, path: str, body: Json | None = None) -> Json:
        """GET, or POST of a body. Raises urllib.error.HTTPError."""
        return ask(self.url, path, body, self.token)

    def start(self, slug: str = "plankton") -> Json:
        return self.ask(f"/projects/{slug}/rounds", {})

    @contextmanager
    def socket(self, slug: str = "plankton") -> Iterator["Socket"]:
        with connected(self.url, slug, {"token": self.token}) as opened:
            yield opened


class Socket:
    """An open connection, and every event that the server has sent over it."""

    def __init__(self, client: socketio.Client) -> None:
        self.client = client
        self.events: list[tuple[str, Json]] = []
        client.on("*", lambda event, message: self.events.append((event, message)))

    def classify(self, round_: Json, answer: Json, timeout_s: float = PATIENCE_S) -> Json:
        return dict(self.client.call("classify", {"round": round_["id"], **answer}, timeout=timeout_s))

    def start(self, slug: str = "plankton", level: str | None = None) -> Json:
        wanted = {"project": slug} if level is None else {"project": slug, "level": level}
        return dict(self.client.call("start", wanted, timeout=PATIENCE_S))

    def wait_for(self, event: str, wanted: Callable[[Json], bool] = lambda _: True) -> Json:
        """The newest event of this name that is wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = [message for name, message in self.events if name == event and wanted(message)]
            if found:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"No such {event} within {PATIENCE_S} s; what came: {self.events}")


def ask(url: str, path: str, body: Json | None = None, token: str | None = None) -> Json:
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{API}{path}", content, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        return dict(json.load(response))


def new_live_player(server: Server) -> LivePlayer:
    return LivePlayer(server.url, **ask(server.url, "/guests", {}))


@contextmanager
def connected(url: str, slug: str, auth: Any = None, **options: Any) -> Iterator[Socket]:
    client = socketio.Client(reconnection=False)
    opened = Socket(client)
    client.connect(f"{url}?project={slug}", auth=auth, transports=["websocket"], wait_timeout=PATIENCE_S, **options)
    line = client.eio.ws
    try:
        yield opened
    finally:
        client.disconnect()
        client.eio.wait()
        # The client leaves a line open that broke by itself.
        line.shutdown()
