"""A person at the browser: how she begins a round, answers, and what the server has kept of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import select

from game.store import reading
from game.store.tables import Classification, Round
from tests.server import Server

PATIENCE_MS = 15_000
POLL_MS = 40
# What a round is waiting at: a picture, a lesson, or the summary.
STEP = "[data-part=answers]:visible, [data-part=lesson]:visible, .surfaced"


@dataclass(frozen=True)
class Size:
    width_px: int
    height_px: int
    touch: bool


PHONE = Size(390, 844, touch=True)
DESK = Size(1280, 800, touch=False)


@contextmanager
def new_context(
    browser: Browser, site: Server, size: Size, *, scheme: str = "light", scripts: bool = True
) -> Iterator[BrowserContext]:
    """Somebody new. Animations are off, so that what is measured is the page and not its manners."""
    opened = browser.new_context(
        base_url=site.url,
        viewport={"width": size.width_px, "height": size.height_px},
        has_touch=size.touch,
        is_mobile=size.touch,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


def begin_round(page: Page, project: str = "moorea") -> str:
    """From the project's page through the tutorial, skipped, into a round; returns its code."""
    page.goto(f"/projects/{project}/play")
    page.get_by_role("button", name="Play now").click()
    page.get_by_role("button", name="Skip the tutorial").click()
    page.wait_for_url("**/rounds/*")
    return page.url.rsplit("/", 1)[-1]


def at_picture(page: Page, n: int, *, offline: bool = False) -> None:
    """Waits until the n-th picture is to be judged, reading on past what experts explain."""
    lesson = page.get_by_role("button", name="Continue")
    if not offline:
        all_sent(page)
    settled(page)
    if lesson.is_visible():
        lesson.click()
    expect(page.locator("[data-part=count]")).to_contain_text(f"Picture {n} of")
    expect(page.locator("[data-part=answers]")).to_be_visible()


def play_on(page: Page, key: str = "1", until: Locator | None = None) -> None:
    """Answers with a key until the summary, or something else, is there."""
    lesson = page.locator("[data-part=lesson]")
    while True:
        expect(page.locator(STEP).first).to_be_visible(timeout=PATIENCE_MS)
        if page.url.endswith("/summary") or (until is not None and until.is_visible()):
            return
        page.keyboard.press("Enter" if lesson.is_visible() else key)
        settled(page)


def settled(page: Page) -> None:
    """Waits until the picture that was answered has gone."""
    expect(page.locator("[data-sinking]")).to_have_count(0)


def eventually(page: Page, true: str) -> None:
    """Waits for an expression. Playwright's own way would need eval, which the pages' policy forbids."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(true):
        assert time.monotonic() < deadline, f"Never true: {true}"
        page.wait_for_timeout(POLL_MS)


def all_sent(page: Page) -> None:
    """Waits until no answer waits in the browser any more."""
    eventually(page, "!JSON.parse(localStorage.getItem('fathom.answers') ?? '[]').length")


@dataclass(frozen=True)
class Kept:
    """A classification of a round as the database has it."""

    key: str
    choice: str | None
    abstention: str | None


def kept(site: Server, round_code: str) -> list[Kept]:
    """In the order in which they came; those that were taken back are among them."""
    rows = select(Classification.key, Classification.choice, Classification.abstention).join(
        Round, Round.id == Classification.round_id
    )
    with reading(site.world.store) as session:
        found = session.execute(rows.where(Round.code == round_code).order_by(Classification.id))
        return [Kept(*row) for row in found]
