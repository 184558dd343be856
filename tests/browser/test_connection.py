"""A bad line: the socket cut, acknowledgements lost, no network at all. Every answer arrives, and arrives once."""

import json
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.player import DESK, all_sent, at_picture, begin_round, eventually, kept, new_context, play_on
from tests.server import Server

EVENT = "42"
# Far below any time-out of the player; above what a loaded machine needs to draw a picture it has.
NO_WAIT_MS = 1_000
# News is told at most once a second; a socket tries to be back every eight seconds at the least.
SETTLED_MS, BACK_WITHIN_MS = 2_000, 40_000


class Line:
    """What lies between the browser's sockets and the server's."""

    def __init__(self, page: Page) -> None:
        self.cut = False
        self.refuses = False
        self.loses_acknowledgements = False
        self.n_classify = self.n_refused = 0
        self.n_opened = 0
        self._open: list[WebSocketRoute] = []
        page.route_web_socket("**/socket.io/**", self._connect)

    def break_off(self) -> None:
        self.cut = True
        for socket in self._open:
            socket.close()

    def wait_until_opened(self, page: Page) -> None:
        """And in the project's room."""
        while not self.n_opened:
            page.wait_for_timeout(40)

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.cut:
            socket.close()
            return
        if self.refuses:
            self._refuse(socket)
            return
        server = socket.connect_to_server()
        self._open.append(socket)
        socket.on_message(lambda message: self._sent(server, message))
        server.on_message(lambda message: self._came(socket, message))

    def _refuse(self, socket: WebSocketRoute) -> None:
        """As a server does whose database is away: it opens the line, and then lets nobody in."""
        opened = {"sid": "1", "upgrades": [], "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 16_000}
        socket.on_message(lambda _message: socket.send('44{"message":"Nothing can be kept at this moment."}'))
        socket.send(f"0{json.dumps(opened)}")
        self.n_refused += 1

    def _sent(self, server: WebSocketRoute, message: str | bytes) -> None:
        self.n_classify += '"classify"' in str(message)
        server.send(message)

    def _came(self, socket: WebSocketRoute, message: str | bytes) -> None:
        self.n_opened += str(message).startswith("40")
        if not (self.loses_acknowledgements and str(message).startswith("43")):
            socket.send(message)


def live(page: Page) -> None:
    expect(page.locator("[data-part=connection]")).to_have_attribute("data-state", "live")


def test_answers_travel_over_the_socket_while_there_is_one(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    live(page)
    play_on(page)
    assert line.n_classify == 10
    assert len(kept(site, code)) == 10


def test_answers_arrive_once_each_when_the_socket_is_cut_in_mid_round(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    live(page)
    at_picture(page, 1)
    page.keyboard.press("1")
    at_picture(page, 2)
    line.break_off()
    expect(page.locator("[data-part=connection]")).to_contain_text("No live connection")
    play_on(page)
    answers = kept(site, code)
    assert len(answers) == 10
    assert len({answer.key for answer in answers}) == 10


def test_a_socket_that_was_refused_comes_back_by_itself(page: Page, site: Server) -> None:
    line = Line(page)
    line.refuses = True
    begin_round(page)
    expect(page.locator("[data-part=connection]")).to_contain_text("No live connection")
    assert line.n_refused
    line.refuses = False
    expect(page.locator("[data-part=connection]")).to_have_attribute("data-state", "live", timeout=20_000)


def test_an_answer_whose_acknowledgement_is_lost_is_sent_again_and_kept_once(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    live(page)
    line.loses_acknowledgements = True
    at_picture(page, 1)
    with page.expect_request("**/classifications") as posted:
        page.keyboard.press("1")
    fields = str(posted.value.post_data)
    expect(page.locator("[data-part=count]")).to_contain_text("Picture 2 of")
    all_sent(page)
    assert line.n_classify == 1
    assert [answer.key in fields for answer in kept(site, code)] == [True]


def test_offline_the_round_goes_on_and_its_answers_follow_later(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    live(page)
    _all_pictures_loaded(page)
    line.break_off()
    page.context.set_offline(True)
    for n in range(1, 10):
        at_picture(page, n, offline=True)
        page.keyboard.press("2")
    at_picture(page, 10, offline=True)
    expect(page.locator("[data-part=connection]")).to_contain_text("Offline: your answers are kept on this device")
    expect(page.locator("[data-part=connection]")).to_contain_text("9")
    assert kept(site, code) == []
    line.cut = False
    page.context.set_offline(False)
    all_sent(page)
    answers = kept(site, code)
    assert len(answers) == len({answer.key for answer in answers}) == 9


def test_answers_of_a_closed_page_are_sent_by_the_next_one(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    line.break_off()
    page.route("**/classifications", lambda route: route.abort())
    at_picture(page, 1)
    page.keyboard.press("1")
    at_picture(page, 2, offline=True)
    next_page = page.context.new_page()
    page.close()
    assert kept(site, code) == []
    with next_page.expect_response("**/classifications"):
        next_page.goto("/about")
    all_sent(next_page)
    assert len(kept(site, code)) == 1


def test_the_next_picture_waits_for_no_network(page: Page) -> None:
    """The server says nothing at all from here on."""
    line = Line(page)
    begin_round(page)
    _all_pictures_loaded(page)
    line.break_off()
    silent: list[Route] = []
    page.route("**/*", lambda route: silent.append(route))
    for n in range(1, 4):
        at_picture(page, n, offline=True)
        before = page.locator("[data-part=picture]").get_attribute("src")
        page.keyboard.press("1")
        expect(page.locator("[data-part=picture]")).not_to_have_attribute("src", str(before), timeout=NO_WAIT_MS)
    assert not [route.request.url for route in silent if ".jpg" in route.request.url]
    assert len(json.loads(page.evaluate("localStorage.getItem('fathom.answers')"))) == 3


def test_an_answer_that_the_server_refuses_is_told_and_stops_nothing(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    line.break_off()
    refusal = {"error": {"code": "conflict", "message": "This picture has your answer already."}}
    page.route("**/classifications", lambda route: route.fulfill(status=409, json=refusal))
    at_picture(page, 1)
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("This picture has your answer already.")
    page.unroute("**/classifications")
    at_picture(page, 2)
    page.keyboard.press("1")
    at_picture(page, 3)
    assert len(kept(site, code)) == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [("/projects/plankton/leaderboard?period=all", ".standings"), ("/projects/plankton", "live-progress p")],
)
def test_what_was_told_while_the_socket_was_away_is_there_when_it_is_back(
    browser: Browser, site: Server, path: str, told: str
) -> None:
    """Whoever listened all the time says when it was told; nothing more is told afterwards."""
    with ExitStack() as stack:
        early, late, watching = (stack.enter_context(new_context(browser, site, DESK)) for _ in range(3))
        play_round(early.new_page())
        away, here = watching.new_page(), watching.new_page()
        lines = [Line(page) for page in (away, here)]
        for page, line in zip((away, here), lines, strict=True):
            page.goto(path)
            line.wait_until_opened(page)
        before = away.locator(told).first.inner_text()
        lines[0].break_off()
        play_round(late.new_page())
        expect(here.locator(told).first).not_to_have_text(before, use_inner_text=True)
        here.wait_for_timeout(SETTLED_MS)
        assert away.locator(told).first.inner_text() == before
        lines[0].cut = False
        now = here.locator(told).first.inner_text()
        expect(away.locator(told).first).to_have_text(now, use_inner_text=True, timeout=BACK_WITHIN_MS)


def test_what_was_answered_elsewhere_while_the_socket_was_away_is_not_asked_again(page: Page, site: Server) -> None:
    line = Line(page)
    code = begin_round(page)
    live(page)
    at_picture(page, 1)
    line.break_off()
    elsewhere = page.context.new_page()
    elsewhere.goto(page.url)
    for n in range(1, 4):
        at_picture(elsewhere, n)
        elsewhere.keyboard.press("1")
    at_picture(elsewhere, 4)
    expect(page.locator("[data-part=count]")).to_contain_text("Picture 1 of")
    line.cut = False
    expect(page.locator("[data-part=count]")).to_contain_text("Picture 4 of", timeout=BACK_WITHIN_MS)
    play_on(elsewhere)
    line.break_off()
    line.cut = False
    page.wait_for_url("**/summary", timeout=BACK_WITHIN_MS)
    assert len(kept(site, code)) == 10


def play_round(page: Page) -> None:
    begin_round(page, "plankton")
    play_on(page)


def _all_pictures_loaded(page: Page) -> None:
    eventually(
        page,
        "JSON.parse(document.querySelector('round-player').dataset.round).subjects.every(subject =>"
        " performance.getEntriesByName(new URL(subject.image, location).href).length)",
    )
