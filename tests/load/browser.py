"""What a person in Chromium waits for: the next picture after an answer, and the leaderboard after a round.

python -m tests.load.browser ADDRESS ROUNDS [alone]
"""

import shutil
import sys
from collections.abc import Sequence

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.player import PATIENCE_MS, STEP, settled
from tests.load.measure import quantiles
from tests.load.place import SLUG

POLL_MS = 50
MOST_POLLS = 100
LOOKING_MS = 800
# Pictures and lessons of a round, and more: who is never done is stuck.
MOST_STEPS = 60

# A key that means nothing here: what the browser itself takes from a key to a frame.
NO_KEY = "Shift"

# Counts from the key that was pressed to the frame after the one in which another picture stands on the stage.
_WATCH_PICTURES = """
    let pressed = null, picture = null;
    const framed = (list, since) => requestAnimationFrame(() => setTimeout(() => {
      sessionStorage[list] = `${sessionStorage[list] ?? ""} ${performance.now() - since}`;
    }));
    addEventListener("keydown", (event) => {
      if (event.key === "NO_KEY") return framed("frame_ms", event.timeStamp);
      pressed = event.timeStamp;
      sessionStorage.pressed = performance.timeOrigin + event.timeStamp;
    }, true);
    new MutationObserver(() => {
      const found = document.querySelector("[data-part=picture]");
      if (!found || found === picture) return;
      picture = found;
      const since = pressed;
      pressed = null;
      const list = document.querySelector("round-player[data-teaches]") ? "taught_ms" : "waited_ms";
      if (since !== null) framed(list, since);
    }).observe(document, { childList: true, subtree: true });
""".replace("NO_KEY", NO_KEY)
_WATCH_LEADERBOARD = """
    window.moved_at = [];
    new MutationObserver((changes) => {
      if (changes.some((change) => change.target.closest?.("live-leaderboard")))
        moved_at.push(performance.timeOrigin + performance.now());
    }).observe(document, { childList: true, subtree: true });
"""


def main(address: str, n_rounds: int, *, alone: bool) -> None:
    """`alone`: nobody else moves the leaderboard, so that what it waits for can be told."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
        player, watcher = context.new_page(), context.new_page()
        player.add_init_script(_WATCH_PICTURES)
        watcher.add_init_script(_WATCH_LEADERBOARD)
        boards_s = []
        for n in range(n_rounds):
            # A page behind another is drawn late.
            player.bring_to_front()
            _begin(player, first=n == 0)
            _play(player)
            if alone and n:
                boards_s.append(_leaderboard_waited(player, watcher))
            elif alone:
                # Before the first round there is no leaderboard to be seen.
                watcher.goto(f"/projects/{SLUG}/leaderboard")
        # Where experts may have something to say of an answer, the player waits a moment for it.
        kept = {
            "a frame after any key": "frame_ms",
            "next, where some teach": "taught_ms",
            "the next picture": "waited_ms",
        }
        lines = [quantiles(title, _waited(player, name)) for title, name in kept.items()]
        browser.close()
    sys.stdout.write("\n".join(lines) + "\n")
    if alone:
        sys.stdout.write(quantiles("the leaderboard", boards_s) + "\n")


def _begin(page: Page, *, first: bool) -> None:
    page.goto(f"/projects/{SLUG}/play")
    page.get_by_role("button", name="Play now").click()
    if first:
        page.get_by_role("button", name="Skip the tutorial").click()
    page.wait_for_url("**/rounds/*")
    expect(page.locator("[data-part=answers]")).to_be_visible(timeout=PATIENCE_MS)


def _play(page: Page) -> None:
    """A round, by keyboard, at the pace of somebody who looks."""
    lesson = page.locator("[data-part=lesson]")
    for _ in range(MOST_STEPS):
        expect(page.locator(STEP).first).to_be_visible(timeout=PATIENCE_MS)
        if page.url.endswith("/summary"):
            return
        expect(page.locator("[data-part=wait]")).to_be_hidden(timeout=PATIENCE_MS)
        page.wait_for_timeout(LOOKING_MS / 2)
        page.keyboard.press(NO_KEY)
        page.wait_for_timeout(LOOKING_MS / 2)
        page.keyboard.press("Enter" if lesson.is_visible() else "1")
        settled(page)
    raise AssertionError("The round never ended: are the packages of the pages there?")


def _waited(page: Page, kept: str) -> list[float]:
    """Seconds that were waited for; the first picture of a round is there with its page."""
    return [float(each) / 1000 for each in page.evaluate(f"sessionStorage.{kept} ?? ''").split()]


def _leaderboard_waited(player: Page, watcher: Page) -> float:
    """Seconds from the last answer until the leaderboard on another page had moved."""
    pressed_at = float(player.evaluate("sessionStorage.pressed"))
    for _ in range(MOST_POLLS):
        moved: Sequence[float] = watcher.evaluate("window.moved_at")
        after = [at for at in moved if at > pressed_at]
        if after:
            return (after[0] - pressed_at) / 1000
        watcher.wait_for_timeout(POLL_MS)
    raise AssertionError("The leaderboard never moved.")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), alone="alone" in sys.argv[3:])
