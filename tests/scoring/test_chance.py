"""What is drawn by chance: nothing gets lost, nothing is favoured."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scoring.chance import one_of, rounded, shuffled

SEED = 1


@given(st.lists(st.integers()), st.integers())
def test_shuffling_keeps_everything(these: list[int], seed: int) -> None:
    assert sorted(shuffled(these, Random(seed))) == sorted(these)


def test_every_order_is_as_likely() -> None:
    rng = Random(SEED)
    met = Counter(tuple(shuffled("abc", rng)) for _ in range(6_000))
    # Six orders, 1,000 times each; a standard deviation is 29.
    assert len(met) == 6
    assert max(abs(n - 1_000) for n in met.values()) < 120


def test_each_is_drawn_as_often() -> None:
    rng = Random(SEED)
    met = Counter(one_of("abcd", rng) for _ in range(8_000))
    # 2,000 times each; a standard deviation is 39.
    assert max(abs(met[letter] - 2_000) for letter in "abcd") < 160


def test_an_expectation_is_rounded_to_a_neighbour_and_kept_on_average() -> None:
    rng = Random(SEED)
    drawn = [rounded(2.25, rng) for _ in range(4_000)]
    assert set(drawn) == {2, 3}
    assert abs(sum(drawn) / 4_000 - 2.25) < 0.03
