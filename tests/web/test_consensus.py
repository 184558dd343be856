"""Pictures of the consensus for everybody, odd answers for the science team, and the same numbers as JSON."""

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from game.play import accounts
from game.store import transaction
from game.store.tables.people import Role
from game.web.payloads.consensus import CalibrationPoint, Figures, ReliabilityBin, Tribar
from game.web.plots import BAR, SIDE, bars, calibration_plot, columns, segments
from game.web.templating import fine_percent
from tests.science.drawn import MODEL, add_figures, add_flagged, drawn_figures
from tests.web.player import API, assert_error
from tests.web.test_pages import send
from tests.world import World

PAGES = ("/projects/plankton", "/projects/plankton/consensus")
FLAGS = "/operator/flags/plankton"
ODD = [{"kind": "copies", "n": 40, "found": 57.3, "expected": 3.0, "p_value": 1e-9}]


def keep(world: World, drawn: dict[str, object] | None, now: datetime) -> None:
    with transaction(world.store) as session:
        add_figures(session, world.projects["plankton"], drawn, now)


def become(client: FlaskClient, world: World, role: Role) -> None:
    send(client, "/signup", "/signup", login="harbour", password="lighthouse")
    with transaction(world.store) as session:
        accounts.change_role(session, "harbour", role)


def test_the_page_draws_the_figures_of_the_last_aggregation(client: FlaskClient, world: World, now: datetime) -> None:
    drawn = drawn_figures(world.projects["plankton"])
    keep(world, drawn, now)
    page = client.get("/projects/plankton/consensus").text
    assert page.count('class="dot"') == len(drawn["calibration"]) + 2
    assert page.count("data-right") == 3 + 6
    assert "How sure we said we were".lower() in page.lower()
    assert f"<b>{drawn['tribar']['agreed']}</b> players agree so far" in page
    assert all(label.name in page for label in world.projects["plankton"].labels)


def test_the_project_s_page_shows_all_of_it_in_small(client: FlaskClient, world: World, now: datetime) -> None:
    keep(world, drawn_figures(world.projects["plankton"]), now)
    page = client.get("/projects/plankton").text
    assert [page.count(f'class="{name}"') for name in ("tribar", "plot", "heat", "histogram", "alpha")] == [1] * 5
    assert 'href="/projects/plankton/consensus"' in page


@pytest.mark.parametrize("path", PAGES)
def test_pictures_carry_no_inline_script_or_style(client: FlaskClient, world: World, now: datetime, path: str) -> None:
    keep(world, drawn_figures(world.projects["plankton"]), now)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", client.get(path).text)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("aggregated", [False, True])
def test_before_the_first_figures_the_page_says_what_will_come(
    client: FlaskClient, world: World, now: datetime, path: str, aggregated: bool
) -> None:
    """Also after an aggregation that drew none, such as one of an older version."""
    if aggregated:
        keep(world, None, now)
    page = client.get(path)
    assert page.status_code == 200
    assert "fifty answers are in" in page.text
    assert "tribar" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_a_crowd_of_which_hardly_anything_is_known_is_drawn_in_words(
    client: FlaskClient, world: World, now: datetime, path: str
) -> None:
    few = {"codes": ["diatoms"], "choice_set": "groups", "confusion": [[None]], "n": [None], "alpha": None}
    keep(world, {"answers": 50, "choice_sets": [few], "from": "a newer version"}, now)
    page = client.get(path)
    assert page.status_code == 200
    assert "heat" not in page.text


def test_the_page_says_how_much_the_model_counts_and_what_checks_found(
    client: FlaskClient, world: World, now: datetime
) -> None:
    project = world.projects["plankton"]
    with transaction(world.store) as session:
        add_figures(session, project, drawn_figures(project), now, MODEL)
    page = client.get("/projects/plankton/consensus").text
    assert "the word of version 4 counts as much as" in page
    assert '<b class="sounding">1.4</b>' in page
    for path in PAGES:
        assert "wrong on 1 of 26" in client.get(path).text
        assert "31 pictures that nobody has judged" in client.get(path).text
    told = (client.get(f"{API}/projects/plankton/consensus").json or {})["model"]
    assert (told["version"], told["worth"], told["accepted"]["n_wrong"]) == (4, 1.4, 1)
    assert "id" not in told


