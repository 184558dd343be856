"""What is kept of figures and flags, and who is told."""

from pathlib import Path

import pytest

from game.levels import GoldUse
from game.science.figures import consensus_figures, flagged_volunteers, n_flagged
from game.store import Store, reading, transaction
from tests.conftest import NOW
from tests.science.answers import say, subject_ids
from tests.science.drawn import add_figures, add_flagged
from tests.science.reef import KOH_TAO, MOOREA, import_reef

COPIES = {"kind": "copies", "n": 12, "found": 31.5, "expected": 3.0, "p_value": 1e-9}
RANDOM = {"kind": "random", "n": 12, "found": 0.01, "expected": 0.3, "p_value": 1e-4}


@pytest.fixture
def reef_store(store: Store, shared_data: Path, tmp_path: Path) -> Store:
    import_reef(store, shared_data, tmp_path)
    return store


def test_the_last_aggregation_s_figures_are_shown(reef_store: Store) -> None:
    with transaction(reef_store) as session:
        add_figures(session, MOOREA, {"answers": 60}, NOW)
        add_figures(session, MOOREA, {"answers": 120}, NOW)
    with reading(reef_store) as session:
        found = consensus_figures(session, MOOREA)
    assert found is not None
    assert (found.drawn, found.computed_at, found.includes_simulated) == ({"answers": 120}, NOW, False)


def test_an_aggregation_that_drew_nothing_and_a_project_without_any_have_no_figures(reef_store: Store) -> None:
    with transaction(reef_store) as session:
        assert consensus_figures(session, MOOREA) is None
        add_figures(session, MOOREA, None, NOW)
    with reading(reef_store) as session:
        assert consensus_figures(session, MOOREA) is None
        assert consensus_figures(session, KOH_TAO) is None


def test_figures_say_when_simulated_volunteers_are_among_the_crowd(reef_store: Store) -> None:
    with transaction(reef_store) as session:
        add_figures(session, MOOREA, {"answers": 60}, NOW)
        add_flagged(session, MOOREA, ["Ada"], None, NOW, simulated=True)
    with reading(reef_store) as session:
        found = consensus_figures(session, MOOREA)
    assert found is not None
    assert found.includes_simulated


def test_flagged_volunteers_come_with_their_reasons_and_how_many_answer_alike(reef_store: Store) -> None:
    with transaction(reef_store) as session:
        add_flagged(session, MOOREA, ["Ada", "Bea", "Cyd"], [COPIES], NOW)
        add_flagged(session, MOOREA, ["Dan"], [RANDOM], NOW)
        add_flagged(session, MOOREA, ["Eve"], [], NOW)
        add_flagged(session, MOOREA, ["Fay"], None, NOW)
    with reading(reef_store) as session:
        found = {one.pseudonym: one for one in flagged_volunteers(session, MOOREA)}
        assert n_flagged(session, MOOREA) == 4
    assert set(found) == {"Ada", "Bea", "Cyd", "Dan"}
    assert [found[name].n_alike for name in ("Ada", "Dan")] == [2, 0]
    (flag,) = found["Dan"].flags
    assert (flag.kind, flag.n, flag.found, flag.expected) == ("random", 12, 0.01, 0.3)


def test_a_flagged_volunteer_s_answers_are_counted(reef_store: Store) -> None:
    with transaction(reef_store) as session:
        (ada,) = add_flagged(session, MOOREA, ["Ada"], [RANDOM], NOW)
    subject = next(iter(subject_ids(reef_store, GoldUse.REFERENCE)))
    say(reef_store, ada, [(subject, "Sand")])
    with reading(reef_store) as session:
        assert [one.n_answers for one in flagged_volunteers(session, MOOREA)] == [1]


def test_a_project_without_subjects_has_nobody_to_look_at(store: Store) -> None:
    with reading(store) as session:
        assert flagged_volunteers(session, MOOREA) == []
        assert n_flagged(session, MOOREA) == 0
