"""The checks find what they are there for: every kind of row that a fault could leave behind."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from game.store import reading
from game.store.tables import Project
from tests.faults.checks import broken_consensus, broken_play, kept_answers, unlike_their_rows
from tests.faults.players import Played
from tests.faults.points import broken_points
from tests.faults.stage import Stage
from tests.load.place import SLUG
from tests.web.player import answer_to, new_player
from tests.world import World

N_PLAYERS = 3
COLUMNS = (
    "round_id, project_id, subject_id, volunteer_id, level, level_version, code_version, choice, abstention, "
    "shown_ms, given_at"
)


# Rows may be damaged as no code of ours could.
UNCHECKED = {"sqlite": "PRAGMA foreign_keys=OFF", "postgresql": "SET LOCAL session_replication_role = replica"}


@dataclass(frozen=True)
class Hall:
    stage: Stage
    played: Played

    def change(self, statement: str) -> None:
        with self.stage.world.store.engine.execution_options(writes=True).begin() as connection:
            connection.execute(text(UNCHECKED[connection.dialect.name]))
            assert connection.execute(text(statement)).rowcount


@pytest.fixture
def hall(world: World, client: FlaskClient) -> Hall:
    played = Played()
    for place in range(N_PLAYERS):
        player = new_player(client)
        round_ = player.start(SLUG)
        for subject in round_["subjects"]:
            answer = answer_to(round_, subject, label=round_["choices"][place % 2]["code"])
            played.sent.add(answer["id"])
            assert player.post(f"/rounds/{round_['id']}/classifications", answer).status_code == 200
            played.acknowledged.add(answer["id"])
    with reading(world.store) as session:
        project_id = session.scalar(select(Project.id).where(Project.slug == SLUG)) or 0
    return Hall(Stage(world, world.projects[SLUG], project_id, "", (), {}, {}), played)


def test_they_find_nothing_where_nothing_is_broken(hall: Hall) -> None:
    answers = kept_answers(hall.stage, hall.played)
    assert (answers.n_acknowledged, answers.lost, answers.doubled) == (10 * N_PLAYERS, (), ())
    assert broken_play(hall.stage, hall.played) == broken_points(hall.stage) == broken_consensus(hall.stage) == []


def test_they_find_an_answer_that_was_lost(hall: Hall) -> None:
    hall.change("DELETE FROM classifications WHERE id = 7")
    assert len(kept_answers(hall.stage, hall.played).lost) == 1
    assert broken_play(hall.stage, hall.played)


@pytest.mark.parametrize("key", ["key", "'another'"])
def test_they_find_an_answer_that_counts_twice(hall: Hall, key: str) -> None:
    copied = f"SELECT {key}, round_subject_id, 2, {COLUMNS} FROM classifications WHERE id = 7"
    hall.change(f"INSERT INTO classifications (key, round_subject_id, attempt, {COLUMNS}) {copied}")
    assert kept_answers(hall.stage, hall.played).doubled
    assert broken_play(hall.stage, hall.played)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE round_subjects SET answered_at = NULL WHERE id = 3",
        "UPDATE rounds SET completed_at = NULL WHERE id = 2",
        "UPDATE consensus SET n_given = n_given + 1 WHERE subject_id = (SELECT max(subject_id) FROM consensus)",
        "DELETE FROM consensus WHERE subject_id = (SELECT max(subject_id) FROM consensus)",
    ],
)
def test_they_find_what_does_not_follow_from_the_answers(hall: Hall, statement: str) -> None:
    hall.change(statement)
    assert len(broken_play(hall.stage, hall.played)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rounds SET points = points + 1 WHERE id = 2",
        "UPDATE standings SET points = points + 1 WHERE volunteer_id = 2 AND period = 'all'",
        "DELETE FROM standings WHERE volunteer_id = 2",
    ],
)
def test_they_find_points_that_nobody_earned_or_got(hall: Hall, statement: str) -> None:
    hall.change(statement)
    assert broken_points(hall.stage)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consensus SET posterior = '[1, 0, 0, 0, 0, 0]'",
        "UPDATE openings SET priority = priority + 0.5",
        "UPDATE openings SET reason = 'contested', retired_at = 1",
    ],
)
def test_they_find_a_belief_that_does_not_follow(hall: Hall, statement: str) -> None:
    assert broken_consensus(hall.stage) == []
    hall.change(statement)
    assert unlike_their_rows(hall.stage)
