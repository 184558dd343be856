"""Several web processes are one game: news crosses, nobody is turned away, and nothing acknowledged is lost."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
import socketio

from game.cli.children import free_port
from game.cli.machines import proxy
from game.config import ROOT, read_settings
from game.store import open_store, reading
from game.store.migrations import migrate
from game.store.tables import Classification
from tests.program import answers
from tests.server import Server, environment_of, running_server, workers
from tests.web.live import LivePlayer, ask, connected, new_live_player
from tests.web.player import Json, answer_to
from tests.world import World

PATIENCE_S = 30
N_PLAYERS = 6
# So slowly that nobody has seen every subject before the end.
PACE_S = 1.0


def wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"Not within {PATIENCE_S} s: {what}"
        time.sleep(0.05)


def kept_keys(world: World) -> list[str]:
    with reading(world.store) as session:
        return [key for (key,) in session.query(Classification.key)]


def play_round(player: LivePlayer) -> None:
    round_ = player.start()
    with player.socket() as opened:
        for subject in round_["subjects"]:
            assert "error" not in opened.classify(round_, answer_to(round_, subject))


def test_a_round_played_at_one_process_moves_the_leaderboard_at_another(processes: list[Server]) -> None:
    here, there = processes
    with connected(here.url, "plankton") as watcher:
        play_round(new_live_player(there))
        told = watcher.wait_for("leaderboard", lambda message: bool(message["period"] == "all"))
        assert told == ask(here.url, "/projects/plankton/leaderboard?period=all")


class Crowd:
    """Players over the proxy, every second over a socket; what failed, and what was acknowledged."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.acknowledged: list[str] = []
        self.failures: list[str] = []
        self.n_connected = 0
        self._enough = threading.Event()
        players = [LivePlayer(url, **ask(url, "/guests", {})) for _ in range(N_PLAYERS)]
        ways = (self._over_http, self._over_socket)
        self._threads = [threading.Thread(target=ways[n % 2], args=(one,)) for n, one in enumerate(players)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        self.plays_on(10)
        wait_until(lambda: self.n_connected >= N_PLAYERS // 2, "everybody is there")
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def grow(self) -> None:
        """One player more, over a socket."""
        n_before = self.n_connected
        one = threading.Thread(target=self._over_socket, args=(LivePlayer(self.url, **ask(self.url, "/guests", {})),))
        self._threads.append(one)
        one.start()
        wait_until(lambda: self.n_connected > n_before, "one more is there")

    def plays_on(self, n: int) -> None:
        enough = len(self.acknowledged) + n
        wait_until(lambda: len(self.acknowledged) >= enough, f"{n} more answers; {self.failures}")

    def _over_http(self, player: LivePlayer) -> None:
        for round_, answer in self._answers(player):
            try:
                player.ask(f"/rounds/{round_['id']}/classifications", answer)
            except URLError as error:
                self.failures.append(repr(error))
            else:
                self.acknowledged.append(answer["id"])

    def _over_socket(self, player: LivePlayer) -> None:
        """As the browser does: what is not acknowledged is sent again over the next connection."""
        client = socketio.Client(reconnection_delay=0.1)
        client.on("connect", self._count)
        client.connect(self.url, auth={"token": player.token}, transports=["websocket"], wait_timeout=PATIENCE_S)
        for round_, answer in self._answers(player):
            while not self._send(client, round_, answer) and not self._enough.is_set():
                time.sleep(0.05)
        client.disconnect()

    def _send(self, client: socketio.Client, round_: Json, answer: Json) -> bool:
        try:
            outcome = client.call("classify", {"round": round_["id"], **answer}, timeout=2)
        except socketio.exceptions.SocketIOError:
            return False
        if "error" in outcome:
            self.failures.append(repr(outcome))
        else:
            self.acknowledged.append(answer["id"])
        return True

    def _answers(self, player: LivePlayer) -> Iterator[tuple[Json, Json]]:
        while not self._enough.is_set():
            try:
                round_ = player.start()
            except URLError as error:
                self.failures.append(repr(error))
                continue
            for subject in round_["subjects"]:
                if not subject["answered"] and not self._enough.wait(PACE_S):
                    yield round_, answer_to(round_, subject)

    def _count(self) -> None:
        self.n_connected += 1


def check_kept(world: World, crowd: Crowd) -> None:
    kept = kept_keys(world)
    assert set(crowd.acknowledged) <= set(kept)
    assert len(kept) == len(set(kept))


def test_when_a_process_is_killed_its_players_go_on_at_another_and_nothing_is_lost(
    processes: list[Server], world: World
) -> None:
    with running_server(world) as doomed, proxy([doomed.port, processes[0].port], free_port()) as url:
        with Crowd(url) as crowd:
            while not measured(doomed, "fathom_sockets"):
                crowd.grow()
            n_connected = crowd.n_connected
            doomed.kill()
            wait_until(lambda: crowd.n_connected > n_connected, "somebody who had been there is back")
            crowd.plays_on(60)
        check_kept(world, crowd)


def measured(server: Server, name: str) -> float:
    """Of whichever process takes the request."""
    with urllib.request.urlopen(f"{server.url}/metrics") as response:
        lines = response.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def started_at(server: Server) -> float:
    return measured(server, "process_start_time_seconds")


def test_processes_are_renewed_one_after_the_other_and_no_request_fails(processes: list[Server], world: World) -> None:
    with proxy([one.port for one in processes], free_port()) as url:
        with Crowd(url) as crowd:
            for process in processes:
                old, began = set(workers(process)), started_at(process)
                process.process.send_signal(signal.SIGTTIN)
                wait_until(lambda p=process, at=began: started_at(p) > at, "the new process serves")
                process.process.send_signal(signal.SIGTTOU)
                while old & set(workers(process)):
                    crowd.plays_on(1)
            crowd.plays_on(20)
        assert crowd.failures == []
        assert crowd.n_connected > N_PLAYERS // 2, "nobody had been there"
        check_kept(world, crowd)


@pytest.mark.parametrize("n_proxies", [1, 2])
def test_a_socket_through_https_is_let_in_where_https_ends_before_the_proxy(world: World, n_proxies: int) -> None:
    """And who claims that she came by https is believed where a proxy of ours has heard it."""
    settings, heard = replace(world.settings, n_proxies=n_proxies), {"X-Forwarded-Proto": "https"}
    with running_server(replace(world, settings=settings)) as server, proxy([server.port], free_port()) as url:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/health", headers=heard)) as response:
            assert ("Strict-Transport-Security" in response.headers) == (n_proxies == 2)
        origin = {"origin": url.replace("http:", "https:")}
        client = socketio.Client(reconnection=False, websocket_extra_options=origin)
        client.connect(url, headers=heard, transports=["websocket"])
        client.disconnect()


def test_a_renewed_process_reads_all_of_a_newer_version(tmp_path: Path) -> None:
    """The first one's parent has read a part of the older version, and stays."""
    installed = tmp_path / "fathom"
    for part in ("game", "scoring", "levels", "templates", "static"):
        shutil.copytree(ROOT / part, installed / part)
    shutil.copy(ROOT / "wsgi.py", installed)
    settings, port = read_settings({"FATHOM_DATA": str(tmp_path / "data")}), free_port()
    migrate(store := open_store(settings.database_url))
    store.engine.dispose()
    bound = ["-k", "gevent", "-b", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", "-c", "game/serving.py", *bound, "wsgi:app"]
    with subprocess.Popen(command, cwd=installed, env=environment_of(settings), stderr=subprocess.DEVNULL) as parent:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}"), "it serves")
            with (installed / "game" / "config.py").open("a") as newer:
                newer.write("\nPath(__file__).with_name('read').touch()\n")
            parent.send_signal(signal.SIGTTIN)
            wait_until((installed / "game" / "read").exists, "the newer version is read")
        finally:
            parent.terminate()


def test_who_asks_while_a_process_ends_is_still_answered(world: World) -> None:
    """Half of the request is there when it is told to end, the other half comes a second later."""
    with running_server(world) as server:
        ask_while_it_ends(server)


def ask_while_it_ends(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    body = json.dumps(answer_to(round_, round_["subjects"][0])).encode()
    head = (
        f"POST /api/v1/rounds/{round_['id']}/classifications HTTP/1.1\r\nHost: fathom\r\nConnection: close\r\n"
        f"Authorization: Bearer {player.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as line:
        line.sendall(head.encode() + body[:20])
        time.sleep(0.2)
        server.process.terminate()
        time.sleep(1)
        line.sendall(body[20:])
        answered = line.makefile("rb").read()
    assert answered.startswith(b"HTTP/1.1 200"), answered
    assert server.process.wait(PATIENCE_S) == 0