def test_a_promise_that_was_broken_and_a_model_that_is_not_heard_are_said_in_words(
    client: FlaskClient, world: World, now: datetime
) -> None:
    project = world.projects["plankton"]
    broken = MODEL | {"worth": 0, "accepted": MODEL["accepted"] | {"kept": False, "n_accepted": 0}}
    with transaction(world.store) as session:
        add_figures(session, project, drawn_figures(project), now, broken)
    page = client.get("/projects/plankton/consensus").text
    assert "no better than luck would be" in page
    assert "back in play" in page


def test_simulated_volunteers_are_named_on_the_page(client: FlaskClient, world: World, now: datetime) -> None:
    keep(world, drawn_figures(world.projects["plankton"]), now)
    assert "Simulated volunteers are among" not in client.get("/projects/plankton/consensus").text
    assert "Simulated players are among" not in client.get("/projects/plankton").text
    with transaction(world.store) as session:
        add_flagged(session, world.projects["plankton"], ["Robot"], None, now, simulated=True)
    assert "Simulated volunteers are among" in client.get("/projects/plankton/consensus").text
    page = client.get("/projects/plankton").text
    assert "answers by 0 people" in page
    assert "Simulated players are among those who answered" in page
    assert "Where the answers of people are counted, theirs are left out." in page


def test_the_same_numbers_come_as_json(client: FlaskClient, world: World, now: datetime) -> None:
    address = f"{API}/projects/plankton/consensus"
    nothing = {
        "project": "plankton",
        "aggregated_at": None,
        "includes_simulated": False,
        "figures": None,
        "model": None,
    }
    assert client.get(address).json == nothing
    drawn = drawn_figures(world.projects["plankton"])
    keep(world, drawn, now)
    told = client.get(address).json or {}
    assert told["figures"] == drawn
    assert told["aggregated_at"] == "2026-11-18T12:00:00Z"
    assert_error(client.get(f"{API}/projects/atlantis/consensus"), 404, "not_found")


@pytest.mark.parametrize("role", [None, Role.VOLUNTEER, Role.EDUCATOR])
def test_odd_answers_are_for_the_science_team_only(
    client: FlaskClient, world: World, now: datetime, role: Role | None
) -> None:
    keep(world, drawn_figures(world.projects["plankton"]), now)
    with transaction(world.store) as session:
        add_flagged(session, world.projects["plankton"], ["Azure Limpet", "Copper Wrasse"], ODD, now)
    if role is not None:
        become(client, world, role)
    refused = client.get(FLAGS)
    assert refused.status_code == (401 if role is None else 403)
    for page in (refused, *(client.get(path) for path in (*PAGES, f"{API}/projects/plankton/consensus"))):
        assert "Azure Limpet" not in page.text, "another who looks may be a Limpet, too"
        assert "odd answers" not in page.text
        assert FLAGS not in page.text


@pytest.mark.parametrize("role", [Role.SCIENTIST, Role.OPERATOR])
def test_the_science_team_sees_who_why_and_what_follows(
    client: FlaskClient, world: World, now: datetime, role: Role
) -> None:
    with transaction(world.store) as session:
        add_flagged(session, world.projects["plankton"], ["Azure Limpet", "Copper Wrasse"], ODD, now)
        add_flagged(session, world.projects["plankton"], ["Quiet Nautilus"], [{"kind": "moonstruck"}], now)
    become(client, world, role)
    page = client.get(FLAGS).text
    assert "Azure Limpet" in page
    assert "look like those of 1 other volunteer." in page
    assert "count as one voice" in page
    assert "57.3 nats" in page
    assert "Flagged: moonstruck." in page
    assert "Nobody is blocked, and nobody is told" in page
    assert FLAGS in client.get("/projects/plankton/consensus").text


