"""What the model’s page says of how it was taught: by whom, how much of it here, and what that brought."""

import html
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from game.science.trials import request_trial
from game.store import transaction
from game.store.tables import Job
from game.store.tables.publications import JobState
from tests.examined import add_model, borrowed, examined
from tests.web.test_model import JSON, OLD, PAGE
from tests.world import World


@pytest.fixture
def metrics(world: World) -> dict[str, Any]:
    return examined(world.projects["moorea"])


@pytest.mark.parametrize(
    ("verdict", "words"), [("positive", "helped"), ("neutral", "made no difference"), ("negative", "did harm")]
)
def test_whether_others_weights_helped_is_told_in_words(
    client: FlaskClient, world: World, now: datetime, verdict: str, words: str
) -> None:
    transfer = {"verdict": verdict, "gain": 0.1, "low": -0.021, "high": 0.2, "scratch": 0.6}
    add_model(world, "moorea", {**OLD, "transfer": transfer}, now)
    page = client.get(PAGE).text
    assert words in page
    assert f"({verdict} transfer): taught on this project alone" in page
    assert "The difference: +10.0 percentage points, between −2.1 and +20.0." in page


def test_of_too_few_photographs_nobody_can_tell_whether_others_weights_helped(
    client: FlaskClient, world: World, now: datetime
) -> None:
    transfer = {"verdict": "untold", "gain": 0.1, "low": None, "high": None, "scratch": 0.6, "n_scratch": 40}
    add_model(world, "moorea", {**OLD, "transfer": transfer}, now)
    page = client.get(PAGE).text.replace("\xa0", " ")
    assert "helped cannot be told: the examination has too few photographs. On these the difference is +10.0" in page
    assert "transfer)" not in page
    assert "between −" not in page
    figures = (client.get(JSON).json or {})["figures"]
    assert (figures["transfer"]["low"], figures["transfer"]["verdict"]) == (None, "untold")


def test_each_way_of_teaching_has_its_figure_or_the_reason_why_it_has_none(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    page = html.unescape(client.get(PAGE).text)
    part = page[page.index('id="method"') : page.index('id="confusion"')]
    assert "the last layers of the network that it looks with" in part
    for one in metrics["method"]["ways"]:
        assert one["why"] in part
    assert "It looks with mobilenet_v2." in part
    assert part.count("<rect") == 2 * 2, "two ways were measured: a ground and a bar each"
    assert part.count("tag-good") == 1
    told = client.get(JSON).json or {}
    assert [one["chosen"] for one in told["figures"]["method"]["ways"]] == [False, False, True, False]


def test_a_network_taught_for_want_of_weights_is_told_where_the_method_is(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", {**metrics, "backbone": "small_cnn", "no_weights_of": "resnet18"}, now)
    page = client.get(PAGE).text
    assert "It was to look with resnet18, but the weights of that network could not be had." in page
    assert "It looks with" not in page


def test_a_learning_curve_of_frozen_layers_is_called_so(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    curve = metrics["learning_curve"]
    points = [*curve[:-2], curve[-2] | {"accuracy": 0.41, "high": 0.42}, curve[-1] | {"accuracy": 0.52}]
    add_model(world, "moorea", metrics | {"learning_curve_of": "frozen", "learning_curve": points}, now)
    page = client.get(PAGE).text.replace("\xa0", " ")
    assert "Yes: from half the answers it recognises 41 %, from all of them 52 %." in page
    assert "These figures are not of this model but of a simpler one" in page


def test_of_a_borrowed_model_every_page_says_who_taught_it_and_that_nothing_was_learned_here(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    code = metrics["per_label"][2]["code"]
    name = next(label.name for label in world.projects["moorea"].labels if label.code == code)
    add_model(world, "moorea", metrics | borrowed(metrics, code), now)
    page = html.unescape(client.get(PAGE).text)
    assert "It was taught elsewhere, by “Squares of the lagoon”, and learned nothing here." in page
    assert "Nothing: it is a model from elsewhere, as it was." in page
    assert "taught by the project “Squares of the lagoon”, release 2 (licence: CC0; credit: not stated)." in page
    assert f"It does not know, and so never says: {name}." in page
    assert "Only how firmly it speaks, a single number, was fitted to what players say." in page
    assert "It cannot tell such pictures from others, as nobody taught it to." in page
    for untrue in ("It learns from what players", "learned from 240", "What it learned from", "only from answers that"):
        assert untrue not in page
    with transaction(world.store) as session:
        trial = request_trial(session, world.projects["moorea"], "0" * 32, (1, 1), now)
        session.query(Job).update({Job.state: JobState.FAILED})
    for tried in (page, html.unescape(client.get(f"{PAGE}/try/{trial.code}").text)):
        assert "It has learned nothing from pictures of this project: “Squares of the lagoon” taught it." in tried
    assert "Taught elsewhere, examined by release 1 on" in client.get(f"{PAGE}/1").text
    assert (client.get(JSON).json or {})["figures"]["taught_by"]["project"] == "lagoon"
