"""The child's card: short, true, and honest about what nobody knows."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from game.training.child import childs_card
from game.training.dataset import Dataset, Label, read_dataset
from game.training.evaluate import Evaluation, evaluate
from game.training.fit import Request

LABELS = (Label("hump", "Hump coral", "", ""), Label("turf", "Turf", "", ""), Label("sand", "Sand", "", ""))
# 20 hump of which 18 are found, 20 turf of which 10 are called hump, and a single sand.
TRUE = np.array([0] * 20 + [1] * 20 + [2])
GIVEN = np.array([0] * 18 + [1] * 2 + [0] * 10 + [1] * 10 + [2])


@pytest.fixture(scope="module")
def dataset(request_of_all: Request) -> Dataset:
    """Of the last label there are too few to learn from."""
    read = read_dataset(request_of_all.release)
    n = len(read.consensus.subject)
    said = np.eye(3)[np.where(np.arange(n) < 9, 2, np.arange(n) % 2)]
    return replace(read, labels=LABELS, consensus=replace(read.consensus, posterior=said))


@pytest.fixture(scope="module")
def metrics(request_of_all: Request) -> dict[str, Any]:
    return dict(json.loads((request_of_all.out / "metrics.json").read_text()))


@pytest.fixture
def evaluation() -> Evaluation:
    return evaluate(np.eye(3)[GIVEN], TRUE, LABELS)


def test_it_says_what_it_is_good_at_and_what_it_mixes_up(
    dataset: Dataset, evaluation: Evaluation, metrics: dict[str, Any]
) -> None:
    told = childs_card(dataset, evaluation, metrics)
    assert "one of 3 names: Hump coral, Turf or Sand." in told
    # 29 of 41 right; the commonest label alone has 20.
    assert "I got **7 in 10** right" in told
    assert "I would get 5 in 10" in told
    assert "- **Hump coral**: I find 9 in 10 of them." in told
    assert "When it is **Turf**, I say “Hump coral” 5 in 10 times." in told


def test_it_says_what_it_has_hardly_ever_seen(
    dataset: Dataset, evaluation: Evaluation, metrics: dict[str, Any]
) -> None:
    told = childs_card(dataset, evaluation, metrics)
    assert "Hardly any Sand in my test" in told
    assert "- **Sand**" not in told


def test_it_admits_what_it_learned_from_hardly_any(
    dataset: Dataset, evaluation: Evaluation, metrics: dict[str, Any]
) -> None:
    assert "- Enough Sand. I learned from hardly any" in childs_card(dataset, evaluation, metrics)
    n = len(dataset.consensus.subject)
    plenty = replace(dataset, consensus=replace(dataset.consensus, posterior=np.eye(3)[np.arange(n) % 3]))
    assert "- Enough" not in childs_card(plenty, evaluation, metrics)


def test_it_admits_what_it_never_says(dataset: Dataset, evaluation: Evaluation, metrics: dict[str, Any]) -> None:
    blind = evaluate(np.eye(3)[np.zeros_like(GIVEN)], TRUE, LABELS)
    assert "In my test I never said “Turf” or “Sand”." in childs_card(dataset, blind, metrics)
    assert "I never said" not in childs_card(dataset, evaluation, metrics)


def test_a_short_test_and_a_poor_pupil_are_admitted(dataset: Dataset, metrics: dict[str, Any]) -> None:
    short = evaluate(np.eye(3)[GIVEN[-3:]], TRUE[-3:], LABELS)
    assert childs_card(dataset, short, metrics).count("Nobody knows yet: my test was too short.") == 2
    poor = evaluate(np.eye(3)[[0] * 5 + [1] * 6 + [2] * 4], np.array([0] * 15), LABELS)
    assert "Nothing yet, honestly. Best of all I find **Hump coral**: 3 in 10" in childs_card(dataset, poor, metrics)


def test_who_mixes_nothing_up_still_makes_mistakes(dataset: Dataset, metrics: dict[str, Any]) -> None:
    told = childs_card(dataset, evaluate(np.eye(3)[TRUE], TRUE, LABELS), metrics)
    assert "But I do make mistakes" in told
    assert "nearly all" in told


def test_pretend_players_are_named(dataset: Dataset, evaluation: Evaluation, metrics: dict[str, Any]) -> None:
    assert "pretend" not in childs_card(dataset, evaluation, metrics)
    simulated = replace(dataset, about={**dataset.about, "includes_simulated": True})
    assert "pretend players" in childs_card(simulated, evaluation, metrics)


def test_a_child_can_read_it(request_of_all: Request) -> None:
    """Short sentences, and none of the words that only statisticians know."""
    told = (request_of_all.out / "card-child.md").read_text(encoding="utf-8")
    assert len(told.split()) < 320
    assert not re.search(r"accuracy|recall|precision|F1|calibrat|interval|percent|consensus|posterior", told, re.I)
    sentences = [one for one in re.split(r"[.!?\n]+", told) if len(one.split()) > 3]
    assert np.mean([len(one.split()) for one in sentences]) < 14
