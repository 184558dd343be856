"""What is drawn of a project: counted right, and silent about gold and about any single volunteer."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from game.levels import GoldUse
from game.science.fitting import Weights, fit_weights
from game.science.showing import FEWEST, FEWEST_NEW, Crowd, calibration, confusion, figures, merged, reliabilities
from game.store.said import ById, Said, all_said
from scoring.arrays import Floats
from scoring.confusion import wilson
from tests.science.answers import one_coin
from tests.science.drawn import crowd_of, drawn_figures
from tests.science.reef import KOH_TAO, MOOREA

LABELS = [label.code for label in MOOREA.labels]
K = len(LABELS)
CORAL = np.eye(K)[0]


def weights(confusions: dict[int, Floats]) -> Weights:
    nobody = fit_weights(MOOREA, all_said([]), {})
    return replace(nobody, confusions=confusions, pooled=one_coin(0.7, K), prior=np.full(K, 1 / K))


def said(given: Iterable[tuple[int, str | None]]) -> list[Said]:
    """Each answer, (subject, choice), from the next of ten volunteers."""
    return [Said(n, subject, n % 10, choice, None) for n, (subject, choice) in enumerate(given)]


def crowd(given: Iterable[tuple[int, str | None]], settled: set[int], gold: dict[int, int], n_subjects: int) -> Crowd:
    answers = said(given)
    ordinary = np.array(sorted({one.subject_id for one in answers} - gold.keys()), dtype=np.int64)
    believed = ById(ordinary, np.tile(CORAL, (len(ordinary), 1)))
    hidden = {subject: (label, GoldUse.HIDDEN) for subject, label in gold.items()}
    knowing = weights({n: one_coin(0.7, K) for n in range(10)})
    return Crowd(all_said(answers), hidden, knowing, believed, settled, n_subjects, [])


def drawn(of: Crowd, before: dict[str, Any] | None = None) -> dict[str, Any]:
    found = figures(MOOREA, of, np.random.default_rng(1), before)
    assert found is not None
    return found


def stages() -> Crowd:
    """Of 70 subjects 1 … 20 are answered once, 21 … 25 by both groups, 26 … 30 twice by different corals, 31 … 33
    settled, 34 … 37 gold; 38 has nothing but an abstention, the rest nothing at all."""
    once = [(subject, "Sand") for subject in range(1, 21)]
    divided = [(subject, choice) for subject in range(21, 26) for choice in ("hard-coral", "Sand")]
    agreed = [(subject, choice) for subject in range(26, 31) for choice in ("Porit", "OtherCoral")]
    settled = [(subject, "Sand") for subject in (31, 32, 33, 34, 35, 36, 37) for _ in range(3)]
    return crowd([*once, *divided, *agreed, *settled, (38, None)], {31, 32, 33}, dict.fromkeys(range(34, 38), 5), 70)


def test_every_subject_is_in_one_stage_of_the_tribar() -> None:
    expected = {"none": 33, "one": 20, "divided": 5, "agreed": 5, "settled": 3, "expert": 4}
    assert drawn(stages())["tribar"] == expected
    assert sum(expected.values()) == 70


def test_gold_has_no_part_in_agreement() -> None:
    """Of ordinary subjects 21 … 33 have two answers to groups, 26 … 33 two to labels."""
    groups, labels = drawn(stages())["choice_sets"]
    assert (groups["alpha"]["n_subjects"], groups["alpha"]["n_answers"]) == (13, 29)
    assert (labels["alpha"]["n_subjects"], labels["alpha"]["n_answers"]) == (8, 19)


def test_a_label_is_an_answer_for_its_group_and_a_group_none_for_its_labels() -> None:
    """All ordinary subjects are believed to be Porites; the four of gold are sand."""
    groups, labels = drawn(stages())["choice_sets"]
    assert groups["codes"] == ["hard-coral", "algae", "soft-substrate"]
    assert groups["n"] == [49, None, 12]
    assert labels["codes"] == LABELS
    assert labels["n"] == [44, None, None, None, None, 12]


def test_a_cell_of_fewer_than_five_answers_is_left_out() -> None:
    n = np.full((K, K), FEWEST)
    n[0, 1] = FEWEST - 1
    found = confusion(np.eye(K, dtype=np.bool_), weights({}), n)
    assert found[0] == [pytest.approx(0.7), None, *[pytest.approx(0.06)] * 4]
    assert found[1][0] == pytest.approx(0.06)


def test_confusion_between_groups_weighs_labels_by_how_common_they_are() -> None:
    """Two labels, .75 and .25 of the subjects; said to be in the group with .9 and .5: .75·.9 + .25·.5 = .8."""
    pooled = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    told = replace(weights({}), pooled=pooled, prior=np.array([0.3, 0.1, 0.6]))
    masks = np.array([[True, True, False], [False, False, True]])
    assert confusion(masks, told, np.full((2, 2), 9)) == [[pytest.approx(0.8), pytest.approx(0.2)], [0, 1]]


def test_reliabilities_are_counted_in_bins_and_small_bins_are_merged() -> None:
    """5 at .45, 3 at .62, 4 at .71, 2 at .95; somebody with four answers is left out."""
    of = [0.45] * 5 + [0.62] * 3 + [0.71] * 4 + [0.95] * 2
    confusions = {n: one_coin(reliability, K) for n, reliability in enumerate([*of, 0.05])}
    volunteer = np.repeat(np.arange(15), [5] * 14 + [4])
    assert reliabilities(confusions, volunteer) == [
        {"low": 0.4, "high": 0.5, "n": 5},
        {"low": 0.5, "high": 0.6, "n": 0},
        {"low": 0.6, "high": 1.0, "n": 9},
    ]


def test_calibration_shows_what_was_claimed_against_what_came_true() -> None:
    """Ten claims of .85 of which eight are right, five of .97 all right; two of .3 are too few to stand alone."""
    asked = [*[(0.85, n < 8) for n in range(10)], *[(0.97, True)] * 5, *[(0.3, False)] * 2]
    low, surer = calibration(asked)
    assert low["n"] == 12
    assert low["confidence"] == pytest.approx((10 * 0.85 + 2 * 0.3) / 12, abs=1e-4)
    assert low["right"] == pytest.approx(8 / 12, abs=1e-4)
    bounds = wilson(8, 12)
    assert (low["low"], low["high"]) == (pytest.approx(bounds[0], abs=1e-4), pytest.approx(bounds[1], abs=1e-4))
    assert surer | {"low": 0} == {"confidence": 0.97, "right": 1.0, "low": 0, "high": 1.0, "n": 5}
    assert calibration([]) == calibration(asked[:4]) == []


def test_certainty_itself_belongs_to_the_last_bin() -> None:
    assert calibration([(1.0, True)] * 5)[0]["confidence"] == 1


@hypothesis.given(n=st.lists(st.integers(0, 12), max_size=20))
def test_merged_bins_hold_enough_or_nobody_and_lose_nobody(n: list[int]) -> None:
    parts = merged(n)
    assert sum(sum(n[start:stop]) for start, stop in parts) == (sum(n) if sum(n) >= FEWEST else 0)
    assert all(sum(n[start:stop]) >= FEWEST or not any(n[start:stop]) for start, stop in parts)
    assert all(before[1] == after[0] for before, after in pairwise(parts))


def test_nothing_is_drawn_before_enough_answers_and_anew_only_after_as_many() -> None:
    whole = crowd_of(MOOREA)
    first = replace(whole, said=whole.said[: FEWEST_NEW - 1])
    assert figures(MOOREA, first, np.random.default_rng(1)) is None
    before = drawn(replace(whole, said=whole.said[:600]))
    assert drawn(replace(whole, said=whole.said[: 600 + FEWEST_NEW - 1]), before) == before
    after = drawn(replace(whole, said=whole.said[: 600 + FEWEST_NEW]), before)
    assert after["answers"] == 600 + FEWEST_NEW
    assert after["tribar"] != before["tribar"]


def test_the_same_answers_and_the_same_dice_draw_the_same() -> None:
    assert drawn_figures(MOOREA) == drawn_figures(MOOREA)


def test_a_project_without_groups_has_one_choice_set() -> None:
    assert [one["choice_set"] for one in drawn_figures(KOH_TAO)["choice_sets"]] == ["labels"]


def test_a_crowd_that_only_abstained_is_drawn_without_any_label() -> None:
    found = drawn(crowd([(subject, None) for subject in range(60)], set(), {}, 60))
    assert found["tribar"]["none"] == 60
    assert found["reliability"] == found["calibration"] == []
    assert all(one["alpha"] is None and not any(one["n"]) for one in found["choice_sets"])


def numbers(told: Any) -> set[int]:
    if isinstance(told, dict):
        return {n for part in told.values() for n in numbers(part)}
    if isinstance(told, list):
        return {n for part in told for n in numbers(part)}
    return {told} if isinstance(told, int) else set()


def test_nothing_that_is_drawn_names_a_subject_or_a_volunteer() -> None:
    """The same crowd under other ids draws the same figures."""
    whole, other = crowd_of(MOOREA), 1_000_003
    renamed = Crowd(
        replace(whole.said, subject_id=whole.said.subject_id + other, volunteer_id=whole.said.volunteer_id + other),
        {one + other: told for one, told in whole.gold.items()},
        replace(whole.weights, confusions={one + other: told for one, told in whole.weights.confusions.items()}),
        ById(whole.believed.ids + other, whole.believed.rows),
        {one + other for one in whole.settled},
        whole.n_subjects,
        whole.asked,
    )
    assert drawn(renamed) == drawn(whole)
    assert max(numbers(drawn(renamed))) < other


def test_no_figure_stands_on_fewer_than_five() -> None:
    told = drawn_figures(MOOREA)
    assert all(one["n"] >= FEWEST for one in told["calibration"])
    assert all(one["n"] == 0 or one["n"] >= FEWEST for one in told["reliability"])
    assert all(n is None or n >= FEWEST for one in told["choice_sets"] for n in one["n"])
