"""A round in the browser: by keyboard, by touch, with undo, and what experts explain."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.player import PHONE, STEP, all_sent, at_picture, begin_round, kept, new_context, play_on, settled
from tests.server import Server


def test_a_whole_round_can_be_played_by_keyboard_alone(page: Page, site: Server) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("button", name="Play now").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tutorial")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Start the round").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rounds/*")
    code = page.url.rsplit("/", 1)[-1]
    play_on(page, "2")
    assert len(kept(site, code)) == 10
    expect(page.get_by_role("button", name="One more round")).to_be_visible()


def test_a_whole_round_can_be_played_by_touch_without_scrolling(browser: Browser, site: Server) -> None:
    with new_context(browser, site, PHONE) as context:
        page = context.new_page()
        code = begin_round(page)
        last = page.get_by_role("button", name="Bad image")
        box = last.bounding_box()
        assert box and box["y"] + box["height"] <= PHONE.height_px
        for n in range(1, 11):
            at_picture(page, n)
            page.locator("button.choice").nth(n % 3).tap()
        lesson = page.locator("[data-part=lesson]")
        expect(page.locator("[data-part=lesson]:visible, .surfaced").first).to_be_visible()
        if lesson.is_visible():
            lesson.get_by_role("button").tap()
        page.wait_for_url("**/summary")
        assert len(kept(site, code)) == 10


def test_keys_are_the_choices_and_the_honest_ways_out(page: Page, site: Server) -> None:
    code = begin_round(page)
    for n, key in enumerate("123", start=1):
        at_picture(page, n)
        page.keyboard.press(key)
    at_picture(page, 4)
    page.keyboard.press("0")
    at_picture(page, 5)
    page.keyboard.press("b")
    at_picture(page, 6)
    answers = kept(site, code)
    assert [answer.choice for answer in answers[:3]] == ["hard-coral", "algae", "soft-substrate"]
    assert [answer.abstention for answer in answers[3:]] == ["cant_tell", "bad_image"]


def test_a_key_that_is_no_answer_answers_nothing(page: Page, site: Server) -> None:
    code = begin_round(page)
    for key in ("4", "9", "x", "Control+1", "Enter"):
        page.keyboard.press(key)
    at_picture(page, 1)
    assert kept(site, code) == []


def test_the_last_answer_can_be_taken_back_and_given_anew(page: Page, site: Server) -> None:
    code = begin_round(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    n = _answer_until_no_lesson(page)
    before = page.locator("[data-part=picture]").get_attribute("src")
    page.keyboard.press("u")
    expect(page.locator("[data-part=count]")).to_contain_text(f"Picture {n} of")
    expect(page.locator("[data-part=picture]")).not_to_have_attribute("src", str(before))
    page.keyboard.press("3")
    at_picture(page, n + 1)
    assert [answer.choice for answer in kept(site, code)][-2:] == ["hard-coral", "soft-substrate"]


def _answer_until_no_lesson(page: Page) -> int:
    """Answers to subjects that teach stay; returns how many answers it took until one can be taken back."""
    lesson = page.locator("[data-part=lesson]")
    for n in range(1, 10):
        at_picture(page, n)
        page.keyboard.press("1")
        all_sent(page)
        settled(page)
        if not lesson.is_visible():
            return n
        page.keyboard.press("Enter")
    raise AssertionError("Every subject of the round explained itself.")


def test_teaching_gold_explains_itself_and_waits_to_be_read(page: Page) -> None:
    """Two subjects of everybody's first round teach."""
    begin_round(page)
    lesson = page.locator("[data-part=lesson]")
    n_lessons = 0
    while True:
        expect(page.locator(STEP).first).to_be_visible()
        if page.url.endswith("/summary"):
            break
        if lesson.is_visible():
            n_lessons += 1
            expect(lesson.get_by_role("heading")).to_contain_text(": ")
            expect(lesson.get_by_role("button", name="Continue")).to_be_focused()
            expect(page.locator("[data-part=answers]")).to_be_hidden()
            page.keyboard.press("1")
            expect(lesson).to_be_visible()
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        settled(page)
    assert n_lessons == 2


def test_zooming_out_shows_the_whole_quadrat_with_the_place_marked(page: Page) -> None:
    begin_round(page)
    whole = page.locator(".whole-picture img")
    expect(whole).to_be_hidden()
    page.keyboard.press("z")
    expect(whole).to_be_visible()
    subject = page.evaluate("JSON.parse(document.querySelector('round-player').dataset.round).subjects[0]")
    assert page.locator("[data-part=place]").get_attribute("cx") == str(subject["point"]["column"])
    assert page.locator("[data-part=place]").get_attribute("cy") == str(subject["point"]["row"])
    page.keyboard.press("z")
    expect(whole).to_be_hidden()


def test_a_round_that_was_left_goes_on_where_it_was(page: Page) -> None:
    begin_round(page)
    at_picture(page, 1)
    page.keyboard.press("1")
    at_picture(page, 2)
    page.get_by_role("link", name="Leave").click()
    page.get_by_role("button", name="Play now").click()
    page.wait_for_url("**/rounds/*")
    expect(page.locator("[data-part=count]")).to_contain_text("Picture 2 of 10")
