"""The two doors of simulated volunteers, HTTP and Socket.IO; both raise LostError when the line breaks."""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import urlsplit

import socketio

from game.errors import Conflict, FathomError, InvalidInput

TIMEOUT_S = 15

Json = dict[str, Any]


class LostError(FathomError):
    """Nobody answered, or the server could not for now: the same may be sent again."""


class Door(Protocol):
    def start_round(self) -> Json:
        """The round's payload. Raises Conflict when no subject is left for this volunteer, LostError."""

    def classify(self, round_code: str, answer: Json) -> Json:
        """The outcome, once the answer is kept. Raises LostError."""

    def close(self) -> None:
        """Leaves; the door can be used again."""


class HttpDoor:
    """Plain requests over one connection that is kept open."""

    def __init__(self, url: str, slug: str, token: str) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._slug = slug

    def start_round(self) -> Json:
        return self._post(f"/api/v1/projects/{self._slug}/rounds", {})

    def classify(self, round_code: str, answer: Json) -> Json:
        return self._post(f"/api/v1/rounds/{round_code}/classifications", answer)

    def close(self) -> None:
        self._connection.close()

    def _post(self, path: str, body: Json) -> Json:
        try:
            self._connection.request("POST", path, json.dumps(body), self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as lost:
            self._connection.close()
            raise LostError(f"No answer from the server: {lost}.") from None
        return _understood(response.status, content)


class SocketDoor:
    """Answers as events that are acknowledged; rounds are begun by HTTP, as in a browser."""

    def __init__(self, url: str, slug: str, token: str) -> None:
        self._http = HttpDoor(url, slug, token)
        self._url = f"{url}?project={slug}"
        self._token = token
        self._client: Any = None

    def start_round(self) -> Json:
        return self._http.start_round()

    def classify(self, round_code: str, answer: Json) -> Json:
        try:
            reply = self._connected().call("classify", {"round": round_code, **answer}, timeout=TIMEOUT_S)
        except (socketio.exceptions.SocketIOError, OSError) as lost:
            self.close()
            raise LostError(f"No acknowledgement from the server: {lost}.") from None
        if isinstance(reply, dict) and "error" in reply:
            raise _refusal(str(reply["error"]["code"]), str(reply["error"]["message"]))
        if not isinstance(reply, dict):
            raise LostError("The acknowledgement cannot be understood.")
        return reply

    def close(self) -> None:
        self._http.close()
        if self._client is not None:
            self._client.disconnect()
            # The library forgets to close a socket whose line broke.
            broken = getattr(self._client.eio, "ws", None)
            if broken is not None:
                broken.shutdown()
            self._client = None

    def _connected(self) -> Any:
        if self._client is None or not self._client.connected:
            self._client = socketio.Client(reconnection=False, handle_sigint=False)
            self._client.connect(
                self._url, auth={"token": self._token}, transports=["websocket"], wait_timeout=TIMEOUT_S
            )
        return self._client


def _understood(status: int, content: bytes) -> Json:
    try:
        body = json.loads(content)
        if status < 300:
            return dict(body)
        error = body["error"]
    except (ValueError, TypeError, KeyError):
        raise LostError(f"The server answered {status} and no JSON.") from None
    raise _refusal(str(error["code"]), str(error["message"]))


def _refusal(code: str, message: str) -> FathomError:
    if code in ("too_many", "broken"):
        return LostError(message)
    return Conflict(message) if code == "conflict" else InvalidInput(f"The server refused: {message} ({code})")
