"""Bad lines: clients that send a byte a second or never read, and hundreds of sockets that come back at once."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import gevent
import pytest
from gevent import socket as cooperative

from tests.faults.checks import kept_answers
from tests.faults.players import Played
from tests.faults.stage import Stage
from tests.load.place import SLUG, add_subjects, new_tokens
from tests.load.wire import Http, Json, Lost, Socket
from tests.server import Server, running_server
from tests.web.live import new_live_player
from tests.web.player import answer_to
from tests.world import World

N_SLOW, N_DEAF, N_SOCKETS = 40, 40, 300
# What a loaded machine needs at the most for one answer among bad lines, and for all sockets to come back and answer.
PATIENCE_S, STORM_S = 5.0, 45.0
# Closed with this, a connection is cut and not ended.
CUT = struct.pack("ii", 1, 0)


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    add_subjects(world, 10 * N_SOCKETS)
    with running_server(world) as started:
        yield started


def slow_sender(server: Server) -> None:
    """A request that is never whole."""
    asked = f"POST /api/v1/guests HTTP/1.1\r\nHost: fathom\r\nContent-Length: 1000\r\nX-Slow: {'x' * 1000}"
    with closing(cooperative.create_connection(("127.0.0.1", server.port))) as line:
        for byte in asked.encode():
            line.sendall(bytes([byte]))
            gevent.sleep(1)


def deaf(server: Server) -> None:
    """Asks for a large file again and again, and for the news of a project, and reads nothing."""
    with closing(cooperative.socket()) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        line.connect(("127.0.0.1", server.port))
        line.sendall(b"GET /static/packages/socket.io.esm.min.js HTTP/1.1\r\nHost: fathom\r\n\r\n" * 50)
        gevent.sleep(3600)


def play_round(server: Server) -> list[float]:
    """How long each answer took."""
    http = Http(server.url, new_live_player(server).token)
    round_, taken = http.post(f"/projects/{SLUG}/rounds", {})[1], []
    for subject in round_["subjects"]:
        begun = time.monotonic()
        status, _ = http.post(f"/rounds/{round_['id']}/classifications", answer_to(round_, subject))
        assert status == 200
        taken.append(time.monotonic() - begun)
    http.close()
    return taken


def test_clients_that_send_slowly_or_never_read_hold_nobody_up(server: Server) -> None:
    bad = [gevent.spawn(slow_sender, server) for _ in range(N_SLOW)]
    bad += [gevent.spawn(deaf, server) for _ in range(N_DEAF)]
    gevent.sleep(2)
    try:
        assert not any(one.dead for one in bad)
        assert max(play_round(server)) < PATIENCE_S
    finally:
        gevent.killall(bad)


class Regular:
    """A volunteer at a socket, in the middle of a round."""

    def __init__(self, server: Server, token: str, played: Played) -> None:
        self._server, self._token, self._played = server, token, played
        with closing(Http(server.url, token)) as http:
            self.round: Json = http.post(f"/projects/{SLUG}/rounds", {})[1]
        self._subjects = iter(self.round["subjects"])
        self.connect()

    def connect(self) -> None:
        self.socket = Socket(self._server.url, SLUG, self._token)

    def cut(self) -> None:
        line = self.socket._stream._socket
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CUT)
        line.close()

    def answer(self) -> None:
        answer = answer_to(self.round, next(self._subjects))
        self._played.sent.add(answer["id"])
        assert "error" not in self.socket.call("classify", {"round": self.round["id"], **answer})
        self._played.acknowledged.add(answer["id"])

    def come_back(self) -> None:
        """As a browser does: at once, and then again and again."""
        while True:
            try:
                self.connect()
            except Lost:
                gevent.sleep(0.5)
                continue
            return self.answer()


@pytest.mark.slow
def test_hundreds_of_sockets_that_are_cut_and_come_back_at_once_are_all_served(server: Server) -> None:
    """Three times; some of them in the middle of an answer."""
    played, rng = Played(), Random(1)
    regulars = [Regular(server, token, played) for token in new_tokens(server.world, N_SOCKETS)]
    for _ in range(3):
        under_way = [gevent.spawn(one.answer) for one in rng.sample(regulars, 50)]
        gevent.sleep(0.02)
        gevent.killall(under_way)
        for one in regulars:
            one.cut()
        begun = time.monotonic()
        gevent.joinall([gevent.spawn(one.come_back) for one in regulars], timeout=STORM_S, raise_error=True)
        assert time.monotonic() - begun < STORM_S
    for one in regulars:
        one.socket.close()
    stage = Stage(server.world, server.world.projects[SLUG], 0, server.url, (), {}, {})
    answers = kept_answers(stage, played)
    assert (answers.lost, answers.doubled) == ((), ())
    assert answers.n_acknowledged >= 3 * N_SOCKETS
