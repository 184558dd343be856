"""Hidden gold looks, weighs and times like any other subject, in everything that a player is ever sent."""

import html
import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from PIL import Image
from sqlalchemy import event
from werkzeug.test import TestResponse

from game.app import create_app
from game.levels import GoldUse, Project
from game.play.accounts import account_by_token
from game.science.aggregate import aggregate
from game.store import reading, subjects
from game.store.tables import Subject
from tests.conftest import NOW
from tests.science.answers import say, volunteer
from tests.science.predicting import publish_model
from tests.web.player import ApiPlayer, Json, answer_to, new_player
from tests.world import Where, World, copy_world, leave_world, shut

N_PLAYERS = 3
N_ROUNDS = 3
TELLTALE = re.compile(r"gold|truth|hidden|teach|expert|reference", re.IGNORECASE)

# Kinds of subject that must not be told apart: hidden gold, and those that are really in play.
ALIKE = (GoldUse.HIDDEN, GoldUse.REFERENCE)


@dataclass
class Crawl:
    """Everything that players were sent. `seen[what, position, large]`: kind of subject → what it looked like. Whether
    a picture is large is no secret: one can zoom out of it.

    `n_statements`: how many the app has sent to its database, which is what takes time.
    """

    world: World
    texts: list[str] = field(default_factory=list)
    seen: dict[tuple[object, ...], dict[GoldUse, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    explained: set[GoldUse] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    n_statements: int = 0

    def note_statement(self, *_: object) -> None:
        """The news that goes out later, from a thread of its own, does not make an answer slower."""
        if threading.current_thread() is threading.main_thread():
            self.n_statements += 1

    def heard(self, response: TestResponse) -> Json:
        assert response.status_code == 200, response.text
        self.texts.append(response.text)
        message = dict(response.json or {})
        self.keys |= keys_of(message)
        return message


def keys_of(message: Any) -> set[str]:
    if isinstance(message, dict):
        return set(message) | {key for part in message.values() for key in keys_of(part)}
    return {key for part in message for key in keys_of(part)} if isinstance(message, list) else set()


def faceless(text: str) -> str:
    """Without what is random or a matter of the picture: ids, addresses, tokens, numbers."""
    text = re.sub(r'"[\w.-]{60,}"', '"#"', text)
    return re.sub(r"\d+", "0", re.sub(r"\b[0-9a-f]{12,64}\b", "#", text))


def where(subject: Json) -> Where:
    sha256 = urlsplit(subject["full"]).path.split("/")[2]
    point = subject["point"]
    return (sha256, None, None) if point is None else (sha256, point["row"], point["column"])


@pytest.fixture(scope="module", params=["plankton", "moorea"])
def crawl(
    request: pytest.FixtureRequest, untouched_world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crawl]:
    """Several volunteers play several rounds, and look at everything they can before and after each answer.

    The model has looked at every subject, and is heard from the beginning.
    """
    world = copy_world(untouched_world, tmp_path_factory.mktemp("crawl"))
    app = create_app(world.settings)
    crawl = Crawl(world)
    event.listen(app.extensions["fathom"].store.engine, "before_cursor_execute", crawl.note_statement)
    rng = np.random.default_rng(7)
    let_the_model_be_heard(world, world.projects[request.param])
    for _ in range(N_PLAYERS):
        player = new_player(app.test_client())
        browser = logged_in(app, world, player)
        for _ in range(N_ROUNDS):
            play_a_round(crawl, player, browser, request.param, rng)
        aggregate(world.store, world.projects[request.param], NOW)
    yield crawl
    shut(app.extensions["fathom"].store)
    leave_world(world)


def let_the_model_be_heard(world: World, project: Project) -> None:
    """It is right of everything; somebody who is right of hidden gold has answered before."""
    with reading(world.store) as session:
        row = subjects.project_row(session, project.slug)
        assert row is not None
        experts = subjects.expert_labels(session, row.id, list(GoldUse))
    publish_model(world.store, {one: label for one, (label, _) in experts.items()}, project=project)
    hidden = [(one, project.labels[label].code) for one, (label, use) in experts.items() if use is GoldUse.HIDDEN]
    say(world.store, volunteer(world.store, "Ada"), hidden, project)
    aggregate(world.store, project, NOW)


def logged_in(app: OpenAPI, world: World, player: ApiPlayer) -> FlaskClient:
    """The same volunteer in a browser."""
    with reading(world.store) as session:
        account = account_by_token(session, player.token)
    assert account is not None
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["volunteer"], cookie["sign_in_version"] = account.id, account.sign_in_version
    return browser


def play_a_round(
    crawl: Crawl,
    player: ApiPlayer,
    browser: FlaskClient,
    slug: str,
    rng: np.random.Generator,
) -> None:
    round_ = crawl.heard(player.post(f"/projects/{slug}/rounds"))
    before = look_around(crawl, player, slug)
    for position, subject in enumerate(round_["subjects"]):
        use, large = crawl.world.truth[where(subject)].use, max(subject["width_px"], subject["height_px"]) > 512

        def note(what: str, look: str, place: tuple[object, ...] = (position, large), use: GoldUse = use) -> None:
            crawl.seen[what, *place][use].add(look)

        note("subject", faceless(json.dumps(subject)))
        page = browser.get(f"/rounds/{round_['id']}")
        crawl.texts.append(page.text)
        # Everybody's first round teaches, and its page says so of the round as a whole.
        note("page", faceless(page.text), (position, large, "data-teaches" in page.text))
        answer = answer_to(round_, subject, label=str(rng.choice([one["code"] for one in round_["choices"]])))
        n_before = crawl.n_statements
        told = player.post(f"/rounds/{round_['id']}/classifications", answer)
        if position < len(round_["subjects"]) - 1:
            note("statements", str(crawl.n_statements - n_before))
            note("headers", faceless(str(sorted(told.headers.items()))))
        outcome = crawl.heard(told)
        if outcome["explanation"] is not None:
            crawl.explained.add(use)
        note("outcome", faceless(json.dumps(outcome)))
        again = crawl.heard(player.post(f"/rounds/{round_['id']}/classifications", answer))
        assert again == outcome
        if position < len(round_["subjects"]) - 1:
            after = look_around(crawl, player, slug)
            assert after["me"] == before["me"]
            assert after["leaderboard"] == before["leaderboard"]
            note("round", faceless(json.dumps(crawl.heard(player.get(f"/rounds/{round_['id']}")))))
            note("news", str(n_new(before, after)))
            before = after
    look_back(crawl, browser, round_)


def look_back(crawl: Crawl, browser: FlaskClient, round_: Json) -> None:
    """What the summary tells of each picture: which label, and whether anybody else had answered, is no secret."""
    page = browser.get(f"/rounds/{round_['id']}/summary").text
    crawl.texts.append(page)
    cards = re.findall(r'<li class="said-one">.*?</li>', page, re.DOTALL)
    assert len(cards) == len(round_["subjects"])
    for subject, card in zip(round_["subjects"], cards, strict=True):
        for choice in round_["choices"]:
            card = card.replace(html.escape(choice["name"]), "LABEL").replace(choice["colour"], "COLOUR")
        use, silent = crawl.world.truth[where(subject)].use, "nobody else yet" in card
        crawl.seen["told", 0, silent][use].add(faceless(card))


def look_around(crawl: Crawl, player: ApiPlayer, slug: str) -> dict[str, Json]:
    return {
        "me": crawl.heard(player.get("/me")),
        "project": crawl.heard(player.get(f"/projects/{slug}")),
        "leaderboard": crawl.heard(player.get(f"/projects/{slug}/leaderboard")),
    }


def n_new(before: dict[str, Json], after: dict[str, Json]) -> dict[str, int]:
    """What an answer adds to a project's figures; retirement is the consensus of many, and gold never retires."""
    was, is_now = before["project"]["progress"], after["project"]["progress"]
    return {name: is_now[name] - was[name] for name in ("n_subjects", "n_classifications")}


def test_hidden_gold_and_ordinary_subjects_cannot_be_told_apart(crawl: Crawl) -> None:
    compared = {place: looks for place, looks in crawl.seen.items() if all(use in looks for use in ALIKE)}
    assert len(compared) > 20
    for place, looks in compared.items():
        assert looks[GoldUse.HIDDEN] == looks[GoldUse.REFERENCE], place


def test_only_teaching_gold_explains_itself(crawl: Crawl) -> None:
    assert crawl.explained == {GoldUse.TEACHING}


def test_no_message_has_a_word_for_gold(crawl: Crawl) -> None:
    assert sorted(key for key in crawl.keys if TELLTALE.search(key)) == []


def test_no_answer_names_a_subject_as_the_outside_world_knows_it(crawl: Crawl) -> None:
    """Neither its release id nor its file, whose name may say what it shows."""
    with reading(crawl.world.store) as session:
        known = {word for row in session.query(Subject.code, Subject.name) for word in row}
    everything = "\n".join(crawl.texts)
    assert [word for word in known if word in everything] == []


@pytest.mark.parametrize("slug", ["plankton", "moorea"])
def test_pictures_of_hidden_gold_are_like_any_other(client: FlaskClient, world: World, slug: str) -> None:
    looks: dict[GoldUse, set[str]] = defaultdict(set)
    for _ in range(2):
        for subject in new_player(client).start(slug)["subjects"]:
            for address in ("image", "full"):
                response = client.get(subject[address])
                picture = Image.open(BytesIO(response.data))
                headers = sorted(
                    (name, "" if name in ("ETag", "Content-Length", "Date", "X-Request-ID") else content)
                    for name, content in response.headers
                )
                square = picture.size if subject["point"] and address == "image" else None
                look = (address, response.status_code, headers, picture.mode, sorted(picture.info), square)
                looks[world.truth[where(subject)].use].add(str((*look, getattr(picture, "quantization", None))))
    assert looks[GoldUse.HIDDEN] == looks[GoldUse.REFERENCE]
