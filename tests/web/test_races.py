"""Answers that arrive at the same moment, at several processes."""

from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

from sqlalchemy import func

from game.store import reading
from game.store.tables import Classification, Consensus, Round
from tests.server import Server
from tests.web.live import LivePlayer, new_live_player
from tests.web.player import Json, answer_to

N_AT_ONCE = 8


def send(player: LivePlayer, round_: Json, answer: Json) -> Json | int:
    """The outcome, or the status of the refusal."""
    try:
        return player.ask(f"/rounds/{round_['id']}/classifications", answer)
    except HTTPError as error:
        with error:
            return error.code


def test_the_same_answer_sent_many_times_at_once_is_kept_once(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    for subject in round_["subjects"][:5]:
        answer = answer_to(round_, subject)
        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            told = list(pool.map(lambda given: send(player, round_, given), [answer] * N_AT_ONCE))
        assert all(one == told[0] for one in told), told
        assert isinstance(told[0], dict)


def test_of_different_answers_at_once_one_is_kept_and_the_others_conflict(server: Server) -> None:
    player = new_live_player(server)
    round_ = player.start()
    for subject in round_["subjects"][:5]:
        answers = [answer_to(round_, subject) for _ in range(N_AT_ONCE)]
        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            told = list(pool.map(lambda given: send(player, round_, given), answers))
        assert sum(isinstance(one, dict) for one in told) == 1
        assert [one for one in told if not isinstance(one, dict)] == [409] * (N_AT_ONCE - 1)


def test_a_round_whose_answers_all_come_at_once_is_completed_once(server: Server) -> None:
    players = [new_live_player(server) for _ in range(4)]
    for player in players:
        round_ = player.start()
        answers = [answer_to(round_, subject) for subject in round_["subjects"]]
        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            told = list(pool.map(lambda given: send(player, round_, given), answers))  # noqa: B023
        assert sum(isinstance(one, dict) and one["completed"] for one in told) == 1, told
        with reading(server.world.store) as session:
            kept = session.query(Round).filter(Round.code == round_["id"]).one()
            assert kept.completed_at is not None
            assert session.query(Classification).filter(Classification.round_id == kept.id).count() == 10


def test_volunteers_who_answer_the_same_subject_at_once_all_count(server: Server) -> None:
    rounds = [(player, player.start()) for player in (new_live_player(server) for _ in range(N_AT_ONCE))]
    holders: dict[str, list[tuple[LivePlayer, Json, Json]]] = {}
    for player, round_ in rounds:
        for subject in round_["subjects"]:
            holders.setdefault(subject["image"], []).append((player, round_, subject))
    shared = [held for held in holders.values() if len(held) > 1]
    assert shared
    for held in shared:
        with ThreadPoolExecutor(len(held)) as pool:
            told = list(pool.map(lambda one: send(one[0], one[1], answer_to(one[1], one[2])), held))
        assert all(isinstance(one, dict) for one in told), told
    with reading(server.world.store) as session:
        given = dict(session.query(Classification.subject_id, func.count()).group_by(Classification.subject_id).all())
        believed = dict(session.query(Consensus.subject_id, Consensus.n_given).all())
        assert believed == given
