"""What holds for every page: no barrier that axe can find, nothing from elsewhere, nothing broken or pushed aside."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from game.config import ROOT
from tests.browser.pages import furnish, visit_all
from tests.browser.player import DESK, PHONE, Size, begin_round, new_context, play_on
from tests.conftest import NOW
from tests.server import Server

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
FINDINGS = "axe.run().then(({violations}) => violations.map(({id, nodes}) => [id, nodes[0].html]))"
TOO_WIDE_PX = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONGEST = "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"


@pytest.fixture(scope="module")
def furnished(site: Server) -> Iterator[Server]:
    furnish(site, NOW)
    yield site


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_that_axe_can_find(browser: Browser, furnished: Server, size: Size, scheme: str) -> None:
    with new_context(browser, furnished, size, scheme=scheme) as context:
        page = context.new_page()
        found = {}
        for name in visit_all(page):
            page.evaluate(AXE)
            found[name] = page.evaluate(FINDINGS)
    assert {name: findings for name, findings in found.items() if findings} == {}
    assert len(found) > 25


@pytest.mark.slow
def test_no_page_asks_another_origin_breaks_its_own_policy_or_scrolls_sideways(
    browser: Browser, furnished: Server, size: Size
) -> None:
    with new_context(browser, furnished, size) as context:
        page = context.new_page()
        asked: set[str] = set()
        complaints: list[str] = []
        page.on("request", lambda request: asked.add(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        too_wide = [name for name in visit_all(page) if page.evaluate(TOO_WIDE_PX) > 0]
    assert [address for address in asked if not address.startswith(furnished.url)] == []
    assert [text for text in complaints if "404 (NOT FOUND)" not in text] == []
    assert too_wide == []


def test_the_longest_name_fits_everywhere(browser: Browser, site: Server, size: Size) -> None:
    with new_context(browser, site, size) as context:
        page = context.new_page()
        begin_round(page, "plankton")
        page.goto("/account")
        page.get_by_label("Name").fill(LONGEST[: 40 if size is PHONE else 39])
        page.get_by_role("button", name="Change the name").click()
        page.goto("/projects/plankton/play")
        page.get_by_role("button", name="Play now").click()
        page.wait_for_url("**/rounds/*")
        play_on(page)
        for path in (page.url, "/", "/account", "/account/delete", "/projects/plankton/leaderboard"):
            page.goto(path)
            assert page.evaluate(TOO_WIDE_PX) <= 0, path


def test_the_leaderboard_moves_while_others_play(browser: Browser, site: Server) -> None:
    with new_context(browser, site, DESK) as watching, new_context(browser, site, DESK) as playing:
        player = playing.new_page()
        begin_round(player, "plankton")
        player.goto("/account")
        name = player.get_by_role("heading", level=1).inner_text()
        watcher = watching.new_page()
        watcher.goto("/projects/plankton")
        with watcher.expect_websocket():
            watcher.goto("/projects/plankton/leaderboard")
        player.goto("/projects/plankton/play")
        player.get_by_role("button", name="Play now").click()
        player.wait_for_url("**/rounds/*")
        play_on(player)
        expect(watcher.locator(".standings").first).to_contain_text(name, timeout=10_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_reader_s_colours(browser: Browser, site: Server, scheme: str) -> None:
    with new_context(browser, site, DESK, scheme=scheme) as context:
        page = context.new_page()
        page.goto("/about")
        red = int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
    assert (red > 200) == (scheme == "light")


def test_the_tutorial_goes_step_by_step_and_can_be_skipped(page: Page) -> None:
    page.goto("/projects/moorea/tutorial")
    expect(page.locator("[data-step]:visible")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Step 2 of 5")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Step 1 of 5")).to_be_visible()
    page.get_by_role("button", name="Skip the tutorial").click()
    page.wait_for_url("**/rounds/*")
    page.goto("/projects/moorea/play")
    page.get_by_role("button", name="Play now").click()
    page.wait_for_url("**/rounds/*")
