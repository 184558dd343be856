"""The server's clock jumps an hour ahead, and an hour back, while people play: nothing is lost, and rounds are paid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from sqlalchemy import select

from game.store import reading
from game.store.tables import Round
from game.web.context import Game
from game.web.ledger import Ledger
from tests.faults.checks import broken_consensus, broken_play, kept_answers
from tests.faults.players import Played
from tests.faults.stage import Stage
from tests.load.place import SLUG
from tests.web.player import ApiPlayer, Json, answer_to, new_player
from tests.world import World

HOUR = timedelta(hours=1)
PACE = timedelta(seconds=5)


class Clock:
    """Goes on by a few seconds with each look, from a quarter of an hour ago; it can be set."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC) - timedelta(minutes=15)

    def __call__(self) -> datetime:
        self._now += PACE
        return self._now

    def put(self, by: timedelta) -> None:
        self._now += by


@pytest.fixture
def clock(app: OpenAPI) -> Clock:
    """By which rounds begin and end, and answers are kept."""
    clock, game = Clock(), app.extensions["fathom"]
    assert isinstance(game, Game)
    app.extensions["fathom"] = replace(game, ledger=Ledger(game.store, game.projects, clock, Random))
    return clock


def truth_of(world: World, subject: Json) -> int:
    sha256 = subject["full"].split("/")[2]
    return world.truth[sha256, subject["point"]["row"], subject["point"]["column"]].label


def play(world: World, player: ApiPlayer, played: Played, clock: Clock, step: timedelta | None = None) -> None:
    """A round, rightly; in its middle the clock may be set."""
    round_ = player.start(SLUG)
    for place, subject in enumerate(round_["subjects"]):
        if place == 5 and step is not None:
            clock.put(step)
        label = truth_of(world, subject)
        masks = world.projects[SLUG].choice_masks
        right = next(one["code"] for one in round_["choices"] if masks[one["code"]][label])
        answer = answer_to(round_, subject, label=right)
        played.sent.add(answer["id"])
        told = player.post(f"/rounds/{round_['id']}/classifications", answer)
        assert told.status_code == 200, told.text
        played.acknowledged.add(answer["id"])
        again = player.post(f"/rounds/{round_['id']}/classifications", answer)
        assert again.json == told.json, "what was acknowledged is kept once, at whatever time"


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["ahead", "back"])
def test_answers_and_points_survive_a_clock_that_jumps(
    world: World, client: FlaskClient, clock: Clock, step: timedelta
) -> None:
    player, played = new_player(client), Played()
    clock.put(timedelta(minutes=16))
    play(world, player, played, clock)
    play(world, player, played, clock, step)
    clock.put(timedelta(minutes=1))
    with reading(world.store) as session:
        project_id = session.scalar(select(Round.project_id)) or 0
    stage = Stage(world, world.projects[SLUG], project_id, "", (), {}, {})
    answers = kept_answers(stage, played)
    assert (answers.n_acknowledged, answers.lost, answers.doubled) == (20, (), ())
    assert broken_play(stage, played) == broken_consensus(stage) == []


def test_a_round_after_the_clock_was_put_back_is_paid(world: World, client: FlaskClient, clock: Clock) -> None:
    """It was an hour ahead when the first round ended: until that hour was over, no other would have taken any time."""
    player, played = new_player(client), Played()
    clock.put(HOUR)
    play(world, player, played, clock)
    clock.put(timedelta(minutes=16) - HOUR)
    play(world, player, played, clock)
    with reading(world.store) as session:
        first, second = session.scalars(select(Round.points).order_by(Round.id))
    assert first
    assert second
