"""Gold is drawn by a hash: the same on every run, whatever the order of the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import strategies as st

from game.levels import Gold, GoldUse
from game.science.annotations import Annotation
from game.science.gold import GoldBy, GoldShare, choose_gold
from tests.science.reef import MOOREA

ROWS = [Annotation(n, (f"{n % 20}.jpg", n, n), n % 6) for n in range(400)]


def gold_of(rows: Sequence[Annotation], gold: GoldShare) -> set[object]:
    return {spot for spot, truth in choose_gold(MOOREA, rows, gold).items() if truth.use is not GoldUse.REFERENCE}


@hypothesis.given(rows=st.permutations(ROWS[:60]), by=st.sampled_from(GoldBy))
@hypothesis.settings(max_examples=20)
def test_the_order_of_the_rows_does_not_matter(rows: list[Annotation], by: GoldBy) -> None:
    assert choose_gold(MOOREA, rows, GoldShare(0.3, by)) == choose_gold(MOOREA, ROWS[:60], GoldShare(0.3, by))


@pytest.mark.parametrize(("share", "n"), [(0.0, 0), (0.01, 1), (0.25, 5), (0.5, 10), (1.0, 20)])
def test_the_share_counts_images_and_takes_them_whole(share: float, n: int) -> None:
    gold = gold_of(ROWS, GoldShare(share))
    files = {spot[0] for spot in gold if isinstance(spot, tuple)}
    assert len(files) == n
    assert gold == {row.spot for row in ROWS if row.spot[0] in files}


def test_all_that_was_cut_out_of_one_photograph_is_gold_or_none_of_it() -> None:
    patches = [replace(row, photograph=f"photograph {n // 40}") for n, row in enumerate(ROWS)]
    gold = gold_of(patches, GoldShare(0.3))
    assert len(gold) == 3 * 40
    assert len({row.whole for row in patches if row.spot in gold}) == 3


def test_the_share_can_count_sites_and_takes_them_whole() -> None:
    rows = [replace(row, site=f"site {n // 100}") for n, row in enumerate(ROWS)]
    gold = gold_of(rows, GoldShare(0.25, GoldBy.SITE))
    assert len(gold) == 100
    assert len({row.site for row in rows if row.spot in gold}) == 1
    assert gold_of(ROWS, GoldShare(0.25, GoldBy.SITE)) == gold_of(ROWS, GoldShare(0.25)), "where no site is known"


def test_the_share_can_count_subjects() -> None:
    assert len(gold_of(ROWS, GoldShare(0.25, GoldBy.SUBJECT))) == 100


def test_another_project_draws_another_gold() -> None:
    other = replace(MOOREA, uuid="f53ccbed-72bf-4ae1-930f-4ac003a9b178")
    assert choose_gold(other, ROWS, GoldShare()) != choose_gold(MOOREA, ROWS, GoldShare())


def test_two_of_a_label_teach_and_never_more_than_one_in_four() -> None:
    truths = choose_gold(MOOREA, ROWS, GoldShare(0.25, GoldBy.SUBJECT)).values()
    gold = Counter(truth.label for truth in truths if truth.use is not GoldUse.REFERENCE)
    teaching = Counter(truth.label for truth in truths if truth.use is GoldUse.TEACHING)
    assert teaching == {label: min(2, n // 4) for label, n in gold.items()}


def test_what_the_project_names_is_not_drawn_and_replaces_teaching_by_lot() -> None:
    named = Gold("0.jpg", "Sand", GoldUse.TEACHING, "Grains.", 0, 0)
    truths = choose_gold(replace(MOOREA, gold=(named,)), ROWS, GoldShare(0.5))
    assert truths["0.jpg", 0, 0].why == "Grains."
    assert [truth.use for truth in truths.values()].count(GoldUse.TEACHING) == 1


def test_a_row_without_label_is_no_gold() -> None:
    rows = [Annotation(1, ("a.jpg", 1, 1), None)]
    assert choose_gold(MOOREA, rows, GoldShare(1.0)) == {}
