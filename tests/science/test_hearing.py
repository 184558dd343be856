"""The published model is one voter more: in play and aggregation alike, and nowhere where it would teach itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from game.levels import GoldUse
from game.play.belief import update_belief
from game.science.aggregate import aggregate
from game.science.newcomer import hear_published_model
from game.store import Store, beliefs, reading, transaction
from game.store.tables import Aggregate, Consensus, ExpertLabel, Opening, Reliability, Table
from game.store.witness import MetModel, as_kept, as_met, met_model
from scoring.audit import judged_by_people_alone
from scoring.voter import at_its_word
from tests.conftest import NOW
from tests.science.answers import say
from tests.science.conftest import LABELS, Reef
from tests.science.editions import EASILY_SURE, Made, codes, released
from tests.science.predicting import publish_model, unpublish
from tests.science.reef import MOOREA


@pytest.fixture
def answered(reef: Reef) -> Reef:
    """All gold, and of the others the first ten, answered twice by those who know."""
    few = dict(list(reef.open.items())[:10])
    for one in reef.knowing:
        say(reef.store, one, [(subject, LABELS[label]) for subject, label in (reef.gold | few).items()])
    return reef


def rows(store: Store, table: type[Table]) -> list[tuple[object, ...]]:
    kept = table.__table__
    with reading(store) as session:
        return [tuple(row) for row in session.execute(select(kept).order_by(*kept.primary_key.columns))]


def met(store: Store) -> MetModel | None:
    with reading(store) as session:
        return met_model(session.scalar(select(Aggregate).order_by(Aggregate.id.desc()).limit(1)))


def reasons(store: Store, choice_set: str = "labels") -> dict[int, str | None]:
    with reading(store) as session:
        found = session.scalars(select(Opening).where(Opening.choice_set == choice_set))
        return {row.subject_id: row.reason for row in found}


def test_a_model_that_is_borne_out_is_heard_and_retires_what_it_agrees_on(answered: Reef) -> None:
    aggregate(answered.store, EASILY_SURE, NOW)
    assert set(reasons(answered.store).values()) == {None}
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    found = met(answered.store)
    assert found is not None
    assert found.worth > 0.2
    together = [one for one in list(answered.open)[:10] if not judged_by_people_alone(one)]
    assert len(together) >= 8
    assert {reasons(answered.store)[one] for one in together} == {"confident"}
    assert {reasons(answered.store)[one] for one in list(answered.open)[10:]} == {None}


def test_two_who_disagree_are_not_outvoted_by_the_model(answered: Reef) -> None:
    subject = next(one for one, label in answered.open.items() if LABELS[label] != "Turf")
    say(answered.store, answered.careless[0], [(subject, "Turf")])
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, replace(MOOREA, retirement=replace(MOOREA.retirement, minimum=9, confidence=0.6)), NOW)
    assert reasons(answered.store)[subject] is None


def test_the_model_has_no_part_in_consensus_reliabilities_or_what_people_are_measured_by(answered: Reef) -> None:
    aggregate(answered.store, MOOREA, NOW)
    before = [rows(answered.store, table) for table in (Consensus, Reliability)]
    publish_model(answered.store, answered.gold | answered.open)
    assert aggregate(answered.store, MOOREA, NOW).n_changed == 0
    assert [rows(answered.store, table) for table in (Consensus, Reliability)] == before


def test_play_hears_the_model_as_the_aggregation_does(answered: Reef) -> None:
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    before = rows(answered.store, Opening)
    for subject in list(answered.open)[:10]:
        with transaction(answered.store) as session:
            row = beliefs.consensus(session, subject)
            assert row is not None
            update_belief(session, EASILY_SURE, row.project_id, subject, NOW)
    after = rows(answered.store, Opening)
    for was, is_now in zip(before, after, strict=True):
        numbers = [place for place, one in enumerate(was) if isinstance(one, float)]
        assert [was[one] for one in numbers] == pytest.approx([is_now[one] for one in numbers])
        assert [one for one in was if not isinstance(one, float)] == [
            one for one in is_now if not isinstance(one, float)
        ]


def test_a_model_that_no_aggregation_has_met_is_not_heard_by_play(answered: Reef) -> None:
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    newer = publish_model(answered.store, dict.fromkeys(answered.gold | answered.open, 5))
    subject = next(one for one in answered.open if not judged_by_people_alone(one))
    assert reasons(answered.store)[subject] == "confident"
    with transaction(answered.store) as session:
        row = beliefs.consensus(session, subject)
        assert row is not None
        update_belief(session, EASILY_SURE, row.project_id, subject, NOW)
    assert reasons(answered.store)[subject] is None
    found = met(answered.store)
    assert found is not None
    assert found.model_id != newer


def test_a_new_model_and_a_roll_back_are_heard_at_once_and_twice_is_like_once(answered: Reef) -> None:
    aggregate(answered.store, EASILY_SURE, NOW)
    assert not hear_published_model(answered.store, EASILY_SURE, NOW)
    model_id = publish_model(answered.store, answered.gold | answered.open)
    assert hear_published_model(answered.store, EASILY_SURE, NOW)
    found = met(answered.store)
    assert found is not None
    assert found.model_id == model_id
    assert "confident" in reasons(answered.store).values()
    once = rows(answered.store, Opening)
    assert not hear_published_model(answered.store, EASILY_SURE, NOW)
    aggregate(answered.store, EASILY_SURE, NOW)
    assert rows(answered.store, Opening) == once
    unpublish(answered.store)
    assert hear_published_model(answered.store, EASILY_SURE, NOW)
    assert met(answered.store) is None
    assert set(reasons(answered.store).values()) == {None}


def test_luck_is_remembered_but_not_heard(answered: Reef, rng: np.random.Generator) -> None:
    lots = {one: int(rng.integers(6)) for one in (answered.gold | answered.open)}
    publish_model(answered.store, lots)
    aggregate(answered.store, EASILY_SURE, NOW)
    found = met(answered.store)
    assert found is not None
    assert (found.witness, found.worth) == (None, 0.0)
    assert set(reasons(answered.store).values()) == {None}


def test_what_a_model_takes_for_what_is_measured_on_hidden_gold_alone(answered: Reef) -> None:
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    found = met(answered.store)
    assert found is not None
    assert found.witness is not None
    n_gold = np.bincount(list(answered.gold.values()), minlength=6)
    recall, promised = np.diagonal(found.witness.confusion), np.diagonal(found.witness.promised)
    np.testing.assert_allclose(recall, (n_gold + 6 * promised) / (n_gold + 6))
    with transaction(answered.store) as session:
        session.execute(update(ExpertLabel).where(ExpertLabel.use == GoldUse.HIDDEN).values(use=GoldUse.TEACHING))
    aggregate(answered.store, EASILY_SURE, NOW)
    taught = met(answered.store)
    assert taught is not None
    assert taught.witness is not None
    np.testing.assert_allclose(taught.witness.confusion, taught.witness.promised)


def test_how_a_model_is_heard_is_kept_and_models_of_before_there_was_a_matrix_are_taken_at_their_word(
    answered: Reef,
) -> None:
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    found, p = met(answered.store), np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert found is not None
    assert found.witness is not None
    kept = as_kept(found)
    again = as_met(kept)
    assert again is not None
    assert again.witness is not None
    np.testing.assert_array_equal(again.witness.word(p).evidence, found.witness.word(p).evidence)
    before = as_met({name: told for name, told in kept.items() if name not in ("confusion", "promised")})
    assert before is not None
    assert before.witness is not None
    word = at_its_word(found.witness.sharpness, found.witness.named, found.witness.common).word(p)
    np.testing.assert_array_equal(before.witness.word(p).evidence, word.evidence)


def test_one_subject_in_twenty_is_judged_as_if_there_were_no_model(answered: Reef) -> None:
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    found = met(answered.store)
    assert found is not None
    drawn = next(one for one in range(1000) if judged_by_people_alone(one))
    other = next(one for one in range(1000) if not judged_by_people_alone(one))
    assert found.word(drawn, np.full(6, 1 / 6)) is None
    assert found.word(other, np.full(6, 1 / 6)) is not None


def beside_the_model(made: Made, row: Mapping[str, str], label: int) -> float:
    """By the formula of dictionary.md, from the manifest, of a model that is .9 sure of `label`."""
    told = {name: np.array(value) for name, value in made.complete.manifest["model"].items()}
    p, people = np.where(np.arange(6) == label, 0.9, 0.02), np.array([float(row[f"p_{code}"]) for code in LABELS])
    model = told["common"] * (p / told["named"]) ** told["sharpness"]
    model *= told["confusion"][:, label] / told["promised"][:, label]
    weight = people * (0.99 * model / model.sum() / told["common"] + 0.01) ** 0.7
    return float(weight.max() / weight.sum())


def test_a_release_keeps_peoples_posteriors_and_says_beside_them_what_the_model_adds(
    answered: Reef, tmp_path: Path
) -> None:
    before = released(answered, tmp_path / "before").complete.sheet("consensus.csv")
    publish_model(answered.store, answered.gold | answered.open)
    aggregate(answered.store, EASILY_SURE, NOW)
    made = released(answered, tmp_path / "after")
    after = made.complete.sheet("consensus.csv")
    people = [
        name for name in before[0] if name not in ("label_with_model", "confidence_with_model", "status", "reason")
    ]
    assert [[row[name] for name in people] for row in after] == [[row[name] for name in people] for row in before]
    assert {row["label_with_model"] for row in before} == {""}
    ids, state = codes(answered.store), reasons(answered.store)
    for row in after:
        if state.get(ids[row["subject"]]) == "confident":
            assert row["status"] == "retired"
            assert float(row["confidence_with_model"]) > float(row["confidence"])
            assert row["label_with_model"] == LABELS[answered.open[ids[row["subject"]]]]
    assert made.complete.manifest["model"]["version"] == 1
    assert [one for one in after if one["label_with_model"]]
    for row in (one for one in after if one["label_with_model"]):
        label = (answered.gold | answered.open)[ids[row["subject"]]]
        assert float(row["confidence_with_model"]) == pytest.approx(beside_the_model(made, row, label), abs=1e-6)
    assert "id" not in made.complete.manifest["model"]
    shown = {ids[row["subject"]] for row in made.public.sheet("consensus.csv")}
    assert {one for one, reason in state.items() if reason == "confident"} <= shown
