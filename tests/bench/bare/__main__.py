"""The whole game beside a bare server that does the least, in turn: python -m tests.bench.bare

A round is the next subject and a durable answer, by one of 32 players with a token. Bare servers are asked for the next
subject by itself; the game tells it with a round. Where PyBossa did 39.8 rounds a second, bare servers did 208
over HTTP and 1,526 over sockets: so what is aimed at, 6 and 25 times PyBossa, is 1.15 and .65 times these, on any
machine.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import gevent

from game.config import ROOT
from tests.bench.bare.store import DATABASE, fill, opened
from tests.load.measure import Heard, Wait, Watched, percentile, read_all
from tests.load.place import opened_place
from tests.load.scenarios import SCENARIOS, WARM_UP_S, hall_of, volunteers
from tests.load.wire import Http, Line, Lost, Socket
from tests.servers import free_port

N_PLAYERS, SECONDS, N_TURNS = 32, 12.0, 3
AIMS = {"http": 6 * 39.8 / 208, "socket": 25 * 39.8 / 1526}
KINDS = {"http": ("over_http", "-k", "gthread", "--threads", "8"), "socket": ("over_sockets", "-k", "gevent")}


@dataclass(frozen=True)
class Found:
    """Rounds a second, milliseconds at p50 and p99, of CPU a round, and MiB resident, all of the server."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    mib: float

    def told(self) -> str:
        return (
            f"{self.rate:9.0f}/s   p50 {self.p50_ms:6.1f} ms   p99 {self.p99_ms:6.1f} ms"
            f"   {self.cpu_ms:5.2f} ms of CPU   {self.mib:4.0f} MiB"
        )


def main() -> None:
    shared_data = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    for door in KINDS:
        pairs = [
            (_tell(f"bare, {door}", bare(door)), _tell(f"the game, {door}", game(door, shared_data)))
            for _ in range(N_TURNS)
        ]
        ratio = statistics.median(ours.rate / least.rate for least, ours in pairs)
        sys.stdout.write(
            f"{door}: {ratio:.2f} times the bare server's rounds, of three in turn; the aim is {AIMS[door]:.2f}\n\n"
        )


def _tell(title: str, found: Found) -> Found:
    sys.stdout.write(f"{title:18}{found.told()}\n")
    sys.stdout.flush()
    return found


def game(door: str, shared_data: Path) -> Found:
    scenario = replace(SCENARIOS["prime-time"], seconds=SECONDS)
    with opened_place(replace(volunteers(scenario), worker=scenario.worker), shared_data) as place:
        hall = hall_of(place, scenario, door)
        with hall.playing():
            return _measured([watched for watched in place.watched if watched.name.startswith("web")], hall.heard)


def bare(door: str) -> Found:
    heard = Heard()
    with bare_server(door) as (url, tokens, watched):
        players = [gevent.spawn(PLAY[door], url, token, heard) for token in tokens[:N_PLAYERS]]
        try:
            return _measured(watched, heard)
        finally:
            gevent.killall(players)


def _measured(watched: Sequence[Watched], heard: Heard) -> Found:
    gevent.sleep(WARM_UP_S)
    heard.clear()
    before = read_all(watched)
    gevent.sleep(SECONDS)
    after, taken_s = read_all(watched), heard.taken_s[Wait.ANSWER]
    assert not heard.errors, heard.errors
    cpu_s = sum(after.used[one].cpu_s - before.used[one].cpu_s for one in watched)
    return Found(
        len(taken_s) / (after.at_s - before.at_s),
        percentile(taken_s, 0.5),
        percentile(taken_s, 0.99),
        1000 * cpu_s / len(taken_s),
        sum(after.used[one].resident_mib for one in watched),
    )


@contextmanager
def bare_server(door: str) -> Iterator[tuple[str, list[str], list[Watched]]]:
    """Its URL, its volunteers' tokens and its process."""
    module, *kind = KINDS[door]
    with TemporaryDirectory(prefix="fathom-bare-") as folder:
        environment = os.environ | {DATABASE: f"{folder}/bare.sqlite"}
        tokens, port = fill(opened(environment[DATABASE])), free_port()
        command = [
            sys.executable, "-m", "gunicorn", *kind, "--no-control-socket", "--log-level", "warning",
            "-b", f"127.0.0.1:{port}", f"tests.bench.bare.{module}:app",
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_up(url)
            [served] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield url, tokens, [Watched("the server", int(served))]
        finally:
            process.terminate()
            process.wait()


def _wait_until_up(url: str) -> None:
    line, deadline = Line(url), time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(Lost):
            line.ask("GET", "/health", "")
            line.close()
            return
        time.sleep(0.05)
    raise AssertionError("The bare server did not come up.")


def _over_http(url: str, token: str, heard: Heard) -> None:
    with closing(Http(url, token)) as http:
        while True:
            begun = time.perf_counter()
            subject = http.post("/next", {})[1]
            assert http.post("/classify", {"subject": subject["id"], "label": 1})[1] == {"kept": True}
            heard.taken_s[Wait.ANSWER].append(time.perf_counter() - begun)


def _over_sockets(url: str, token: str, heard: Heard) -> None:
    with closing(Socket(url, "bare", token)) as socket:
        while True:
            begun = time.perf_counter()
            subject = socket.call("next", {})
            assert socket.call("classify", {"subject": subject["id"], "label": 1}) == {"kept": True}
            heard.taken_s[Wait.ANSWER].append(time.perf_counter() - begun)


PLAY = {"http": _over_http, "socket": _over_sockets}

if __name__ == "__main__":
    main()
