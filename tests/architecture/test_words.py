"""Every word on a page can be translated: none stands in a template outside of gettext."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from game.config import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
# A block that only names a class of the style sheet.
CLASSES = re.compile(r"\{% block \w*class %\}[\w -]*\{% endblock %\}")
SPOKEN = {"alt", "title", "placeholder", "aria-label", "aria-description"}
FILE_NAME = re.compile(r"[A-Za-z_]+\.(csv|md|json|safetensors)")
# Names and signs that are the same in every language.
NAMES = {"fathom", "Fathom", "· Fathom", "CSV", "JSON", "SHA-256", "Z", "U", "B", "Enter"}


class Words(HTMLParser):
    """Collects what a browser would show or read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self._take(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN and value:
                self._take(value)

    def _take(self, text: str) -> None:
        for line in text.split("\n"):
            if re.search(r"[^\W\d_]{2}", line) and line.strip() not in NAMES and not FILE_NAME.fullmatch(line.strip()):
                self.found.append(line.strip())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_goes_through_gettext(template: Path) -> None:
    words = Words()
    words.feed(JINJA.sub("", CLASSES.sub("", template.read_text())))
    assert words.found == []


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 10
