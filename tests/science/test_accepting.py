"""Machine-accepted: a state of its own, which only a project can ask for and which people's checks can end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from game.levels import GoldUse
from game.play.belief import update_belief
from game.science.accepting import Acceptance, decide
from game.science.aggregate import aggregate
from game.science.hearing import Model
from game.science.release import make_release
from game.store import Store, beliefs, counts, reading, rounds, science, subjects, transaction
from game.store.witness import MetModel
from game.training.dataset import read_dataset
from scoring.audit import Audit, judged_by_people_alone
from scoring.voter import at_its_word
from tests.conftest import NOW
from tests.science.answers import say, subject_ids, volunteer
from tests.science.conftest import LABELS, Reef
from tests.science.editions import EASILY_SURE, Folder, codes
from tests.science.predicting import publish_model, unpublish
from tests.science.reef import import_reef
from tests.science.test_hearing import reasons

ACCEPTING = replace(EASILY_SURE, retirement=replace(EASILY_SURE.retirement, machine_accepts_at=0.9))
K = len(LABELS)


@pytest.fixture
def sure(store: Store, shared_data: Path, tmp_path: Path) -> Reef:
    """Gold and four of those in play answered, and a model that is sure of all subjects, and right."""
    import_reef(store, shared_data, tmp_path, size=(5, 40))
    knowing = [volunteer(store, name) for name in ("Ada", "Bea")]
    reef = Reef(
        store, subject_ids(store, GoldUse.REFERENCE), subject_ids(store, GoldUse.HIDDEN), knowing,
        [volunteer(store, "Cyd")],
    )  # fmt: skip
    for one in reef.knowing:
        say(store, one, [(subject, LABELS[label]) for subject, label in (reef.gold | first(reef)).items()])
    publish_model(store, reef.gold | reef.open, sure=0.9995)
    return reef


def first(reef: Reef) -> dict[int, int]:
    """One of them is the audit's."""
    drawn = next(one for one in reef.open if judged_by_people_alone(one))
    return {drawn: reef.open[drawn], **dict(list(reef.open.items())[:3])}


def accepted(store: Store) -> set[int]:
    return {one for one, reason in reasons(store).items() if reason == "machine_accepted"}


def test_a_project_that_does_not_ask_for_it_leaves_everything_to_people(sure: Reef) -> None:
    aggregate(sure.store, EASILY_SURE, NOW)
    assert accepted(sure.store) == set()


def test_what_nobody_answered_and_the_model_is_sure_of_leaves_play_but_for_the_audit(sure: Reef) -> None:
    aggregate(sure.store, ACCEPTING, NOW)
    unanswered = sure.open.keys() - first(sure).keys()
    assert accepted(sure.store) == {one for one in unanswered if not judged_by_people_alone(one)}
    assert reasons(sure.store, "groups") == reasons(sure.store, "labels")
    with reading(sure.store) as session:
        row = subjects.project_row(session, "moorea")
        assert row is not None
        in_play = {one for one, _ in rounds.open_subjects(session, row.id, "labels", None, 100)}
        assert in_play & accepted(sure.store) == set()
        # Nobody has agreed on them, so they are not counted as done.
        n_retired = sum(one == "confident" for one in reasons(sure.store).values())
        assert counts.settled(session, row.id, "labels") == (len(sure.open), n_retired)
        assert science.consensus_labels(session, row.id).keys() == first(sure).keys()


def test_aggregating_twice_a_roll_back_and_a_change_of_mind_leave_what_follows_from_the_rows(sure: Reef) -> None:
    aggregate(sure.store, ACCEPTING, NOW)
    first = accepted(sure.store)
    assert first
    aggregate(sure.store, ACCEPTING, NOW)
    assert accepted(sure.store) == first
    aggregate(sure.store, EASILY_SURE, NOW)
    assert accepted(sure.store) == set()
    aggregate(sure.store, ACCEPTING, NOW)
    unpublish(sure.store)
    aggregate(sure.store, ACCEPTING, NOW)
    assert accepted(sure.store) == set()


def test_an_answer_that_was_under_way_makes_it_an_ordinary_subject_again(sure: Reef) -> None:
    aggregate(sure.store, ACCEPTING, NOW)
    subject = min(accepted(sure.store))
    say(sure.store, sure.careless[0], [(subject, "Sand")])
    with transaction(sure.store) as session:
        row = subjects.project_row(session, "moorea")
        assert row is not None
        update_belief(session, ACCEPTING, row.id, subject, NOW)
    assert reasons(sure.store)[subject] is None
    aggregate(sure.store, ACCEPTING, NOW)
    assert reasons(sure.store)[subject] is None


