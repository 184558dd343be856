"""The further methods of `make bench-model`, each on made-up features where the right answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from game.config import ROOT
from scoring.answers import Answers
from scoring.arrays import Floats, Ints
from tests.bench import hearing
from tests.bench.model import adapt, few_shot, first_answers, layers, meta, shared_heads, volunteers
from tests.bench.model.data import Pictures, galaxies, koh_tao, moorea, plankton
from tests.bench.model.measures import accuracy, shown
from tests.bench.model.prose import WORDS
from tests.bench.model.seen import LAYERS, Seen, standard


def drawn(x: Floats, true: Ints, photograph: Ints, site: list[str]) -> Seen:
    n_labels = int(true.max()) + 1
    pictures = Pictures("drawn", Path(), (), true, photograph, n_labels, tuple(range(n_labels)), np.array(site))
    return Seen(pictures, x, (x.shape[1],))


@pytest.fixture
def shifted() -> adapt.Crossing:
    """Two labels told apart by one of four features; at the site that is asked about all is twice as large, plus 20."""
    rng = np.random.default_rng(0)
    true, there = rng.integers(2, size=240), np.arange(240) >= 160
    x = rng.normal(size=(240, 4))
    x[:, 0] += 6 * true
    x[there] = 2 * x[there] + 20
    photograph = np.arange(240) // 16
    site = ["new" if new else f"old {each % 2}" for each, new in zip(photograph, there, strict=True)]
    seen = drawn(x, true, photograph, site)
    return adapt.Crossing(seen, ~there, there, seed=0)


@pytest.mark.parametrize("method", [adapt.centred, adapt.by_site, adapt.coral])
def test_alignment_recovers_a_shifted_site(method: adapt.Method, shifted: adapt.Crossing) -> None:
    true = shifted.seen.pictures.true
    assert accuracy(adapt.unadapted(shifted), true, shifted.asked) < 0.7
    assert accuracy(method(shifted), true, shifted.asked) > 0.95


def test_recolouring_gives_the_source_the_target_s_covariance() -> None:
    # Variances 3 and 8, a 1 added to each: every value is multiplied by √(9/4).
    source, target = np.array([[-1.5], [1.5], [1.5], [-1.5]]), np.array([[-2.0], [0.0], [4.0], [-2.0]])
    assert np.var(source, ddof=1) == pytest.approx(3)
    assert np.var(target, ddof=1) == pytest.approx(8)
    pairs = np.hstack([source, np.zeros((4, 1))]), np.hstack([target, np.zeros((4, 1))])
    assert adapt.recoloured(*pairs)[:, 0] == pytest.approx(1.5 * source[:, 0])


def test_the_adversary_s_gradient_is_turned_round() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    (3 * adapt.Reverse.apply(x, 0.5)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-1.5]


def test_against_an_adversary_a_label_is_still_learned(shifted: adapt.Crossing) -> None:
    assert accuracy(adapt.adversarial(shifted), shifted.seen.pictures.true, shifted.taught) > 0.95


@pytest.mark.parametrize("told", [False, True])
def test_no_photograph_both_teaches_and_is_asked_about(told: bool, shifted: adapt.Crossing) -> None:
    for crossing in adapt.crossings(shifted.seen, "new", 3, told=told):
        photograph = crossing.seen.pictures.photograph
        assert not np.intersect1d(photograph[crossing.taught], photograph[crossing.asked]).size
        assert (crossing.seen.pictures.site[crossing.asked] == "new").all()


@pytest.fixture
def layered() -> layers.Layered:
    """Six layers of three channels; only the third knows the label, the others are noise."""
    rng = np.random.default_rng(1)
    true, layer = rng.integers(2, size=200), np.repeat(np.arange(len(LAYERS)), 3)
    x = rng.normal(size=(200, len(layer)))
    x[:, layer == 2] += 2.5 * true[:, None]
    taught = np.arange(200) < 150
    return layers.Layered(layers.scaled(x, layer, taught), layer, np.eye(2)[true], np.arange(200) // 5, taught, seed=0)


@pytest.mark.parametrize("method", [layers.greedy, layers.lasso])
def test_the_layer_that_knows_is_found(method: layers.Method, layered: layers.Layered) -> None:
    p, asked = method(layered)
    assert asked[2] == 1
    assert accuracy(p, layered.said.argmax(axis=1), ~layered.taught) > 0.95


def test_a_firm_group_lasso_leaves_out_every_layer_but_the_one_that_knows(layered: layers.Layered) -> None:
    found = layers.group_lasso(layered.x, layered.said, layered.layer, 0.1)
    assert {int(each) for each in layered.layer[np.abs(found[:-1]).sum(axis=1) > 0]} == {2}


def test_a_policy_hears_the_layer_that_knows_more_often_than_the_others(layered: layers.Layered) -> None:
    p, asked = layers.per_subject(layered)
    assert asked.argmax() == 2
    assert accuracy(p, layered.said.argmax(axis=1), ~layered.taught) > 0.8


def test_a_choice_is_learned_and_judged_on_other_photographs_than_are_held_out(layered: layers.Layered) -> None:
    kept, judged = layered.inner()
    assert (kept ^ judged == layered.taught).all()
    assert not np.intersect1d(layered.image[kept], layered.image[judged]).size


def test_a_wide_layer_is_cut_without_losing_its_strongest_directions() -> None:
    rng = np.random.default_rng(2)
    wide = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 400))
    x, layer = layers.reduced([(LAYERS[0], wide)])
    assert (x.shape[1], set(layer)) == (layers.WIDEST, {0})
    z = (wide - wide.mean(axis=0)) / (wide.std(axis=0) + 1e-3)
    assert x @ x.T == pytest.approx(z @ z.T, abs=1e-6)


def test_more_shots_hold_the_fewer_and_never_what_is_held_out() -> None:
    seen = drawn(np.zeros((90, 1)), np.arange(90) % 3, np.arange(90), ["here"] * 90)
    kept = np.arange(90) < 60
    two, five = (few_shot.draw(seen, kept, n_shots, seed=1) for n_shots in (2, 5))
    assert np.bincount(seen.pictures.true[five]).tolist() == [5, 5, 5]
    assert set(two) < set(five) <= set(np.flatnonzero(kept))


def test_prototypes_of_a_crowd_never_give_what_nobody_named() -> None:
    x = np.array([[0.0], [1.0], [8.0], [9.0], [4.0], [5.0]])
    seen = drawn(x, np.array([0, 0, 2, 2, 1, 1]), np.arange(6), ["here"] * 6)
    few = np.array([0, 1, 2, 3])
    assert first_answers.nearest(seen, few, np.array([0, 0, 2, 2])).tolist() == [0, 0, 2, 2, 0, 2]


def test_what_people_measure_of_a_model_judges_no_subject_by_its_own_answers() -> None:
    def told(taught: np.ndarray, asked: np.ndarray) -> np.ndarray:
        assert not (taught & asked).any()
        assert taught.sum() + asked.sum() == 30
        return np.flatnonzero(asked)[:, None] * np.ones(3)

    assert (hearing.in_parts(told, (30, 3))[:, 0] == np.arange(30)).all()


def test_all_blocks_weigh_the_same() -> None:
    seen = drawn(np.random.default_rng(5).normal(2, 3, (200, 12)), np.arange(200) % 2, np.arange(200), ["here"] * 200)
    power = np.square(standard(replace(seen, widths=(2, 10)))).mean(axis=0)
    # Each block has half of the power of twelve channels.
    assert (power[:2].sum(), power[2:].sum()) == pytest.approx((6, 6), rel=0.01)


def test_prototypes_are_the_labels_means() -> None:
    # Means (1, 0) and (0, 4); of (1, 1) the squared distances are 1 and 1 + 9.
    few = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
    assert meta.prototypes(few, torch.tensor([0, 0, 1]), 2, torch.tensor([[1.0, 1.0]])).tolist() == [[-1.0, -10.0]]


def test_a_learned_start_treats_all_labels_alike() -> None:
    torch.manual_seed(0)
    inner, few, others = meta.Anil(), torch.randn(6, meta.N_HIDDEN), torch.randn(4, meta.N_HIDDEN)
    nn.init.normal_(inner.start)
    true = torch.tensor([0, 0, 1, 1, 2, 2])
    as_is, turned = inner(few, true, 3, others), inner(few, (true + 1) % 3, 3, others)
    assert torch.allclose(as_is, turned.roll(-1, dims=1), atol=1e-5)


@pytest.mark.parametrize("make", [lambda: meta.prototypes, meta.Anil])
def test_tasks_of_one_project_teach_what_to_look_at_in_another(make) -> None:  # type: ignore[no-untyped-def]
    """Four of 40 features tell the labels apart in all projects; one example a label hardly shows which."""
    torch.manual_seed(0)
    rng = np.random.default_rng(3)

    def project(n_labels: int) -> meta.Project:
        true = np.arange(60 * n_labels) % n_labels
        x = rng.normal(size=(len(true), 40))
        x[:, :4] += 2.5 * rng.normal(size=(n_labels, 4))[true]
        return meta.Project(x, true)

    new, inner, trunk = project(4), make(), meta.body(40)
    before = _few(new, trunk, inner)
    meta.learn_to_learn([project(6) for _ in range(6)], trunk, inner, seed=0)
    assert _few(new, trunk, inner) > before + 0.05


def _few(new: meta.Project, trunk: nn.Module, inner: meta.Inner) -> float:
    x = torch.from_numpy(new.x).float()
    with torch.no_grad():
        told = [
            inner(trunk(x[start : start + 4]), torch.arange(4), 4, trunk(x)).argmax(dim=1).numpy() == new.true
            for start in range(0, 40, 4)
        ]
    return float(np.mean(told))


def test_each_project_has_a_head_of_its_own_on_the_layer_they_share() -> None:
    rng = np.random.default_rng(4)
    projects = []
    for n_labels in (2, 3):
        true = rng.integers(n_labels, size=120)
        x = rng.normal(size=(120, 8))
        x[np.arange(120), true] += 4
        projects.append(shared_heads.Project(x, true, n_labels, np.arange(120) < 80))
    for project, p in zip(projects, shared_heads.hidden(projects, seed=0), strict=True):
        assert p.shape == (120, project.n_labels)
        assert accuracy(p, project.true, ~project.taught) > 0.85


def test_a_majority_shares_a_tie() -> None:
    given = Answers(np.array([0, 0, 0, 1, 1]), np.arange(5), np.array([2, 2, 0, 0, 1]), np.eye(3, dtype=np.bool_))
    assert volunteers.majority(given).tolist() == [[0, 0, 1], [0.5, 0.5, 0]]


def test_drawn_volunteers_are_right_as_often_as_asked_for(shared_data: Path) -> None:
    pictures = moorea(shared_data)
    given = volunteers.answers(pictures, 0.65, 4, seed=0)
    assert (np.bincount(given.subject) == 4).all()
    assert len(np.unique(given.subject * volunteers.N_VOLUNTEERS + given.volunteer)) == len(given.subject)
    # 40 volunteers within .1 of .65: their mean has a standard error of .01.
    assert (given.choice == pictures.true[given.subject]).mean() == pytest.approx(0.65, abs=0.03)


def test_names_tell_the_site(shared_data: Path) -> None:
    assert set(moorea(shared_data).site) == {"pole1-2", "pole2-3", "pole3-4"}
    dive = koh_tao(shared_data)
    stretches = {site for site in dive.site if site.startswith("photographs")}
    assert stretches == {"photographs 00-09", "photographs 10-19", "photographs 20-29"}
    assert all(len(np.unique(dive.site[dive.photograph == each])) == 1 for each in np.unique(dive.photograph))


def test_a_part_of_a_set_keeps_what_belongs_together(shared_data: Path) -> None:
    places = np.array([1, 5, 9])
    for pictures in (plankton(), galaxies(shared_data)):
        some = pictures.only(places)
        assert [subject.name for subject in some.subjects] == [pictures.subjects[place].name for place in places]
        assert some.true.tolist() == pictures.true[places].tolist()
        assert some.content(some.subjects[0].image)


def test_a_gain_is_written_with_its_sign_and_spread() -> None:
    # Mean .02, deviations -.01, 0, .01: √(.0002 / 2) = .01.
    assert shown([0.01, 0.02, 0.03], "+") == "+0.020 ± 0.010"


@pytest.mark.parametrize("name", list(WORDS))
def test_the_page_says_what_the_benchmark_says(name: str) -> None:
    page = (ROOT / "docs" / "methods.md").read_text()
    assert f"## {WORDS[name].title}\n\n{WORDS[name].about}\n" in page
    assert WORDS[name].verdict in page
