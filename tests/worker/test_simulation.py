"""Simulated volunteers err as they were drawn, play through both doors of the real server, and lose no answer."""

from collections import Counter

import numpy as np
import pytest
from sqlalchemy import func, select

from game.cli.learning import simulated_tokens
from game.science.doors import HttpDoor, LostError, SocketDoor
from game.science.simulation import Crowd, Server, draw_confusion, simulate
from game.store import reading
from game.store.tables import Classification, Round, RoundSubject, Volunteer
from tests.server import Server as Running
from tests.servers import free_port

GROUPS = ("coral", "coral", "algae", "algae", "algae", "sand")


@pytest.mark.parametrize("reliability", [0.45, 0.7, 0.95])
def test_a_drawn_confusion_has_the_reliability_that_was_asked_for(reliability: float, rng: np.random.Generator) -> None:
    confusion = draw_confusion(GROUPS, reliability, rng)
    assert confusion.sum(axis=1) == pytest.approx(np.ones(6))
    assert (confusion >= 0).all()
    assert np.diagonal(confusion).mean() == pytest.approx(reliability, abs=0.02)


def test_a_mistake_names_another_group(rng: np.random.Generator) -> None:
    confusion = draw_confusion(GROUPS, 0.6, rng)
    assert confusion[0, 1] == confusion[2, 3] == confusion[4, 2] == 0
    assert (confusion[5, :5] > 0).all()


def test_labels_without_groups_are_all_mistaken_for_each_other(rng: np.random.Generator) -> None:
    assert (draw_confusion((None, None, None), 0.6, rng) > 0).all()


def test_every_acknowledged_answer_is_kept_once(server: Running) -> None:
    world = server.world
    crowd = Crowd(n_volunteers=6, n_answers=90, seed=1)
    seen: list[int] = []
    asked = Server(server.url, world.store, world.projects["moorea"])
    report = simulate(asked, crowd, simulated_tokens(world.store, crowd), lambda done, total, text: seen.append(done))
    with reading(world.store) as session:
        kept = Counter(session.scalars(select(Classification.key)))
        simulated = set(session.scalars(select(Volunteer.simulated)))
    assert len(report.acknowledged) == 90
    assert kept == Counter(report.acknowledged)
    assert simulated == {True}
    assert max(seen) == 90
    assert report.n_lost == 0


def test_a_volunteer_whose_answers_are_used_up_holds_no_picture(server: Running) -> None:
    """Of her second round she answers a part, and gives back the rest."""
    world = server.world
    crowd = Crowd(n_volunteers=2, n_answers=30, seed=2)
    asked = Server(server.url, world.store, world.projects["moorea"])
    report = simulate(asked, crowd, simulated_tokens(world.store, crowd), lambda done, total, text: None)
    assert len(report.acknowledged) == 30
    with reading(world.store) as session:
        assert session.scalar(select(func.count()).where(Round.completed_at.is_(None))) >= 2
        assert session.scalar(select(func.count()).where(RoundSubject.answered_at.is_(None))) == 0


@pytest.mark.parametrize("door", [HttpDoor, SocketDoor])
def test_a_door_without_a_server_says_that_the_line_broke(door: type[HttpDoor] | type[SocketDoor]) -> None:
    closed = door(f"http://127.0.0.1:{free_port()}", "moorea", "token")
    with pytest.raises(LostError):
        closed.classify("0123abcd", {"id": "0123abcd"})
    with pytest.raises(LostError):
        closed.start_round()
    closed.close()
