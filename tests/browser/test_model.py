"""The public model's page, with everything on it opened: readable by anyone, wide enough for nothing to be cut off."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import furnish
from tests.browser.player import DESK, PHONE, Size, new_context
from tests.browser.test_pages import AXE, FINDINGS, TOO_WIDE_PX
from tests.conftest import NOW
from tests.server import Server

PAGE = "/projects/plankton/model"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true })"


@pytest.fixture(scope="module")
def furnished(site: Server) -> Iterator[Server]:
    furnish(site, NOW)
    yield site


def pictures_loaded(page: Page, of: str) -> bool:
    return bool(page.evaluate(f"[...document.querySelectorAll('{of} img')].every((one) => one.naturalWidth > 1)"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_all_numbers_open_there_is_no_barrier_and_nothing_scrolls_sideways(
    browser: Browser, furnished: Server, size: Size, scheme: str
) -> None:
    with new_context(browser, furnished, size, scheme=scheme) as context:
        page = context.new_page()
        page.goto(PAGE)
        page.evaluate(OPEN_ALL)
        page.evaluate(AXE)
        assert page.evaluate(FINDINGS) == []
        assert page.evaluate(TOO_WIDE_PX) <= 0


def test_the_gallery_opens_by_keyboard_and_shows_its_pictures(browser: Browser, furnished: Server) -> None:
    with new_context(browser, furnished, PHONE) as context:
        page = context.new_page()
        page.goto(PAGE)
        parts = page.locator(".exhibits")
        expect(parts.nth(1).locator("li").first).to_be_hidden()
        parts.nth(1).locator("summary").focus()
        page.keyboard.press("Enter")
        expect(parts.nth(1).locator("li").first).to_be_visible()
        parts.nth(1).locator("img").first.scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        assert pictures_loaded(page, ".exhibits[open]")


def test_without_scripts_the_page_says_the_same(browser: Browser, furnished: Server) -> None:
    told = []
    for scripts in (True, False):
        with new_context(browser, furnished, DESK, scripts=scripts) as context:
            page = context.new_page()
            page.goto(PAGE)
            told.append(page.locator(".model").inner_text())
    assert told[0] == told[1]
    assert "Does it keep its word?" in told[0]


def test_a_table_fades_where_more_is_to_be_scrolled_to(browser: Browser, furnished: Server, size: Size) -> None:
    """Each table as it is, and scrolled to its end: whether it is too wide, and whether its edges fade."""
    fading = """async () => {
      const fades = (table) => ['left', 'right'].map((edge) =>
        getComputedStyle(table).getPropertyValue(`--fade-${edge}`) !== '0px');
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const tables = [...document.querySelectorAll('.wide-table')];
      await frame();
      const before = tables.map(fades);
      tables.forEach((table) => { table.scrollLeft = 1e4; });
      await frame();
      return tables.map((table, n) => [table.scrollWidth > table.clientWidth, before[n], fades(table)]);
    }"""
    with new_context(browser, furnished, size) as context:
        page = context.new_page()
        page.goto(PAGE)
        page.evaluate(OPEN_ALL)
        found = page.evaluate(fading)
    assert any(too_wide for too_wide, _, _ in found) or size is DESK
    assert [one for one in found if one[1:] != [[False, one[0]], [one[0], False]]] == []


def test_no_word_of_a_picture_lies_upon_another(browser: Browser, furnished: Server, size: Size) -> None:
    """Words of the charts, each with its box as drawn."""
    overlap = """() => {
      const boxes = [...document.querySelectorAll('.curve, .chart svg')].map((svg) =>
        [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]));
      return boxes.flatMap((texts) => texts.flatMap(([one, a], place) => texts.slice(place + 1)
        .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map(([other]) => [one, other])));
    }"""
    with new_context(browser, furnished, size) as context:
        page = context.new_page()
        page.goto(PAGE)
        assert page.evaluate(overlap) == []
