"""The server is killed in the middle of play: what it acknowledged is kept, and play goes on."""

import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
import socketio
from sqlalchemy import select

from game.store import reading
from game.store.beliefs import ALL_TIME
from game.store.tables import Classification, Consensus, Round, RoundSubject, Standing
from tests.server import Server, running_server
from tests.web.live import PATIENCE_S, LivePlayer, new_live_player
from tests.web.player import Json, answer_to
from tests.world import World

N_PLAYERS = 8
N_BEFORE_A_CUT = (60, 25, 40)


class Played:
    """What was sent and what was acknowledged, by the answers' keys."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[LivePlayer, Json, Json]] = {}
        self.acknowledged: set[str] = set()
        self.cut = threading.Event()


def play_on(player: LivePlayer, played: Played) -> None:
    """Round after round over the socket, until the line is dead."""
    with suppress(socketio.exceptions.SocketIOError, OSError), player.socket() as socket:
        while not played.cut.is_set():
            round_ = player.start()
            for subject in round_["subjects"]:
                answer = answer_to(round_, subject)
                played.sent[answer["id"]] = (player, round_, answer)
                if "error" not in socket.classify(round_, answer, timeout_s=3):
                    played.acknowledged.add(answer["id"])


def play_until_the_cut(server: Server, n_before: int) -> Played:
    played = Played()
    players = [new_live_player(server) for _ in range(N_PLAYERS)]
    threads = [threading.Thread(target=play_on, args=(player, played), daemon=True) for player in players]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(played.acknowledged) < n_before:
        assert time.monotonic() < deadline, "Play was too slow to be cut."
        time.sleep(0.005)
    server.kill()
    played.cut.set()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
        assert not thread.is_alive()
    return played


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_and_what_was_not_can_be_sent_again(world: World) -> None:
    """Several times over: answers that were being written together are all there, or none of them is."""
    sent: set[str] = set()
    acknowledged: set[str] = set()
    for n_before in N_BEFORE_A_CUT:
        with running_server(world) as server:
            played = play_until_the_cut(server, n_before)
        sent |= played.sent.keys()
        acknowledged |= played.acknowledged
        assert acknowledged <= kept_keys(world).keys()
    with running_server(world) as server:
        for player, round_, answer in list(played.sent.values())[-N_PLAYERS:]:
            again = LivePlayer(server.url, player.token, player.pseudonym)
            assert again.ask(f"/rounds/{round_['id']}/classifications", answer)["subject"] == answer["subject"]
    kept = kept_keys(world)
    assert set(kept.values()) == {1}
    assert kept.keys() <= sent
    check_what_follows(world)


def kept_keys(world: World) -> Counter[str]:
    with reading(world.store) as session:
        return Counter(session.scalars(select(Classification.key)))


def check_what_follows(world: World) -> None:
    """What a round, a consensus and a leaderboard say is what follows from the answers that are there."""
    with reading(world.store) as session:
        answered = select(RoundSubject.id).where(RoundSubject.answered_at.is_not(None))
        assert set(session.scalars(answered)) == set(session.scalars(select(Classification.round_subject_id)))
        n_of_round = Counter(session.scalars(select(Classification.round_id)))
        for row in session.scalars(select(Round)):
            assert (row.completed_at is not None) == (row.points is not None) == (n_of_round[row.id] == row.n_subjects)
        given = Counter(session.scalars(select(Classification.subject_id)))
        assert dict(session.execute(select(Consensus.subject_id, Consensus.n_given)).all()) == given
        earned: Counter[int] = Counter()
        for volunteer_id, points in session.execute(select(Round.volunteer_id, Round.points)):
            earned[volunteer_id] += points or 0
        standings = select(Standing.volunteer_id, Standing.points).where(Standing.period == ALL_TIME)
        assert all(earned[volunteer_id] == points for volunteer_id, points in session.execute(standings))
