"""The public model's page and its JSON: the project's own figures in words and pictures, whatever the model's age."""

import html
import re
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from game.levels import GoldUse
from game.science.trials import request_trial
from game.store import subjects, transaction
from game.store.tables import Job, Model
from game.store.tables.publications import JobState
from game.web.templating import markdown
from tests.examined import add_model, examined
from tests.web.player import API, assert_error
from tests.web.test_pages import send
from tests.world import World

PAGE, JSON = "/projects/moorea/model", f"{API}/projects/moorea/model"
SECTIONS = ("found", "silent", "word", "more", "cover", "confusion", "gallery", "childs-card", "card")
OLDEST = {"accuracy": 0.7, "n": 120}
OLD = {
    **OLDEST, "majority_accuracy": 0.4, "macro_f1": 0.5, "ece": 0.1,
    "groups": {"accuracy": 0.8, "majority_accuracy": 0.5},
    "per_label": [{"code": "Porit", "precision": 0.8, "recall": 0.7, "f1": 0.75, "n": 60}], "confusion": [[42]],
}  # fmt: skip


@pytest.fixture
def metrics(world: World) -> dict[str, Any]:
    return examined(world.projects["moorea"])


def test_every_figure_has_a_sentence_and_a_picture_of_its_own(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    page = client.get(PAGE).text
    for section in SECTIONS:
        assert f'id="{section}"' in page
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    half = next(point for point in metrics["coverage"] if point["share"] == 0.5)
    assert f"{metrics['accuracy']:.0%}".replace("%", "\xa0%").replace("\xa0", " ") in told.replace("\xa0", " ")
    assert f"{half['accuracy']:.0%}".replace("%", " %") + " are right instead of" in told
    assert f"off by {100 * metrics['cover']['groups']['machine_error']['mean']:.1f} percentage points" in told
    assert page.count('role="img"') == 4


def test_pictures_carry_no_inline_script_or_style(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", client.get(PAGE).text)


@pytest.mark.parametrize("old", [OLD, OLDEST], ids=["old", "oldest"])
def test_a_model_from_before_the_figures_is_shown_in_words(
    client: FlaskClient, world: World, now: datetime, old: dict[str, Any]
) -> None:
    add_model(world, "moorea", old, now)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Nobody measured this of the present version" in page.text
    assert 'id="silent"' not in page.text
    assert client.get(JSON).json["figures"]["coverage"] == []  # type: ignore[index]


def test_a_project_of_whole_images_has_no_cover(client: FlaskClient, world: World, now: datetime) -> None:
    add_model(world, "plankton", examined(world.projects["plankton"]), now)
    page = client.get("/projects/plankton/model").text
    assert 'id="cover"' not in page
    assert 'id="silent"' in page


def test_the_same_comes_as_json(client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]) -> None:
    assert_error(client.get(JSON), 404, "not_found")
    add_model(world, "moorea", metrics, now)
    told = client.get(JSON).json or {}
    for name in ("accuracy", "macro_f1", "per_label", "reliability", "coverage", "learning_curve", "cover", "groups"):
        assert told["figures"][name] == metrics[name], name
    assert told["figures"]["transfer"] is None
    assert told["figures"]["elsewhere"] is None
    assert "/projects/moorea/model/1/per_label.csv" in told["files"]
    with client.get(told["files"][0]) as file:
        assert file.status_code == 200
    assert_error(client.get(f"{API}/projects/atlantis/model"), 404, "not_found")


def test_a_version_s_page_says_between_what_each_label_s_figures_lie(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    page = client.get(f"{PAGE}/1").text.replace("\xa0", " ")
    for line in metrics["per_label"]:
        for figure in ("recall", "precision", "f1"):
            apart = line["interval"][figure]
            assert f"{apart['low']:.0%} to {apart['high']:.0%}".replace("%", " %") in page


def test_files_that_an_older_model_lacks_are_not_offered(client: FlaskClient, world: World, now: datetime) -> None:
    add_model(world, "moorea", OLD, now)
    (world.settings.models / "moorea" / "1" / "cover.csv").unlink()
    for address in (JSON, f"{API}/projects/moorea/models", PAGE):
        told = client.get(address).text
        assert "coverage.csv" in told
        assert "/cover.csv" not in told


def test_an_interval_without_width_is_told_in_words(client: FlaskClient, world: World, now: datetime) -> None:
    same, some = {"low": 1.0, "high": 1.0}, {"low": 0.1, "high": 0.9}
    line = {"code": "Porit", "precision": 1.0, "recall": 0.5, "f1": 1.0, "n": 2}
    told = {
        "transfer": {"verdict": "negative", "gain": -1.0, "low": -1.0, "high": -1.0, "scratch": 1.0},
        "interval": {"accuracy": same, "macro_f1": same},
        "per_label": [line | {"interval": {"f1": same, "recall": some}}],
    }  # fmt: skip
    add_model(world, "moorea", OLD | told, now)
    for path in (PAGE, f"{PAGE}/1"):
        page = client.get(path).text.replace("\xa0", " ")
        assert "10 % to 90 %" in page
        assert "too few to say" in page
        assert "100 % to 100 %" not in page
    page = client.get(PAGE).text
    assert "examination pictures recognised (too few, or too alike, to say how sure that is)" in page
    assert "The difference: −100.0 percentage points. The examination pictures are too few, or too alike" in page
    assert "between −100.0" not in page
    assert "between 100" not in page


def test_it_is_told_what_it_would_recognise_where_it_has_never_been(
    client: FlaskClient, world: World, now: datetime
) -> None:
    elsewhere = {"n_sites": 3, "n": 120, "accuracy": 0.81, "unseen": 0.7, "low": 0.6, "high": 0.8}
    add_model(world, "moorea", {**OLD, "elsewhere": elsewhere}, now)
    page = client.get(PAGE).text
    assert "it would recognise 70 % of the examination pictures at 3 sites, and not 81 %." in page.replace("\xa0", " ")


def test_labels_that_it_never_says_are_told_where_it_is_read_tried_and_to_be_taught(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    assert "Never said in its examination" not in client.get(PAGE).text
    silent = metrics["per_label"][2]["code"]
    with transaction(world.store) as session:
        [model] = session.query(Model)
        model.metrics = metrics | {"confusion": [[*row[:2], 0, *row[3:]] for row in metrics["confusion"]]}
    name = next(label.name for label in world.projects["moorea"].labels if label.code == silent)
    page = html.unescape(client.get(PAGE).text)
    assert f"Never said in its examination: {name}. It cannot tell such pictures from others" in page
    assert "only from answers that say so, as players give them in “A closer look”." in page
    assert f"what it never says ({name}) it learns only from answers that say so" in page
    with transaction(world.store) as session:
        trial = request_trial(session, world.projects["moorea"], "0" * 32, (1, 1), now)
        session.query(Job).update({Job.state: JobState.FAILED})
    for tried in (page, html.unescape(client.get(f"{PAGE}/try/{trial.code}").text)):
        assert f"Never said in its examination: {name}. Do not expect it to recognise these." in tried


def test_hidden_gold_is_nowhere_on_the_page(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    shown = set(re.findall(r"/patches/\w+/\d+-\d+", client.get(PAGE).text + client.get(JSON).text))
    teaching = {
        f"/patches/{sha256}/{row}-{column}"
        for (sha256, row, column), one in world.truth.items()
        if one.use is GoldUse.TEACHING
    }
    assert shown and shown <= teaching
    with transaction(world.store) as session:
        row = subjects.project_row(session, "moorea")
        assert row
        names = {word for one in subjects.places_of_project(session, row.id) for word in (one.code, one.name)}
    assert not [name for name in names if name in client.get(PAGE).text]


def test_the_gallery_says_who_named_what(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    # The model says label 0 of everything, with 70 %.
    first = world.projects["moorea"].labels[0].code
    for part in (client.get(JSON).json or {})["gallery"]:
        assert (part["n_right"] == part["n"]) == (part["label"] == first)
        for one in part["hits"] + part["misses"]:
            assert (one["said"], one["p"], one["named_by"]) == (first, 0.7, "experts")
            assert client.get(one["picture"]).status_code == 200


def test_versions_say_what_they_learned_from(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    page = client.get(PAGE).text
    assert f"learned from 240 pictures and {metrics['n_answers']:,} answers" in page
    assert page.count('class="macro-dot"') == 1


def test_a_version_that_was_rejected_stays_visible_with_its_reason(
    client: FlaskClient, world: World, now: datetime, metrics: dict[str, Any]
) -> None:
    add_model(world, "moorea", metrics, now)
    with transaction(world.store) as session:
        first = session.query(Model).one()
        session.add(
            Model(
                project_id=first.project_id, version=2, release_id=first.release_id, state="rejected", folder="gone",
                reason="Turf got worse.", metrics=OLDEST, created_at=now,
            )
        )  # fmt: skip
    page = client.get(PAGE).text
    assert "Turf got worse." in page
    assert 'class="dot rejected"' in page


def test_the_page_can_be_posted_to_from(client: FlaskClient, world: World, now: datetime) -> None:
    """The form for one's own picture is still there."""
    add_model(world, "moorea", OLD, now)
    assert send(client, f"{PAGE}/try", PAGE).status_code == 400


def test_headings_of_a_text_stand_below_those_of_the_page() -> None:
    assert markdown("# A\n\n## B", 1) == "<h2>A</h2>\n<h3>B</h3>\n"
    assert markdown("# A") == "<h1>A</h1>\n"
