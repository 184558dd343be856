"""People at browsers: they come as guests or log in, and see pages, every picture to be judged, and the leaderboard.

What such a browser does, and no more: two lines, a cookie, a cache of pictures. Scripts, styles and fonts, which it
would fetch once, are left out.
"""

import html
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import gevent
from gevent.event import AsyncResult

from tests.load.doors import Refused, accepted
from tests.load.measure import Count, Heard, Wait
from tests.load.place import PASSWORD, SLUG
from tests.load.wire import Json, Line, Lost, Reply, Socket

PLAY, TUTORIAL, LEADERBOARD = (f"/projects/{SLUG}/{page}" for page in ("play", "tutorial", "leaderboard"))

_CSRF = re.compile(r'name="csrf[-_]token" (?:content|value)="([^"]+)"')
_ROUND = re.compile(r'data-round="([^"]+)"')
_PICTURE = re.compile(r'<img[^>]* src="(/(?:images|patches)/[^"]+)"')
_MAX_AGE = re.compile(r"max-age=(\d+)")


@dataclass(frozen=True)
class Visitor:
    """`address`: her own, as a proxy tells it. Without a `login` she is a guest."""

    address: str
    login: str | None


class Pages:
    """Pages and forms, by whoever the cookie stands for."""

    def __init__(self, url: str, address: str) -> None:
        self._line = Line(url)
        self._forwarded = f"X-Forwarded-For: {address}\r\n"
        self._cookie = ""
        self._csrf = ""

    @property
    def headers(self) -> str:
        return self._forwarded + (f"Cookie: {self._cookie}\r\n" if self._cookie else "")

    def see(self, path: str) -> str:
        """The page that is shown in the end."""
        return self._shown(self._line.ask("GET", path, self.headers), path)

    def submit(self, path: str, fields: dict[str, str]) -> str:
        return self._shown(self._posted(path, fields, "text/html"), path)

    def post(self, path: str, fields: Json) -> Json:
        """As a script does."""
        return accepted(dict(json.loads(self._posted(path, fields, "application/json").content)))

    def close(self) -> None:
        self._line.close()

    def _posted(self, path: str, fields: Json, accept: str) -> Reply:
        headers = f"{self.headers}Accept: {accept}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        content = urlencode({**fields, "csrf_token": self._csrf}).encode()
        return self._remembered(self._line.ask("POST", path, headers, content))

    def _shown(self, reply: Reply, path: str) -> str:
        reply = self._remembered(reply)
        if reply.status in (302, 303):
            return self.see(urlsplit(reply.header("location") or "/").path)
        if reply.status != 200:
            raise Refused(f"{reply.status} of {_kind(path)}")
        page = reply.content.decode()
        found = _CSRF.search(page)
        self._csrf = found[1] if found else self._csrf
        return page

    def _remembered(self, reply: Reply) -> Reply:
        cookie = reply.header("set-cookie")
        if cookie is not None:
            self._cookie = cookie.partition(";")[0]
        return reply


class Pictures:
    """What the browser keeps of pictures: asked for again only when they are no longer fresh, and then with their tag.

    Of a picture its address is kept, not its bytes: a thousand browsers share this process.
    """

    def __init__(self, url: str, heard: Heard) -> None:
        self._line, self._heard = Line(url), heard
        self._kept: dict[str, tuple[str, float]] = {}

    def fetch(self, address: str) -> None:
        tag, fresh_until = self._kept.get(address, ("", 0.0))
        if time.monotonic() < fresh_until:
            self._heard.counted[Count.KEPT_PICTURES] += 1
            return
        with self._heard.timed(Wait.PICTURE):
            reply = self._line.ask("GET", address, f"If-None-Match: {tag}\r\n" if tag else "")
        if reply.status == 304:
            self._heard.counted[Count.KEPT_PICTURES] += 1
        elif reply.status != 200:
            raise Refused(f"{reply.status} of {_kind(address)}")
        self._heard.counted[Count.PICTURE_BYTES] += len(reply.content)
        age = _MAX_AGE.search(reply.header("cache-control") or "")
        self._kept[address] = (reply.header("etag") or tag, time.monotonic() + (int(age[1]) if age else 0))

    def close(self) -> None:
        self._line.close()


