"""Which way a model goes: the better one, where that is more than chance, explained, and the same every time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from game.artifacts.ways import Way
from game.errors import TrainingError
from game.training.in_vain import TEACHING
from game.training.spectrum import choose, explained
from game.training.teaching import FEWEST, Teaching
from game.training.transfer import key_of
from game.training.ways import Asked, Taught, Trial
from tests.training.schools import School, renamed, school


@pytest.fixture(scope="module")
def by_colour(tmp_path_factory: pytest.TempPathFactory) -> School:
    return school(tmp_path_factory.mktemp("colour"), by_colour=True)


@pytest.fixture(scope="module")
def by_light(tmp_path_factory: pytest.TempPathFactory) -> School:
    return school(tmp_path_factory.mktemp("light"), by_colour=False)


def went(pupils: School, asked: Asked) -> tuple[Taught, dict[Way, Trial]]:
    taught, trials = choose(pupils.frozen, pupils.course, asked)
    return taught, {one.way: one for one in trials}


def hold_out_accuracy(pupils: School, taught: Taught) -> float:
    gold = pupils.course.dataset.gold
    return float((taught.learned.head(taught.features[gold.subject]).argmax(axis=1) == gold.true).mean())


def test_layers_are_taught_where_frozen_ones_do_not_tell_the_labels_apart(by_colour: School) -> None:
    taught, trials = went(by_colour, Asked())
    assert trials[Way.FROZEN].accuracy == pytest.approx(0.5, abs=0.1)
    [chosen] = [one for one in trials.values() if one.chosen]
    assert chosen.way in (Way.LAST_BLOCK, Way.ALL)
    assert chosen.why.startswith("better than frozen layers (loss −0.2")
    assert chosen.gain is not None
    assert chosen.error is not None
    assert chosen.gain > chosen.error > 0
    assert hold_out_accuracy(by_colour, by_colour.frozen) < 0.8 < hold_out_accuracy(by_colour, taught)


def test_frozen_layers_stay_where_they_tell_them_apart(by_light: School) -> None:
    taught, trials = went(by_light, Asked())
    assert taught is by_light.frozen
    assert trials[Way.FROZEN].chosen
    assert trials[Way.FROZEN].why == "nothing else is better by more than chance"
    assert trials[Way.LAST_BLOCK].why.startswith("given up after part 1 of 3")


def test_what_was_in_vain_is_tried_again_only_when_there_is_half_as_much_again_to_learn(
    by_light: School, tmp_path: Path
) -> None:
    pupils = replace(by_light, course=replace(by_light.course, cache=tmp_path))
    _, first = went(pupils, Asked())
    _, second = went(pupils, Asked())
    n = len(pupils.course.lessons.image)
    assert second[Way.LAST_BLOCK].why == (
        f"not tried again: with {n} subjects {first[Way.LAST_BLOCK].why}; from {int(1.5 * n) + 1} subjects on it is"
    )
    for file in (tmp_path / "in_vain").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace(f'"n": {n}', f'"n": {n // 2}'), encoding="utf-8")
    _, third = went(pupils, Asked())
    assert third[Way.LAST_BLOCK].why == first[Way.LAST_BLOCK].why


def test_what_an_older_program_tried_in_vain_is_tried_again(by_light: School, tmp_path: Path) -> None:
    pupils = replace(by_light, course=replace(by_light.course, cache=tmp_path))
    went(pupils, Asked())
    course = pupils.course
    now, older = (key_of(course.dataset, course.seed, version) for version in (TEACHING, TEACHING - 1))
    kept = list((tmp_path / "in_vain").iterdir())
    assert kept
    for file in kept:
        assert now in file.name
        assert by_light.frozen.eye.key in file.name
        file.rename(file.with_name(file.name.replace(now, older)))
    _, again = went(pupils, Asked())
    assert not again[Way.LAST_BLOCK].why.startswith("not tried again")


def test_every_subject_is_judged_by_layers_that_did_not_see_it(by_colour: School) -> None:
    """By the layers that did, it is judged otherwise."""
    taught, _ = went(by_colour, Asked(Way.LAST_BLOCK))
    seen = taught.learned.head(taught.features[by_colour.course.dataset.consensus.subject])
    assert not np.isnan(taught.learned.unseen).any()
    assert (np.abs(seen - taught.learned.unseen).max(axis=1) > 1e-6).mean() > 0.9


@pytest.mark.parametrize("way", [Way.FROZEN, Way.LAST_BLOCK, Way.ALL, Way.AUTO])
def test_the_same_seed_goes_the_same_way_bit_for_bit(by_colour: School, way: Way) -> None:
    (one, its), (other, others) = (went(by_colour, Asked(way)) for _ in range(2))
    assert its == others
    assert np.array_equal(one.learned.head.weight, other.learned.head.weight)
    assert np.array_equal(one.learned.unseen, other.learned.unseen)
    pairs = zip(one.backbone.trunk.state_dict().values(), other.backbone.trunk.state_dict().values(), strict=True)
    assert all(torch.equal(weight, same) for weight, same in pairs)


def test_the_last_block_alone_is_taught_or_all_layers(by_colour: School) -> None:
    before = by_colour.frozen.backbone.trunk.state_dict()
    for way, changed in ((Way.LAST_BLOCK, {"1.weight", "1.bias"}), (Way.ALL, set(before))):
        taught, _ = went(by_colour, Asked(way))
        after = taught.backbone.trunk.state_dict()
        assert {name for name in before if not torch.equal(before[name], after[name])} == changed


def test_the_first_layer_is_taught_more_gently_than_the_last(by_colour: School) -> None:
    """AdamW moves every weight by about its rate a step, and the first layer's is 2.6³ = 17.6 times smaller."""
    before = by_colour.frozen.backbone.trunk.state_dict()
    after = went(by_colour, Asked(Way.ALL))[0].backbone.trunk.state_dict()
    first, last = (float((after[name] - before[name]).abs().max()) for name in ("0.weight", "1.weight"))
    assert 0 < first < last / 5


