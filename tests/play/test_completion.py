"""Points, reliability and standings change at the end of a round, and only then."""

from datetime import datetime, timedelta

import numpy as np

from game.play.figures import OwnFigures, own_figures, project_progress, round_summary
from game.play.gold import NEWEST_GOLD, choice_counts
from game.play.standings import Period, leaderboard
from game.store import completions, reading, rounds, transaction
from scoring.points import round_points
from tests.play.conftest import Reef, guest
from tests.play.rounds import answer, begin, is_wrong, knows_all, knows_nothing, play, subject_ids


def figures(reef: Reef, volunteer_id: int) -> OwnFigures:
    with reading(reef.store) as session:
        return own_figures(session, reef.project, volunteer_id)


def test_no_figure_changes_before_the_round_is_complete(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    before = figures(reef, diver)
    shown = begin(reef, diver, now, rng)
    for position, one in enumerate(subject_ids(reef, shown)[:-1]):
        answer(reef, shown, position, diver, knows_all(reef.truth[one], shown.level), now=now)
        assert figures(reef, diver) == before


def test_a_perfect_first_round_earns_points_and_a_place(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    shown, _ = play(reef, diver, knows_all, now, rng)
    with reading(reef.store) as session:
        summary = round_summary(session, shown, diver, now)
    assert summary is not None
    assert summary.points > 0
    assert summary.standings.top[0].mine
    assert summary.figures.holding_back is not None


def test_guessing_earns_next_to_nothing(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    """On average: one in thirty guessers is lucky for a while."""
    expert, guessers = guest(reef, now, rng), [guest(reef, now, rng) for _ in range(4)]
    for minute in range(5):
        begun = now + timedelta(minutes=minute)
        play(reef, expert, knows_all, begun, rng)
        for guesser in guessers:
            play(reef, guesser, knows_nothing(rng), begun, rng)
    guessed = sum(figures(reef, guesser).points for guesser in guessers) / len(guessers)
    assert guessed <= 0.05 * figures(reef, expert).points


def test_racing_through_a_round_gains_nothing(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    """Four rounds at ten times the pace pay less than two: an answer in 0.5 s counts a fifth of one in 2.5 s."""
    racing, looking = guest(reef, now, rng), guest(reef, now, rng)
    for played in range(2):
        play(reef, looking, knows_all, now + timedelta(minutes=played), rng)
    for played in range(4):
        play(reef, racing, knows_all, now + timedelta(minutes=played), rng, pace_s=0.5)
    assert 0 < figures(reef, racing).points < figures(reef, looking).points


def test_rounds_that_are_open_side_by_side_share_their_time(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    with transaction(reef.store) as session:
        rounds.unlock(session, diver, reef.project_id, "kinds", now)
    minute = now + timedelta(minutes=1)
    for level in ("grounds", "kinds"):
        shown = begin(reef, diver, now, rng, level)
        for position, one in enumerate(subject_ids(reef, shown)):
            answer(reef, shown, position, diver, knows_all(reef.truth[one], shown.level), now=minute)
        with reading(reef.store) as session:
            summary = round_summary(session, shown, diver, minute)
        assert summary is not None
        assert (summary.points > 0) == (level == "grounds")


def test_gold_of_another_level_does_not_push_out_the_gold_of_this_one(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    """Else a level that somebody comes back to would pay nothing until it has asked her again."""
    level, other = reef.project.levels[0], reef.project.levels[1]
    play(reef, diver, knows_all, now, rng)
    with transaction(reef.store) as session:
        rounds.unlock(session, diver, reef.project_id, other.key, now)
        gold = completions.gold_answers(session, diver, reef.project_id, NEWEST_GOLD)
        before = choice_counts(gold, level, [3])[0]
    play(reef, diver, knows_all, now + timedelta(minutes=1), rng)
    with reading(reef.store) as session:
        gold = completions.gold_answers(session, diver, reef.project_id, NEWEST_GOLD)
        after, there = (choice_counts(gold, one, [3])[0] for one in (level, other))
    assert before.sum() == there.sum() == 3
    assert (after == before).all()


def test_who_is_right_alone_is_paid_by_gold_whatever_the_crowd_says(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    for _ in range(5):
        play(reef, guest(reef, now, rng), is_wrong, now, rng)
    shown, _ = play(reef, diver, knows_all, now, rng)
    with reading(reef.store) as session:
        summary = round_summary(session, shown, diver, now)
    assert summary is not None
    gold = np.diag([float(recall.n) for recall in summary.figures.recalls])
    assert summary.points == round_points(10, 10, 50.0, gold, gold) > 0


def test_last_weeks_points_count_for_all_time_only(
    reef: Reef, diver: int, now: datetime, rng: np.random.Generator
) -> None:
    play(reef, diver, knows_all, now, rng)
    with reading(reef.store) as session:
        next_week = now + timedelta(days=7)
        assert leaderboard(session, reef.project, Period.WEEK, diver, next_week).top == ()
        assert leaderboard(session, reef.project, Period.ALL, diver, next_week).top[0].mine


def test_simulated_volunteers_stand_on_no_leaderboard(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    play(reef, guest(reef, now, rng, simulated=True), knows_all, now, rng)
    with reading(reef.store) as session:
        assert leaderboard(session, reef.project, Period.ALL, None, now).top == ()


def test_simulated_volunteers_are_no_people(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    play(reef, guest(reef, now, rng), knows_all, now, rng)
    play(reef, guest(reef, now, rng, simulated=True), knows_all, now, rng)
    with reading(reef.store) as session:
        progress = project_progress(session, reef.project)
    assert (progress.n_classifications, progress.n_volunteers) == (10, 1)


def test_around_me_shows_my_neighbours_with_their_ranks(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    divers = [guest(reef, now, rng) for _ in range(6)]
    for diver in divers:
        play(reef, diver, knows_all, now, rng)
    with reading(reef.store) as session:
        board = leaderboard(session, reef.project, Period.WEEK, divers[3], now)
    ranks = [line.rank for line in board.around_me]
    mine = next(line for line in board.around_me if line.mine)
    assert board.top[mine.rank - 1] == mine
    assert ranks == list(range(ranks[0], ranks[0] + len(ranks)))
