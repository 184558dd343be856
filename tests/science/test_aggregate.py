"""Aggregation renews what is believed, from the rows alone, as often as one likes."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select, update

from game.errors import NotFound
from game.play.belief import update_belief
from game.science.aggregate import aggregate
from game.store import Store, answers, completions, reading, transaction
from game.store.science import Renewed, renew_openings
from game.store.tables import Aggregate, Consensus, Opening, Reliability
from game.store.tables.play import Abstention
from scoring.redundancy import USUAL
from scoring.retirement import RetirementReason
from tests.conftest import NOW
from tests.science.answers import say, withdraw
from tests.science.conftest import GROUPS, LABELS, Interloper, Reef
from tests.science.reef import MOOREA


def consensuses(store: Store) -> dict[int, Consensus]:
    with reading(store) as session:
        return {row.subject_id: row for row in session.scalars(select(Consensus))}


def openings(store: Store) -> dict[tuple[int, str], Opening]:
    with reading(store) as session:
        return {(row.subject_id, row.choice_set): row for row in session.scalars(select(Opening))}


def test_the_reliable_few_outweigh_the_careless_many(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)
    report = aggregate(reef.store, MOOREA, NOW)
    found = {one: row.label for one, row in consensuses(reef.store).items() if LABELS[reef.open[one]] != "Sand"}
    assert found == {one: reef.open[one] for one in found}
    assert len(found) > 12
    assert (report.n_classifications, report.n_subjects, report.n_volunteers) == (120, 16, 5)
    assert (report.n_gold, report.n_changed) == (40, 16)


def test_every_volunteer_gets_her_reliability(reef: Reef) -> None:
    reef.say_all(reef.gold)
    aggregate(reef.store, MOOREA, NOW)
    with reading(reef.store) as session:
        rows = {row.volunteer_id: row for row in session.scalars(select(Reliability))}
    assert rows.keys() == {*reef.knowing, *reef.careless}
    assert min(rows[one].reliability for one in reef.knowing) > max(rows[one].reliability for one in reef.careless)
    assert {row.n_gold for row in rows.values()} == {8}
    assert np.allclose([np.sum(row.confusion, axis=1) for row in rows.values()], 1)


def test_aggregating_twice_changes_nothing_but_the_record_of_runs(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)

    def beliefs() -> list[object]:
        tables = (Consensus.__table__, Reliability.__table__, Opening.__table__)
        with reading(reef.store) as session:
            rows = [session.execute(select(table).order_by(*table.primary_key)).all() for table in tables]
        return [tuple(row) for table in rows for row in table]

    aggregate(reef.store, MOOREA, NOW)
    before = beliefs()
    assert aggregate(reef.store, MOOREA, NOW).n_changed == 0
    assert beliefs() == before
    with reading(reef.store) as session:
        first, second = session.scalars(select(Aggregate).order_by(Aggregate.id)).all()
    assert (first.pooled, first.prior, first.redundancy) == (second.pooled, second.prior, second.redundancy)


def test_play_goes_on_believing_what_the_aggregation_believed(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)
    aggregate(reef.store, MOOREA, NOW)
    subject, row = next(iter(consensuses(reef.store).items()))
    with transaction(reef.store) as session:
        update_belief(session, MOOREA, row.project_id, subject, NOW)
    again = consensuses(reef.store)[subject]
    assert again.posterior == pytest.approx(row.posterior)
    assert (again.label, again.n_given, again.agreement) == (row.label, row.n_given, row.agreement)


def test_gold_is_clamped_and_stays_out_of_consensus_and_openings(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)
    aggregate(reef.store, MOOREA, NOW)
    assert consensuses(reef.store).keys() == reef.open.keys()
    assert {one for one, _ in openings(reef.store)} == reef.open.keys()


def test_a_subject_that_was_retired_wrongly_comes_back_into_play(reef: Reef) -> None:
    reef.say_all(reef.gold)
    wrong, right = list(reef.open)[:2]
    for one in reef.careless:
        say(reef.store, one, [(wrong, "Sand")])
    for one in reef.knowing * 2:
        say(reef.store, one, [(right, LABELS[reef.open[right]])])
    earlier = NOW - timedelta(days=1)
    with transaction(reef.store) as session:
        places = itertools.product((wrong, right), ("groups", "labels"))
        renew_openings(session, [Renewed(*place, 1.0, RetirementReason.CONFIDENT) for place in places], earlier)
    aggregate(reef.store, MOOREA, NOW)
    kept = openings(reef.store)
    assert (kept[wrong, "labels"].reason, kept[wrong, "labels"].retired_at) == (None, None)
    assert (kept[right, "labels"].reason, kept[right, "labels"].retired_at) == ("confident", earlier)


def test_group_answers_are_evidence_for_every_label_of_the_group(reef: Reef) -> None:
    reef.say_all(reef.gold)
    subject, label = next(iter(reef.open.items()))
    for one in reef.knowing * 2:
        say(reef.store, one, [(subject, GROUPS[label])])
    aggregate(reef.store, MOOREA, NOW)
    row = consensuses(reef.store)[subject]
    in_group = [group == GROUPS[label] for group in GROUPS]
    assert np.array(row.posterior) @ in_group > 0.9
    assert openings(reef.store)[subject, "groups"].reason == "confident"
    assert openings(reef.store)[subject, "labels"].reason is None


def test_abstentions_are_counted_and_bad_images_retire(reef: Reef) -> None:
    subject = next(iter(reef.open))
    for one in reef.careless:
        say(reef.store, one, [(subject, Abstention.BAD_IMAGE)])
    say(reef.store, reef.knowing[0], [(subject, Abstention.CANT_TELL)])
    report = aggregate(reef.store, MOOREA, NOW)
    row = consensuses(reef.store)[subject]
    assert (row.n_given, row.n_bad_image, row.n_cant_tell, row.agreement) == (0, 3, 1, None)
    assert openings(reef.store)[subject, "labels"].reason == "bad_image"
    assert (report.n_classifications, report.n_volunteers) == (4, 0)


def test_an_answer_that_was_taken_back_does_not_count(reef: Reef) -> None:
    subject = next(iter(reef.open))
    (first,) = say(reef.store, reef.knowing[0], [(subject, "Turf")])
    say(reef.store, reef.knowing[1], [(subject, "Sand")])
    withdraw(reef.store, first)
    aggregate(reef.store, MOOREA, NOW)
    row = consensuses(reef.store)[subject]
    assert (row.label, row.n_given) == (LABELS.index("Sand"), 1)


def test_a_subject_that_is_answered_meanwhile_is_left_to_play(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)
    busy = next(iter(reef.open))
    meanwhile = replace(reef.store, writer=Interloper(lambda: say(reef.store, reef.knowing[0], [(busy, "Turf")])))
    aggregate(meanwhile, MOOREA, NOW)
    assert consensuses(reef.store).keys() == reef.open.keys() - {busy}
    assert openings(reef.store)[busy, "labels"].reason is None


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_rows_that_play_is_changing_at_this_moment_are_not_waited_for(reef: Reef) -> None:
    reef.say_all(reef.gold | reef.open)
    aggregate(reef.store, MOOREA, NOW)
    busy, later = next(iter(reef.open)), NOW + timedelta(hours=1)
    with transaction(reef.store) as playing:
        answers.hold_subjects(playing, [busy])
        completions.hold_volunteers(playing, [reef.knowing[0]])
        playing.execute(update(Consensus).where(Consensus.subject_id == busy).values(agreement=0.5))
        playing.execute(update(Reliability).where(Reliability.volunteer_id == reef.knowing[0]).values(n_gold=1))
        aggregate(reef.store, MOOREA, later)
    rows = consensuses(reef.store)
    assert (rows[busy].computed_at, rows[busy].agreement) == (NOW, 0.5)
    assert {row.computed_at for one, row in rows.items() if one != busy} == {later}


def test_without_gold_or_answers_nothing_is_said(reef: Reef, now: datetime) -> None:
    report = aggregate(reef.store, MOOREA, now)
    assert (report.n_classifications, report.n_changed, report.redundancy) == (0, 0, USUAL)
    with reading(reef.store) as session:
        assert session.scalars(select(Aggregate)).all() == []


def test_a_project_without_subjects_is_not_found(store: Store, now: datetime) -> None:
    with pytest.raises(NotFound, match="has no subjects yet"):
        aggregate(store, MOOREA, now)
