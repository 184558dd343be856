"""Pages speak the reader's language as soon as there is a translation."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask.testing import FlaskClient

GERMAN = {"Choose your dive": "Wähle deinen Tauchgang", "There is no project “%(slug)s”.": "Kein Projekt „%(slug)s“."}


@pytest.fixture
def translated(client: FlaskClient, tmp_path: Path) -> FlaskClient:
    catalogue = Catalog(locale="de")
    for english, german in GERMAN.items():
        catalogue.add(english, german)
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    client.application.extensions["babel"].translation_directories[:] = [str(tmp_path)]
    return client


def test_a_page_and_an_error_are_translated(translated: FlaskClient) -> None:
    german = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
    assert "Wähle deinen Tauchgang" in translated.get("/", headers=german).text
    assert "Kein Projekt „nope“." in translated.get("/projects/nope", headers=german).text


def test_a_language_without_a_translation_is_english(translated: FlaskClient) -> None:
    assert "Choose your dive" in translated.get("/", headers={"Accept-Language": "fi"}).text
