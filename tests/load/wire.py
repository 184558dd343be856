"""The lines that players hold to the server: HTTP kept alive, and Socket.IO over WebSocket, on gevent's sockets.

Server and load share the machine, so this speaks the few frames that are needed and nothing more: what a general client
spends on each answer would be taken from the server. Protocols: RFC 6455; Engine.IO 4 and Socket.IO 5.
"""

import itertools
import json
import os
import time
from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from gevent import socket

Json = dict[str, Any]

TIMEOUT_S = 30.0
# A client masks what it sends; a mask of zeros is one too, and costs nothing.
_MASK = b"\0\0\0\0"
_TEXT, _CLOSE, _PING = 1, 8, 9


class Lost(Exception):
    """The line broke, or the server said nothing for too long."""


@dataclass(frozen=True)
class Reply:
    """`head` as it came: the status and the headers."""

    status: int
    head: str
    content: bytes

    def header(self, name: str) -> str | None:
        """`name` in small letters."""
        fields = (line.partition(":") for line in self.head.split("\r\n"))
        return next((value.strip() for found, _, value in fields if found.lower() == name), None)


class Line:
    """Requests over one connection, opened again when the server has closed it. One is under way at a time."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._host, self._port = _address(url)
        self._timeout_s = timeout_s
        self._stream: Stream | None = None

    def ask(self, method: str, path: str, headers: str, content: bytes = b"") -> Reply:
        """`headers`: lines, each with its end."""
        length = f"Content-Length: {len(content)}\r\n" if content else ""
        asked = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{headers}{length}\r\n".encode() + content
        kept = self._stream is not None
        try:
            return self._ask(asked)
        except Lost:
            # The server closes what was silent for a while; every request here may be sent again.
            if not kept:
                raise
            return self._ask(asked)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def _ask(self, asked: bytes) -> Reply:
        """What breaks off halfway, because its greenlet is ended for one, must not be read as the next one's reply."""
        try:
            if self._stream is None:
                self._stream = Stream(self._host, self._port, self._timeout_s)
            self._stream.send(asked)
            head = self._stream.until(b"\r\n\r\n").decode()
            reply = Reply(int(head.split(" ", 2)[1]), head, b"")
            reply = replace(reply, content=self._stream.exactly(int(reply.header("content-length") or 0)))
        except BaseException:
            self.close()
            raise
        if reply.header("connection") == "close":
            self.close()
        return reply


class Http:
    """Requests to the API, by whoever has a token."""

    def __init__(self, url: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._line = Line(url, timeout_s)
        self._headers = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    def post(self, path: str, body: Json) -> tuple[int, Json]:
        reply = self._line.ask("POST", f"/api/v1{path}", self._headers, json.dumps(body).encode())
        return reply.status, dict(json.loads(reply.content))

    def close(self) -> None:
        self._line.close()


class Socket:
    """An open Socket.IO connection. One event is under way at a time; what the server tells meanwhile is counted.

    Programs have a token; a browser's cookie is among its `headers`: lines, each with its end.
    """

    def __init__(self, url: str, slug: str, token: str | None, timeout_s: float = TIMEOUT_S, headers: str = "") -> None:
        host, port = _address(url)
        self._stream = Stream(host, port, timeout_s)
        self._numbers = itertools.count()
        self.n_told = 0
        try:
            self._open(f"Host: {host}:{port}\r\n{headers}", slug, token)
        except BaseException:
            # Whoever is ended meanwhile leaves no line open either.
            self.close()
            raise

    def _open(self, headers: str, slug: str, token: str | None) -> None:
        path = f"/socket.io/?EIO=4&transport=websocket&project={slug}"
        key = b64encode(os.urandom(16)).decode()
        self._stream.send(
            f"GET {path} HTTP/1.1\r\n{headers}Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if b" 101 " not in self._stream.until(b"\r\n\r\n"):
            raise Lost("The server opens no socket.")
        self._next("0")
        self._send("40" + ("" if token is None else json.dumps({"token": token})))
        self._next("40")

    def call(self, event: str, message: Json) -> Json:
        """The acknowledgement."""
        number = next(self._numbers)
        self._send(f"42{number}" + json.dumps([event, message]))
        return dict(json.loads(self._next(f"43{number}["))[0])

    def listen(self) -> None:
        """Hears the server, and answers its pings, until it closes the line."""
        while True:
            self._hear(self._receive())

    def rest(self, seconds: float) -> None:
        """The same for so long."""
        until = time.monotonic() + seconds
        while self._stream.speaks(until - time.monotonic()):
            self._hear(self._receive())

    def close(self) -> None:
        self._stream.close()

    def _next(self, wanted: str) -> str:
        """The next message that begins so, from its first bracket on."""
        while True:
            text = self._receive()
            if text.startswith(wanted):
                return text[text.find("[") :]
            self._hear(text)

    def _hear(self, text: str) -> None:
        """What is no answer to what was asked."""
        if text == "2":
            self._send("3")
        elif text.startswith("42"):
            self.n_told += 1
        elif text.startswith(("41", "44")):
            raise Lost(f"The server refuses: {text[:200]}")

    def _send(self, text: str, opcode: int = _TEXT) -> None:
        content = text.encode()
        n = len(content)
        length = bytes([0x80 | n]) if n < 126 else b"\xfe" + n.to_bytes(2)
        self._stream.send(bytes([0x80 | opcode]) + length + _MASK + content)

    def _receive(self) -> str:
        while True:
            first, second = self._stream.exactly(2)
            n = second & 0x7F
            if n == 126:
                n = int.from_bytes(self._stream.exactly(2))
            elif n == 127:
                n = int.from_bytes(self._stream.exactly(8))
            content = self._stream.exactly(n)
            if first & 0x0F == _TEXT:
                return content.decode()
            if first & 0x0F == _CLOSE:
                raise Lost("The server closed the socket.")
            if first & 0x0F == _PING:
                self._send(content.decode(), opcode=10)


class Stream:
    """Bytes of a connection, as many as are asked for."""

    def __init__(self, host: str, port: int, timeout_s: float = TIMEOUT_S) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as lost:
            raise Lost(str(lost)) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def send(self, content: bytes) -> None:
        try:
            self._socket.sendall(content)
        except OSError as lost:
            raise Lost(str(lost)) from None

    def exactly(self, n: int) -> bytes:
        while len(self._read) < n:
            self._more()
        found, self._read = self._read[:n], self._read[n:]
        return found

    def until(self, mark: bytes) -> bytes:
        while mark not in self._read:
            self._more()
        found, _, self._read = self._read.partition(mark)
        return found

    def speaks(self, within_s: float) -> bool:
        """Whether there is something to read within so many seconds."""
        if self._read or within_s <= 0:
            return bool(self._read)
        patience_s = self._socket.gettimeout()
        self._socket.settimeout(within_s)
        try:
            self._take()
        except TimeoutError:
            return False
        except OSError as lost:
            raise Lost(str(lost)) from None
        finally:
            self._socket.settimeout(patience_s)
        return True

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> None:
        try:
            self._take()
        except OSError as lost:
            raise Lost(str(lost)) from None

    def _take(self) -> None:
        heard = self._socket.recv(65_536)
        if not heard:
            raise Lost("The server closed the line.")
        self._read += heard


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80