def test_a_release_lists_them_apart_and_no_model_learns_from_them(sure: Reef, tmp_path: Path) -> None:
    aggregate(sure.store, ACCEPTING, NOW)
    made = make_release(sure.store, ACCEPTING, tmp_path, NOW)
    ids = codes(sure.store)
    for edition in ("complete", "public"):
        rows = Folder(tmp_path / made.folder / edition).sheet("machine.csv")
        assert {ids[row["subject"]] for row in rows} == accepted(sure.store)
        assert {(row["label"], row["model"]) for row in rows} <= {(label, "1") for label in LABELS}
        assert all(LABELS.index(row["label"]) == sure.open[ids[row["subject"]]] for row in rows)
        assert min(float(row["confidence"]) for row in rows) >= 0.9
    complete = tmp_path / made.folder / "complete"
    consensus = {ids[row["subject"]]: row for row in Folder(complete).sheet("consensus.csv")}
    for one in accepted(sure.store):
        assert (consensus[one]["status"], consensus[one]["label"], consensus[one]["n"]) == ("machine_accepted", "", "0")
    public = {ids[row["subject"]] for row in Folder(tmp_path / made.folder / "public").sheet("consensus.csv")}
    assert public & accepted(sure.store) == set()
    taught = read_dataset(complete)
    learned = {ids[taught.subjects[place].code] for place in [*taught.consensus.subject, *taught.gold.subject]}
    assert learned & accepted(sure.store) == set()


def decided(n_right: int, n_wrong: int) -> Acceptance:
    """Of a model that is sure of 600 subjects that all are label 0; people alone settled so many of the audit's."""
    witness = at_its_word(1.0, np.full(K, 1 / K), np.full(K, 1 / K))
    p = [0.999, *[0.001 / (K - 1)] * (K - 1)]
    drawn = [one for one in range(1, 601) if judged_by_people_alone(one)]
    assert len(drawn) >= n_right + n_wrong
    settled = dict.fromkeys(drawn[:n_right], 0) | dict.fromkeys(drawn[n_right : n_right + n_wrong], 1)
    model = Model(MetModel(1, 1, witness, 1.0), dict.fromkeys(range(1, 601), p))
    answered: dict[int, int | None] = dict.fromkeys((7, 8))
    return decide(ACCEPTING, model, answered | settled, gold={9})


def test_the_audit_counts_what_people_settled_alone() -> None:
    found = decided(12, 1)
    assert found.audit == Audit(13, 1)
    assert found.told["accepted"]["n_wrong"] == 1
    assert found.told["accepted"]["low"] < 1 / 13 < found.told["accepted"]["high"]


def test_gold_the_audit_and_what_people_answered_are_not_the_models_to_decide() -> None:
    found = decided(3, 0)
    assert found.subjects == {one for one in range(1, 601) if one not in (7, 8, 9) and not judged_by_people_alone(one)}


def test_five_wrong_of_thirteen_break_a_promise_of_one_in_ten() -> None:
    # Wilson's lower bound is .18.
    assert decided(8, 5).subjects == frozenset()
    assert decided(8, 5).told["accepted"]["kept"] is False


def test_a_broken_promise_takes_the_state_back_from_every_subject(sure: Reef) -> None:
    """Four people agree on the one subject of the audit, and the model is sure of something else."""
    aggregate(sure.store, ACCEPTING, NOW)
    assert len(accepted(sure.store)) > 5
    for name in ("Fay", "Gil"):
        said = sure.gold | first(sure)
        say(sure.store, volunteer(sure.store, name), [(one, LABELS[label]) for one, label in said.items()])
    aggregate(sure.store, ACCEPTING, NOW)
    assert len(accepted(sure.store)) > 5
    wrong = {one: (label + 1) % K for one, label in sure.open.items() if judged_by_people_alone(one)}
    publish_model(sure.store, sure.gold | sure.open | wrong, sure=0.9995)
    aggregate(sure.store, ACCEPTING, NOW)
    assert accepted(sure.store) == set()
    with reading(sure.store) as session:
        row = subjects.project_row(session, "moorea")
        assert row is not None
        latest = beliefs.latest_aggregate(session, row.id)
        assert latest is not None
        assert latest.model is not None
        told = latest.model["accepted"]
    assert (told["kept"], told["n_accepted"], told["n"], told["n_wrong"]) == (False, 0, 1, 1)
