"""The same pages with JavaScript off: plain forms, plain links."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.player import DESK, kept, new_context
from tests.server import Server


@pytest.fixture
def page(browser: Browser, site: Server) -> Iterator[Page]:
    with new_context(browser, site, DESK, scripts=False) as context:
        yield context.new_page()


def begin(page: Page) -> str:
    page.goto("/")
    page.get_by_role("button", name="Play now").click()
    assert page.locator("[data-step]:visible").count() == 5
    page.get_by_role("button", name="Start the round").click()
    return page.url.rsplit("/", 1)[-1]


def follow(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_a_whole_round_is_a_series_of_plain_forms(page: Page, site: Server) -> None:
    code = begin(page)
    n_lessons = 0
    while not page.url.endswith("/summary"):
        go_on = page.get_by_role("link", name="Continue")
        n_lessons += go_on.count()
        with page.expect_navigation():
            (go_on if go_on.count() else page.get_by_role("button", name="Algae-covered rock")).click()
    assert n_lessons == 2
    assert [answer.choice for answer in kept(site, code)] == ["algae"] * 10
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_abstaining_and_undo_are_plain_forms_too(page: Page, site: Server) -> None:
    code = begin(page)
    follow(page, "Can’t tell")
    while page.get_by_role("link", name="Continue").count():
        with page.expect_navigation():
            page.get_by_role("link", name="Continue").click()
        follow(page, "Can’t tell")
    count = page.locator("[data-part=count]").inner_text()
    follow(page, "Undo")
    expect(page.locator("[data-part=count]")).not_to_have_text(count)
    follow(page, "Bad image")
    assert [answer.abstention for answer in kept(site, code)][-2:] == ["cant_tell", "bad_image"]


def test_the_whole_quadrat_is_one_click_away(page: Page) -> None:
    begin(page)
    page.get_by_text("Zoom out").click()
    expect(page.locator("[data-part=place]")).to_be_visible()


def test_a_guest_signs_up_logs_out_and_in_and_leaves(page: Page) -> None:
    begin(page)
    page.goto("/account")
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Login").fill("octopus")
    page.get_by_label("Password").fill("eight arms")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_label("Name").fill("Eight Arms")
    page.get_by_role("button", name="Change the name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Eight Arms")
    page.get_by_role("button", name="Log out").click()
    page.goto("/login")
    page.get_by_label("Login").fill("octopus")
    page.get_by_label("Password").fill("eight legs")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Login or password is wrong.")
    expect(page.get_by_label("Login")).to_have_value("octopus")
    page.get_by_label("Password").fill("eight arms")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Eight Arms").click()
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is gone")