class HttpBrowser:
    """Answers go out as forms, as where no socket can be had."""

    def __init__(self, url: str, visitor: Visitor, heard: Heard) -> None:
        self._url, self._visitor, self._heard = url, visitor, heard
        self._pages, self._pictures = Pages(url, visitor.address), Pictures(url, heard)
        self._there: dict[str, AsyncResult] = {}
        self._begun_at = 0.0
        self._loading: gevent.Greenlet | None = None

    def start_round(self) -> Json:
        if not self._begun_at:
            self._come_in()
        with self._heard.timed(Wait.ROUND):
            page = self._pages.submit(PLAY, {})
            if not _ROUND.search(page):
                page = self._pages.submit(TUTORIAL, {})
        found = _ROUND.search(page)
        if found is None:
            raise Refused("no round")
        round_: Json = json.loads(html.unescape(found[1]))
        self._begun_at = time.perf_counter()
        self._there = {subject["id"]: AsyncResult() for subject in round_["subjects"]}
        self._loading = gevent.spawn(self._load, round_["subjects"])
        return round_

    def look(self, subject: Json, due: float) -> float:
        """Nobody judges what she cannot see: a picture that is late is counted by itself."""
        self._rest(due - time.perf_counter())
        there_at, due = float(self._there[subject["id"]].get()), max(due, self._begun_at)
        if there_at > due:
            self._heard.taken_s[Wait.LATE_PICTURE].append(there_at - due)
        return max(due, there_at)

    def classify(self, round_code: str, answer: Json) -> Json:
        return self._pages.post(f"/rounds/{round_code}/classifications", answer)

    def end_round(self, round_code: str) -> None:
        """The summary shows all pictures again, which the browser has kept."""
        with self._heard.timed(Wait.SUMMARY):
            summary = self._pages.see(f"/rounds/{round_code}/summary")
        for address in _PICTURE.findall(summary):
            self._pictures.fetch(html.unescape(address))
        with self._heard.timed(Wait.LEADERBOARD):
            self._pages.see(LEADERBOARD)

    def close(self) -> None:
        if self._loading is not None:
            self._loading.kill()
        self._pages.close()
        self._pictures.close()

    def _come_in(self) -> None:
        if self._visitor.login is not None:
            self._pages.see("/login")
            with self._heard.timed(Wait.LOG_IN):
                self._pages.submit("/login", {"login": self._visitor.login, "password": PASSWORD})
        self._pages.see(PLAY)

    def _load(self, shown: list[Json]) -> None:
        """One after another, as static/js/preload.js does. Play goes on without one that cannot be had."""
        for subject in shown:
            try:
                self._pictures.fetch(subject["image"])
            except Lost as lost:
                self._heard.errors[f"a picture: {lost}"] += 1
            self._there[subject["id"]].set(time.perf_counter())

    def _rest(self, seconds: float) -> None:
        gevent.sleep(max(0.0, seconds))


class SocketBrowser(HttpBrowser):
    """Answers go over a socket that is open as long as the round's page is."""

    _socket: Socket | None = None

    def start_round(self) -> Json:
        round_ = super().start_round()
        self._socket = Socket(self._url, SLUG, None, headers=self._pages.headers)
        return round_

    def classify(self, round_code: str, answer: Json) -> Json:
        assert self._socket
        return accepted(self._socket.call("classify", {"round": round_code, **answer}))

    def end_round(self, round_code: str) -> None:
        self._hang_up()
        super().end_round(round_code)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _rest(self, seconds: float) -> None:
        assert self._socket
        self._socket.rest(seconds)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


BROWSERS: dict[str, type[HttpBrowser] | type[SocketBrowser]] = {"http": HttpBrowser, "socket": SocketBrowser}


def _kind(path: str) -> str:
    """An address without what is in it once only, so that errors of a kind can be counted."""
    return "/".join("…" if any(map(str.isdigit, part)) else part for part in urlsplit(path).path.split("/"))