@pytest.mark.parametrize("kind", ["constant", "most_common", "random", "fast"])
def test_every_kind_of_oddness_is_told_in_neutral_words(
    client: FlaskClient, world: World, now: datetime, kind: str
) -> None:
    with transaction(world.store) as session:
        add_flagged(session, world.projects["plankton"], ["Ada"], [ODD[0] | {"kind": kind, "found": 0.5}], now)
    become(client, world, Role.SCIENTIST)
    page = client.get(FLAGS).text
    assert f"Flagged: {kind}" not in page
    assert "50" in page
    assert not re.search(r"cheat|fraud|spam|bot\b|suspect|guilty", page, re.IGNORECASE)


def test_the_operator_s_page_counts_them(client: FlaskClient, world: World, now: datetime) -> None:
    with transaction(world.store) as session:
        add_flagged(session, world.projects["plankton"], ["Azure Limpet", "Copper Wrasse"], ODD, now)
    become(client, world, Role.OPERATOR)
    page = client.get("/operator").text
    assert page.count("2 volunteers with odd answers") == 1
    assert page.count("No odd answers") == 3


def test_a_project_without_odd_answers_says_so(client: FlaskClient, world: World) -> None:
    become(client, world, Role.SCIENTIST)
    assert "Nothing odd." in client.get(FLAGS).text
    assert client.get("/operator/flags/atlantis").status_code == 404


def test_the_bar_of_the_pictures_is_as_long_as_all_of_them() -> None:
    parts = segments(Tribar(none=10, one=20, divided=0, agreed=30, settled=25, expert=15))
    assert [(part.stage, part.x, part.width) for part in parts] == [
        ("expert", 0, 150), ("settled", 150, 250), ("agreed", 400, 300), ("divided", 700, 0), ("one", 700, 200),
        ("none", 900, 100),
    ]  # fmt: skip
    assert segments(Tribar(none=0, one=0, divided=0, agreed=0, settled=0, expert=0)) == ()


def test_a_promise_that_is_kept_lies_on_the_diagonal() -> None:
    """Axes start at the tick below the lowest bound, here 40 %."""
    kept = CalibrationPoint(confidence=0.7, right=0.7, low=0.45, high=0.9, n=20)
    plot = calibration_plot([kept])
    assert plot.ticks[0].share == 0.4
    (point,) = plot.points
    assert (point.x - plot.left) / (plot.right - plot.left) == pytest.approx(0.5, abs=1e-3)
    assert (plot.bottom - point.y) / (plot.bottom - plot.top) == pytest.approx(0.5, abs=1e-3)
    assert 0 < point.high_y < point.y < point.low_y < SIDE


def test_bars_stand_for_numbers_and_columns_for_areas() -> None:
    wide, narrow = ReliabilityBin(low=0.4, high=0.8, n=20), ReliabilityBin(low=0.8, high=0.9, n=10)
    assert [(bar.told, bar.width) for bar in bars([wide, narrow])] == [(narrow, BAR / 2), (wide, BAR)]
    first, second = columns([wide, narrow])
    assert first.width * first.height == pytest.approx(2 * second.width * second.height)
    assert (first.x, second.x, second.x + second.width) == (0, 800, BAR)
    assert columns([]) == bars([]) == ()


def test_figures_of_another_version_are_read_as_far_as_they_are_known() -> None:
    assert Figures.model_validate({"answers": 60, "moons": 2}).tribar is None


def test_a_tenth_of_a_percent_is_told_where_there_is_one(app: OpenAPI) -> None:
    with app.test_request_context():
        assert [fine_percent(share) for share in (0.995, 0.95, 0.9999)] == ["99.5\xa0%", "95\xa0%", "100\xa0%"]
