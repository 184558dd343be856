"""What is believed of every subject at once is what is believed of each, one after the other."""

from dataclasses import replace

import numpy as np
import pytest

from game.levels import GoldUse
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.science.fitting import Weights, fit_weights
from game.science.hearing import Model
from game.science.people import all_states, believe, hear
from game.store.said import ById, Said, all_said
from game.store.tables.play import Abstention
from game.store.witness import MetModel
from scoring.arrays import Ints
from scoring.voter import at_its_word
from tests.science.answers import by_subject, crowd, posterior
from tests.science.reef import MOOREA

MASKS = choice_masks(MOOREA)
ABSTENTIONS = (Abstention.BAD_IMAGE, Abstention.CANT_TELL)
EASIER = replace(MOOREA, retirement=replace(MOOREA.retirement, confidence=0.8, maximum=5, bad_image=1))


@pytest.fixture(scope="module")
def true() -> Ints:
    return np.random.default_rng(4).integers(0, 6, 150)


@pytest.fixture(scope="module")
def said(true: Ints) -> list[Said]:
    """Groups, some labels, abstentions, and a choice that is no longer on offer."""
    answers = crowd(600, true, np.linspace(0.5, 0.95, 20), seed=2)
    labels = [label.code for label in MOOREA.labels]
    answers += [Said(1000 + n, n + 1, 30 + n % 4, labels[true[n]], None) for n in range(100)]
    answers += [Said(2000 + n, n % 150 + 1, 40, None, Abstention.BAD_IMAGE) for n in range(0, 450, 7)]
    answers += [Said(3000 + n, n + 1, 41, None, Abstention.CANT_TELL) for n in range(0, 150, 5)]
    return [*answers, Said(4000, 3, 42, "Kelp", None), Said(4001, 900, 43, None, Abstention.CANT_TELL)]


@pytest.fixture(scope="module")
def weights(said: list[Said], true: Ints) -> Weights:
    gold = {n + 1: (int(true[n]), GoldUse.HIDDEN) for n in range(20)}
    return replace(fit_weights(MOOREA, all_said(said), gold), copies={1: 0, 2: 0, 3: 0, 31: 1, 32: 1})


def tally(given: list[Said]) -> Tally:
    n_bad, n_cant = (
        sum(one.abstention == why for one in given) for why in (Abstention.BAD_IMAGE, Abstention.CANT_TELL)
    )
    return Tally([one.choice for one in given if one.choice in MASKS and one.choice], n_bad, n_cant)


def test_posteriors_are_those_of_one_answer_after_another(said: list[Said], weights: Weights) -> None:
    people = hear(weights, MASKS, all_said(said))
    believed = believe(weights, people.heard).posterior
    each = by_subject(said)
    assert people.ids.tolist() == sorted(each)
    assert np.allclose(believed, [posterior(weights, MASKS, each[one]) for one in sorted(each)], rtol=0, atol=1e-12)
    extents = [(len(each[one]), each[one][-1].classification_id) for one in sorted(each)]
    assert list(zip(people.n.tolist(), people.newest.tolist(), strict=True)) == extents


@pytest.mark.parametrize("heard", [False, True])
def test_openings_are_those_of_each_subject(said: list[Said], weights: Weights, true: Ints, heard: bool) -> None:
    people = hear(weights, MASKS, all_said(said))
    p = np.full((150, 6), 0.02)
    p[np.arange(150), true] = 0.9
    witness = at_its_word(0.9, np.full(6, 1 / 6), np.full(6, 1 / 6))
    model = Model(MetModel(1, 1, witness if heard else None, 1.0), ById(np.arange(1, 151), p))
    believed = believe(weights, people.heard, model.words(people.ids))
    states, each = all_states(EASIER, believed, people.tallies), by_subject(said)
    seen = set()
    for place, one in enumerate(people.ids.tolist()):
        alone = Believed(
            believed.posterior[place], believed.assured[place], weights.prior, weights.pooled, model.word(one)
        )
        for state, expected in zip(states, opening_states(EASIER, alone, tally(each[one])), strict=True):
            assert state.choice_set is expected.choice_set
            assert state.priority[place] == pytest.approx(expected.priority, abs=2e-9)
            assert state.reasons[place] is expected.reason
            seen.add(expected.reason)
    assert len(seen) >= 3
