"""A handful of kills under load, in both shapes that people run; `make bench-faults` does the same a hundred times."""

from pathlib import Path
from random import Random

import pytest

from tests.faults.kills import drawn_kills, n_by_part
from tests.faults.run import report, run

# Every part at least once, but for that which takes a loaded machine a quarter of a minute.
N_KILLS = {"scaled": 4, "embedded": 3}
SPARED = {"all web processes"}


@pytest.mark.slow
@pytest.mark.parametrize("shape", N_KILLS)
def test_what_was_acknowledged_is_there_once_and_everything_follows_from_it(shape: str, shared_data: Path) -> None:
    result = run(shape, shared_data, N_KILLS[shape], seed=2, n_subjects=1_000, spared=SPARED)
    assert result.good, report(result)
    assert result.played.acknowledged
    assert result.played.n_retried


def test_a_seed_always_draws_the_same_kills_and_every_kind_as_often() -> None:
    drawn, again = (drawn_kills(["a", "b", "c"], 30, Random(1)) for _ in range(2))
    assert drawn == again
    assert {kind: sum(kinds.count(kind) for kinds in drawn) for kind in "abc"} == {"a": 10, "b": 10, "c": 10}
    assert any(len(kinds) == 2 for kinds in drawn)
    assert n_by_part([]) == {}
