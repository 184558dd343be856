"""The benchmark itself: its measures by hand, and a replay that reveals every answer once and none before its turn."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from scoring.arrays import Floats, Ints
from tests.bench.crowd import data, metrics, replay
from tests.bench.crowd.bayes import ebcc, ibcc, plain_em, variational
from tests.bench.crowd.data import UNKNOWN, CrowdSet, draw_gold, judged, no_gold
from tests.bench.crowd.running import Lead, PlainEM, Shares
from tests.scoring.crowds import generators

TRUE = np.array([0, 1, 1])
POSTERIOR = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]])
ALL = np.arange(3)


def crowd_of(rng: np.random.Generator, n_answers: int = 80) -> CrowdSet:
    """Ten subjects, six volunteers, three labels; four in five answers are right."""
    true = rng.integers(3, size=10)
    subject, volunteer = rng.integers(10, size=n_answers), rng.integers(6, size=n_answers)
    given = np.where(rng.random(n_answers) < 0.8, true[subject], rng.integers(3, size=n_answers))
    return CrowdSet("drawn", subject, volunteer, given, true, 6, 3)


def test_a_tie_that_holds_the_truth_counts_in_part() -> None:
    # ½ for the tie, 1 for the second subject, 0 for the third: 1.5/3.
    assert metrics.accuracy(POSTERIOR, TRUE, ALL) == pytest.approx(0.5)


def test_log_loss_is_the_mean_surprise_at_the_truth() -> None:
    # -(ln .5 + ln .8 + ln .1)/3 = (.6931 + .2231 + 2.3026)/3.
    assert metrics.log_loss(POSTERIOR, TRUE, ALL) == pytest.approx(1.0730, abs=1e-4)


def test_an_impossible_truth_costs_no_more_than_its_floor() -> None:
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1]), np.array([0])) == pytest.approx(-math.log(1e-6))


def test_calibration_error_weighs_the_gaps_of_its_bins() -> None:
    # Three bins: |.5 - .5| + |1 - .8| + |0 - .9| = 1.1, of three subjects.
    assert metrics.calibration_error(POSTERIOR, TRUE, ALL) == pytest.approx(1.1 / 3)


def test_a_bin_on_the_diagonal_has_no_gap() -> None:
    # Ten subjects told .8, eight of them right.
    posterior, true = np.tile([0.8, 0.2], (10, 1)), np.array([0] * 8 + [1] * 2)
    confidence, right, n = metrics.reliability_curve(posterior, true, np.arange(10))
    assert (confidence[0], right[0], n[0]) == pytest.approx((0.8, 0.8, 10))


def test_auc_counts_the_pairs_in_the_right_order() -> None:
    # Guilty .9 and .4 against innocent .4 and .1: above, above, tie, above = 3.5 of 4.
    assert metrics.auc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([1.0, 1, 0, 0])) == pytest.approx(3.5 / 4)


def test_the_cost_of_an_accuracy_lies_on_the_line_between_two_points() -> None:
    spent, reached = np.array([2.0, 4.0, 6.0]), np.array([0.7, 0.8, 0.9])
    # .85 is half of the way from 4 to 6.
    assert metrics.cost_of(0.85, spent, reached) == pytest.approx(5.0)


def test_an_accuracy_never_reached_has_no_cost() -> None:
    assert math.isnan(metrics.cost_of(0.95, np.array([2.0, 4.0]), np.array([0.7, 0.8])))


def test_labels_and_tasks_are_read_in_numeric_order_and_the_unknown_stay_unknown(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("task,worker,label\n10,7,2\n9,7,10\n10,8,2\n")
    (tmp_path / "truth.csv").write_text("task,label\n10,2\n")
    crowd = data.read(tmp_path)
    assert crowd.subject.tolist() == [1, 0, 1]
    assert crowd.given.tolist() == [0, 1, 0]
    assert crowd.true.tolist() == [UNKNOWN, 0]


@settings(max_examples=20)
@given(generators)
def test_gold_is_never_measured(rng: np.random.Generator) -> None:
    crowd = crowd_of(rng)
    gold = draw_gold(crowd, 4, rng)
    assert (gold[judged(crowd, gold)] == UNKNOWN).all()
    assert len(judged(crowd, gold)) + (gold != UNKNOWN).sum() == len(crowd.known)


class Recorder(Shares):
    """Notes every row that it is shown for the first time."""

    def __init__(self, crowd: CrowdSet, gold: Ints) -> None:
        super().__init__(crowd, gold)
        self.shown: list[int] = []

    def add(self, row: int) -> Floats:
        self.shown.append(row)
        return super().add(row)

    def refit(self, rows: Ints) -> None:
        assert len(np.unique(rows)) == len(rows)
        assert rows[: len(self.shown)].tolist() == self.shown
        self.shown = rows.tolist()
        super().refit(rows)


@settings(max_examples=20)
@given(generators)
def test_a_stream_reveals_no_answer_twice_and_none_of_a_stopped_subject(rng: np.random.Generator) -> None:
    crowd = crowd_of(rng)
    order, recorder = rng.permutation(crowd.n_answers), Recorder(crowd, no_gold(crowd))
    stops = replay.stream(crowd, order, no_gold(crowd), recorder, 0.9)
    assert len(np.unique(stops.revealed)) == len(stops.revealed)
    place = np.argsort(order)
    assert (np.diff(place[stops.revealed]) > 0).all()
    missing = np.setdiff1d(order, stops.revealed)
    assert stops.stopped[crowd.subject[missing]].all()


def test_a_promise_is_measured_on_the_stopped_that_are_no_gold() -> None:
    # Subjects 0, 1, 2 stopped at .96, .98, .97, of which 1 is wrong and 2 is gold: claimed .97, true ½.
    crowd = CrowdSet("drawn", np.arange(4), np.zeros(4, int), np.zeros(4, int), np.zeros(4, int), 1, 2)
    gold = np.array([UNKNOWN, UNKNOWN, 0, UNKNOWN])
    stopped, confidence = np.array([True, True, True, False]), np.array([0.96, 0.98, 0.97, 0.0])
    stops = replay.Stops(stopped, confidence, np.array([0, 1, 0, 0]), np.arange(4))
    # Two of the three that are no gold stopped; 4 answers, 4 subjects.
    assert replay.promise(crowd, gold, stops, 0.95) == pytest.approx([0.47, 0.45, 2 / 3, 1])


@settings(max_examples=20)
@given(generators)
def test_gold_never_stops_and_all_its_answers_come_in(rng: np.random.Generator) -> None:
    crowd = crowd_of(rng)
    gold = draw_gold(crowd, 3, rng)
    stops = replay.stream(crowd, rng.permutation(crowd.n_answers), gold, PlainEM(crowd, gold), 0.8)
    told = np.flatnonzero(gold != UNKNOWN)
    assert not stops.stopped[told].any()
    assert np.isin(np.flatnonzero(np.isin(crowd.subject, told)), stops.revealed).all()


@settings(max_examples=20)
@given(generators)
def test_a_pool_reveals_no_answer_twice_and_a_subject_s_answers_in_their_order(rng: np.random.Generator) -> None:
    crowd = crowd_of(rng)
    queues = replay.face_down(crowd, rng)
    policy = replay.round_robin(0.9)
    state = replay.pool(crowd, queues, no_gold(crowd), policy, Shares(crowd, no_gold(crowd)))
    assert len(np.unique(state.revealed)) == len(state.revealed)
    for subject, queue in enumerate(queues):
        mine = [row for row in state.revealed if crowd.subject[row] == subject]
        assert mine == queue[::-1][: len(mine)]


def test_asking_for_the_largest_gain_ends_with_every_answer_revealed() -> None:
    rng = np.random.default_rng(0)
    crowd = crowd_of(rng)
    gold = draw_gold(crowd, 2, rng)
    state = replay.pool(crowd, replay.face_down(crowd, rng), gold, replay.largest_gain(), PlainEM(crowd, gold))
    open_ = np.isin(crowd.subject, judged(crowd, gold))
    assert np.isin(np.flatnonzero(open_), state.revealed).all()


def test_the_lead_is_the_leader_s_votes_less_the_next_one_s() -> None:
    # Three votes for label 0, one for label 1: 2 ahead, 1 - 2^-2.
    crowd = CrowdSet("drawn", np.zeros(4, int), np.arange(4), np.array([0, 0, 0, 1]), np.array([0]), 4, 2)
    lead = Lead(crowd, no_gold(crowd))
    lead.refit(np.arange(4))
    assert lead.posterior.tolist() == [[0.75, 0.0]]


@pytest.mark.parametrize("method", [ibcc, ebcc, lambda crowd: plain_em(crowd, no_gold(crowd))[0]])
def test_the_rivals_find_what_an_honest_crowd_says(method) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    crowd = crowd_of(rng, n_answers=400)
    posterior = method(crowd)
    assert posterior.sum(axis=1) == pytest.approx(np.ones(10))
    assert (posterior.argmax(axis=1) == crowd.true).all()


def test_the_bound_of_variational_bayes_never_falls() -> None:
    # The bound is returned from the last iteration; more iterations never return a lower one.
    crowd = crowd_of(np.random.default_rng(1))
    bounds = [variational(crowd, None, 3, np.random.default_rng(0), n)[1] for n in (1, 2, 5, 20)]
    assert bounds == sorted(bounds)
