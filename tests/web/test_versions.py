"""The pages of a model's versions: anybody reads and compares, the science team decides, with a reason."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from game.play import accounts
from game.science import jobs
from game.science.decisions import decisions_of
from game.science.jobs import JobView
from game.science.report import Report
from game.science.work import Workplace, do_job
from game.store import reading, transaction
from game.store.tables import Subject
from game.store.tables.people import Role
from game.store.tables.publications import DecisionKind, JobKind, JobState
from tests.conftest import NOW
from tests.versions import add_versions
from tests.web.player import API
from tests.web.test_pages import send
from tests.world import World

MODELS = "/operator/models/plankton"
FILES = ["model.safetensors", "labels.json", "preprocessing.json", "metrics.json", "card.md", "manifest.json"]
WHY = "Its corals are far better."


@pytest.fixture
def two(world: World) -> World:
    add_versions(world.store, world.settings, world.projects["plankton"], NOW)
    return world


@pytest.fixture
def scientist(client: FlaskClient, two: World) -> FlaskClient:
    return become(client, two, Role.SCIENTIST)


def become(client: FlaskClient, world: World, role: Role) -> FlaskClient:
    if client.get("/account").status_code != 200:
        send(client, "/signup", "/signup", login="ada", password="lighthouse")
    with transaction(world.store) as session:
        accounts.change_role(session, "ada", role)
    return client


def work(world: World) -> JobView:
    """Does the switch that waits, as a worker would."""
    place = Workplace(world.settings, world.store, world.projects, lambda: NOW)
    with transaction(world.store) as session:
        waiting = next(job for job in jobs.latest_jobs(session) if job.kind is JobKind.SWITCH)
        claimed = jobs.claim_job(session, waiting.code, NOW)
    assert claimed
    return do_job(place, claimed, Report())


def log(world: World) -> list[tuple[DecisionKind, int | None, str]]:
    with reading(world.store) as session:
        return [(one.kind, one.version, one.by) for one in decisions_of(session, world.projects["plankton"])]


def test_anyone_reads_why_a_version_was_rejected_and_takes_its_files(client: FlaskClient, two: World) -> None:
    page = client.get("/projects/plankton/model/2").text
    assert "Why the gate said no" in page
    assert "its macro-F1 is" in page
    assert "not good enough" in page
    assert "Decide about versions" not in page
    files = re.findall(r'href="(/projects/plankton/model/2/(?!all)[\w.]+)"', page)
    assert [Path(file).name for file in files if client.get(file, buffered=True).data] == FILES
    assert "Why the gate said yes" in client.get("/projects/plankton/model/1").text


def test_all_public_files_of_any_version_come_together(client: FlaskClient, two: World) -> None:
    for version in (1, 2):
        page = client.get(f"/projects/plankton/model/{version}").text
        assert f'href="/projects/plankton/model/{version}/all.zip"' in page
        response = client.get(f"/projects/plankton/model/{version}/all.zip")
        assert f"filename=plankton-model-{version}.zip" in response.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(response.data)) as opened:
            assert [Path(name).name for name in opened.namelist()] == FILES
            assert (
                opened.read(f"plankton-model-{version}/metrics.json")
                == (two.settings.models / "plankton" / "ab"[version - 1] / "metrics.json").read_bytes()
            )
    assert 'href="/projects/plankton/model/1/all.zip"' in client.get("/projects/plankton/model").text
    shutil.rmtree(two.settings.models / "plankton" / "b")
    assert client.get("/projects/plankton/model/2/all.zip").status_code == 404
    assert "all.zip" not in client.get("/projects/plankton/model/2").text


def test_nothing_public_tells_which_subjects_are_gold(client: FlaskClient, two: World) -> None:
    with reading(two.store) as session:
        codes = [code for (code,) in session.query(Subject.code)]
    addresses = ["/projects/plankton/model/1", "/projects/plankton/model/2", "/projects/plankton/model/compare"]
    everything = "".join(client.get(path).text for path in [*addresses, f"{API}/projects/plankton/models"])
    assert [code for code in codes if code in everything] == []
    for file in ("holdout.csv", "predictions.csv"):
        assert client.get(f"/projects/plankton/model/2/{file}").status_code == 404


def test_a_version_that_there_is_not_is_not_found(client: FlaskClient, two: World) -> None:
    assert client.get("/projects/plankton/model/7").status_code == 404
    assert client.get("/projects/plankton/model/compare?a=1&b=7").status_code == 404
    assert client.get("/projects/plankton/model/compare?a=one").status_code == 400
    assert client.get("/projects/atlantis/model/compare").status_code == 404


def test_two_versions_are_compared_and_the_newest_beside_the_public_one_by_itself(
    client: FlaskClient, two: World
) -> None:
    page = client.get("/projects/plankton/model/compare").text
    assert "Version 2 is worse than version 1, and not by bad luck" in page
    assert page.count('<svg class="band"') == 6
    swapped = client.get("/projects/plankton/model/compare?a=2&b=1").text
    assert "Version 1 is better than version 2, and not by luck" in swapped
    same = client.get("/projects/plankton/model/compare?a=1&b=1").text
    assert "The difference may be luck: macro-F1 by +0 points (+0 to +0)" in same


def test_without_two_versions_the_page_says_what_brings_them(client: FlaskClient) -> None:
    assert "There are no two versions yet." in client.get("/projects/plankton/model/compare").text


def test_lost_files_are_told_in_words(client: FlaskClient, two: World) -> None:
    (two.settings.models / "plankton" / "a" / "holdout.csv").unlink()
    response = client.get("/projects/plankton/model/compare?a=1&b=2")
    assert response.status_code == 409
    assert "holdout.csv is missing" in response.text


def test_the_api_tells_the_reasons_one_by_one(client: FlaskClient, two: World) -> None:
    newest, _ = (client.get(f"{API}/projects/plankton/models").json or {})["models"]
    assert len(newest["reasons"]) >= 2
    assert " ".join(newest["reasons"]) == newest["reason"]


@pytest.mark.parametrize("path", [MODELS, f"{MODELS}/2"])
def test_deciding_is_for_the_science_team(client: FlaskClient, two: World, path: str) -> None:
    assert client.get(path).status_code == 401
    become(client, two, Role.EDUCATOR)
    assert client.get(path).status_code == 403
    for door in ("freeze", "thaw", "2"):
        assert send(client, f"{MODELS}/{door}", "/account", why=WHY).status_code == 403
    assert len(log(two)) == 2
    become(client, two, Role.OPERATOR)
    assert client.get(path).status_code == 200


def test_a_rejected_version_is_published_anyway_and_put_back(scientist: FlaskClient, two: World) -> None:
    assert "Publish version 2 anyway?" in scientist.get(f"{MODELS}/2").text
    assert send(scientist, f"{MODELS}/2", f"{MODELS}/2", why=WHY).location == MODELS
    assert "Version 2 is on its way." in scientist.get(MODELS).text
    assert work(two).state is JobState.DONE
    assert log(two)[0] == (DecisionKind.FORCED, 2, "ada")
    page = scientist.get("/projects/plankton/model/2").text
    assert "was published anyway" in page
    assert WHY in page
    assert "Put version 1 back?" in scientist.get(f"{MODELS}/1").text
    send(scientist, f"{MODELS}/1", f"{MODELS}/1", why="No, they are not.")
    work(two)
    assert log(two)[0] == (DecisionKind.PUT_BACK, 1, "ada")


def test_a_login_stays_with_the_science_team(app: OpenAPI, scientist: FlaskClient, two: World) -> None:
    send(scientist, f"{MODELS}/2", f"{MODELS}/2", why=WHY)
    work(two)
    for path in ("/projects/plankton/model/2", "/projects/plankton/model"):
        visitor = app.test_client().get(path).text
        assert WHY in visitor
        assert not re.search(r"\bada\b", visitor)
    assert "ada" in scientist.get(MODELS).text


def test_the_list_of_versions_says_which_of_them_people_decided_about_and_why(
    scientist: FlaskClient, two: World
) -> None:
    assert "by the science team" not in scientist.get("/projects/plankton/model").text
    for version, why in ((2, WHY), (1, "No, they are not.")):
        send(scientist, f"{MODELS}/{version}", f"{MODELS}/{version}", why=why)
        work(two)
    page = scientist.get("/projects/plankton/model").text
    assert re.search(r"Version 2 was published anyway\s+by the science team on .*“Its corals are far better.”", page)
    assert re.search(r"Version 1 was put back\s+by the science team on .*“No, they are not.”", page)
    assert page.count("was put back") == 2, "the public version says so at its head, too"
    assert page.count("was published anyway") == 1


def test_without_a_reason_nothing_happens_and_what_was_typed_is_kept(scientist: FlaskClient, two: World) -> None:
    refused = send(scientist, f"{MODELS}/2", f"{MODELS}/2", why="so")
    assert refused.status_code == 400
    assert "Say why in 5 to 500 characters" in refused.text
    assert 'value="so"' in refused.text
    with reading(two.store) as session:
        assert not [job for job in jobs.latest_jobs(session) if job.kind is JobKind.SWITCH]


def test_the_public_version_cannot_be_made_public(scientist: FlaskClient, two: World) -> None:
    assert scientist.get(f"{MODELS}/1").status_code == 409
    assert send(scientist, f"{MODELS}/1", MODELS, why=WHY).status_code == 409


def test_freezing_and_thawing_are_told_with_who_and_why(scientist: FlaskClient, two: World) -> None:
    send(scientist, f"{MODELS}/freeze", MODELS, why="so")
    assert "Say why" in scientist.get(MODELS).text
    send(scientist, f"{MODELS}/freeze", MODELS, why="The gold is being mended.")
    assert "ada froze the public model" in scientist.get(MODELS).text
    assert scientist.get(f"{MODELS}/2").status_code == 409
    send(scientist, f"{MODELS}/freeze", MODELS, why="Once more.")
    assert "is frozen already" in scientist.get(MODELS).text
    send(scientist, f"{MODELS}/thaw", MODELS, why="It is mended.")
    assert [kind for kind, _, _ in log(two)[:2]] == [DecisionKind.THAWED, DecisionKind.FROZEN]
    assert "Freeze the public model" in scientist.get(MODELS).text


def test_a_switch_that_fails_is_told_where_it_was_asked_for(scientist: FlaskClient, two: World) -> None:
    send(scientist, f"{MODELS}/2", f"{MODELS}/2", why=WHY)
    (two.settings.models / "plankton" / "b" / "predictions.csv").unlink()
    assert work(two).state is JobState.FAILED
    assert "Version 2 could not become public" in scientist.get(MODELS).text