def test_what_would_take_longer_than_the_budget_is_not_tried(by_colour: School) -> None:
    """Counted, so that a slow machine decides as a fast one does."""
    taught, trials = went(by_colour, Asked(budget_s=0.0))
    assert taught is by_colour.frozen
    assert trials[Way.ALL].why.endswith(" s of a budget of 0 s")
    assert trials[Way.ALL].loss is None


def test_the_second_way_has_what_the_first_leaves_of_the_budget(by_colour: School) -> None:
    first, second = (Teaching(way, by_colour.frozen, by_colour.course).takes_s() for way in (Way.LAST_BLOCK, Way.ALL))
    _, trials = went(by_colour, Asked(budget_s=first + second / 2))
    assert trials[Way.LAST_BLOCK].loss is not None
    assert trials[Way.ALL].why.startswith("not tried: would take about")
    assert trials[Way.ALL].why.endswith("s are left")


def test_too_few_subjects_teach_no_layers(tmp_path: Path) -> None:
    few = school(tmp_path, by_colour=True, n_subjects=FEWEST)
    taught, trials = went(few, Asked())
    assert taught is few.frozen
    assert trials[Way.LAST_BLOCK].why.startswith("not tried: 180 subjects are too few")
    with pytest.raises(TrainingError, match=r"The method “all” is not tried: 180 subjects are too few"):
        went(few, Asked(Way.ALL))


def test_of_a_single_image_nobody_can_tell_what_is_better(by_colour: School) -> None:
    lessons = by_colour.course.lessons
    together = replace(lessons, image=np.zeros_like(lessons.image))
    taught, trials = went(replace(by_colour, course=replace(by_colour.course, lessons=together)), Asked())
    assert taught is by_colour.frozen
    assert trials[Way.LAST_BLOCK].why.startswith("nobody can tell")
    assert trials[Way.LAST_BLOCK].error is None


def test_a_network_taught_here_from_scratch_is_not_taught_again(by_light: School) -> None:
    own = replace(by_light.frozen, backbone=replace(by_light.frozen.backbone, name="small_cnn"))
    taught, trials = went(replace(by_light, frozen=own), Asked())
    assert taught is own
    assert all(trials[way].why.startswith("not possible") for way in (Way.DIRECT, Way.LAST_BLOCK, Way.ALL))


def test_a_way_asked_for_by_name_is_gone_even_if_it_is_worse(by_light: School) -> None:
    taught, trials = went(by_light, Asked(Way.LAST_BLOCK, budget_s=0.0))
    assert trials[Way.LAST_BLOCK].chosen
    assert set(trials) == {Way.FROZEN, Way.LAST_BLOCK}
    assert taught.backbone.weights_from == "somewhere else; then the last block from this project"


def test_it_is_explained_without_a_clock(by_light: School) -> None:
    _, trials = choose(by_light.frozen, by_light.course, Asked())
    told = explained(trials, Asked())
    assert (told["asked"], told["budget_s"]) == ("auto", 120.0)
    assert [one["way"] for one in told["ways"]] == ["direct", "frozen", "last-block", "all"]
    assert set(told["ways"][0]) == {"way", "why", "chosen", "loss", "accuracy", "gain", "error"}


def test_without_a_label_in_common_there_is_no_direct_transfer(by_light: School) -> None:
    _, trials = went(by_light, Asked())
    assert trials[Way.DIRECT].why == "not possible: none of the labels is among ImageNet's 1,000"
    with pytest.raises(TrainingError, match=r"The method “direct” is not possible: none of the labels is among"):
        went(replace(by_light, course=renamed(by_light.course, "One", "Two")), Asked(Way.DIRECT))
