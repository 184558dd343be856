"""What templates may use beyond Jinja's own: markdown, numbers and dates in words, pictures, who is asking."""

from datetime import datetime
from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import format_datetime, format_decimal, format_percent, get_babel, get_locale
from markdown_it import MarkdownIt
from markupsafe import Markup

from game.artifacts.images import Size
from game.errors import Unavailable
from game.levels import Project
from game.play.rounds import ShownSubject
from game.play.showcase import Picture
from game.science.gallery import Exhibit
from game.web.context import current_account
from game.web.images import image_url, patch_url

# HTML in a project's texts is shown as text: what a scientist writes must not run in a volunteer's browser.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
_UNITS = ("B", "kB", "MB", "GB")


def prepare_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        markdown=markdown,
        size=size,
        day=day,
        moment=moment,
        number=format_decimal,
        percent=percent,
        fine_percent=fine_percent,
    )
    app.jinja_env.globals.update(picture_url=picture_url, image_url=image_url, get_locale=get_locale)
    app.context_processor(_who)


def wanted_locale() -> str | None:
    """The first language of the browser's that has a translation; None, which is English, without a request."""
    if not has_request_context():
        return None
    return request.accept_languages.best_match([str(one) for one in get_babel().instance.list_translations()])


def markdown(text: str, below: int = 0) -> Markup:
    """`below`: the level of the heading that the text stands under, its own go deeper."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(int(token.tag[1:]) + below, 6)}"
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def size(n_bytes: int) -> str:
    """Bytes in the largest unit that leaves a number of at least 1."""
    amount, unit = float(n_bytes), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{format_decimal(round(amount, 1 if unit else 0))} {_UNITS[unit]}"


def day(instant: datetime) -> str:
    return str(format_datetime(instant, "d MMMM y"))


def moment(instant: datetime) -> str:
    return str(format_datetime(instant, "d MMM y, HH:mm 'UTC'"))


def percent(share: float) -> str:
    return str(format_percent(share, "#,##0\N{NO-BREAK SPACE}%"))


def fine_percent(share: float) -> str:
    """Close to certainty a tenth of a percent makes a difference."""
    return str(format_percent(share, "#,##0.#\N{NO-BREAK SPACE}%"))


def picture_url(project: Project, picture: Picture | ShownSubject | Exhibit) -> str:
    """What is judged: the image, or the patch around its point."""
    if picture.row is None or picture.column is None:
        return image_url(picture.sha256, Size.SMALL)
    return patch_url(project, picture.sha256, picture.row, picture.column)


def _who() -> dict[str, Any]:
    """Nobody, where it cannot be looked up: the page that says so must still come up."""
    try:
        return {"account": current_account()}
    except Unavailable:
        return {"account": None}
