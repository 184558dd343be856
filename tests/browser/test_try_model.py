"""The model in the page: it says what torch says, the picture goes nowhere, and without it there is the plain form."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from playwright.sync_api import Browser, Locator, Page, expect

from game.artifacts.images import keep_image
from game.levels import Project
from game.training.dataset import Point
from game.training.export import read_model
from game.training.fit import Request, fit
from tests.browser.player import DESK, PHONE, new_context
from tests.server import Server
from tests.small_model import publish_folder
from tests.training.conftest import quiet
from tests.training.releases import Reef, Release, believed

# Between torch here and onnxruntime in the browser, in probability.
TOLERANCE = 1e-3
PATIENCE_MS = 60_000
TURNED_LEFT = 6  # EXIF: what is stored must be turned to the right to stand upright.


@dataclass(frozen=True)
class Models:
    """Real ones, of points of quadrats and of whole pictures of plankton, published on a site."""

    site: Server
    moorea: Path
    plankton: Path


@pytest.fixture(scope="module")
def models(site: Server, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    reef = Reef(shared_data, folder / "images", quadrats=(0, 4, 5), n_gold=1, n_points=40)
    asked = [
        Request(reef.release(folder / "reef").write(), folder / "images", folder / "moorea", folder / "cache"),
        Request(
            _plankton(folder, site.world.projects["plankton"]), folder / "images", folder / "sea", folder / "cache"
        ),
    ]
    for slug, request in zip(("moorea", "plankton"), asked, strict=True):
        fit(request, quiet())
        publish_folder(site.world.store, site.world.settings, slug, request.out)
    return Models(site, *(request.out for request in asked))


def _plankton(folder: Path, project: Project) -> Path:
    labels = tuple((label.code, label.name, "") for label in project.labels)
    release = Release(folder / "release", labels, about={"subject_kind": "image", "groups": []})
    assert project.package
    codes = [code for code, _, _ in labels]
    for place, gold in enumerate(project.gold[::3]):
        content = project.package.path(gold.file).read_bytes()
        stored = keep_image(folder / "images", content).sha256
        subject = {"subject": f"{place:012x}", "image": stored, "name": gold.file}
        release.subjects.append(subject)
        if place % 3 == 0:
            release.gold.append({"subject": subject["subject"], "label": gold.label, "use": "hidden"})
        else:
            p = np.where(np.array(codes) == gold.label, 0.9, 0.1 / (len(codes) - 1))
            release.consensus.append(believed(subject, p, codes))
    return release.write()


@pytest.fixture
def page(browser: Browser, models: Models) -> Iterator[Page]:
    with new_context(browser, models.site, DESK) as context:
        yield context.new_page()


def choose(page: Page, slug: str, content: bytes, name: str = "mine.jpg") -> None:
    page.goto(f"/projects/{slug}/model")
    page.locator("#picture").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    expect(page.locator("[data-part=result]")).to_be_visible(timeout=PATIENCE_MS)


def said(page: Page) -> list[tuple[str, float]]:
    """What the page shows, best first: names, and p as it was computed."""
    lines: list[Locator] = page.locator(".guesses li").all()
    return [
        (line.locator("span").inner_text(), line.locator("progress").evaluate("bar => bar.value")) for line in lines
    ]


def torch_says(model: Path, content: bytes, point: Point | None) -> list[tuple[str, float]]:
    opened = read_model(model)
    p = opened(content, point)
    return sorted(zip((label.name for label in opened.labels), map(float, p), strict=True), key=lambda pair: -pair[1])


def assert_same(shown: list[tuple[str, float]], wanted: list[tuple[str, float]]) -> None:
    assert len(shown) == 3
    assert shown[0][0] == wanted[0][0]
    known = dict(wanted)
    assert all(abs(p - known[name]) <= TOLERANCE for name, p in shown), (shown, wanted)


def quadrats(shared_data: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((shared_data / "moorea_quadrats").glob("*.jpg"))[:3]]


@pytest.mark.slow
def test_the_browser_says_of_whole_pictures_what_torch_says(page: Page, models: Models, shared_data: Path) -> None:
    project = models.site.world.projects["plankton"]
    assert project.package
    package = project.package
    corals = sorted((shared_data / "koh_tao").rglob("*.jpg"))[::200][:3]
    contents = [package.path(file).read_bytes() for file in project.subjects[::40]]
    for content in (*contents, *(file.read_bytes() for file in corals), quadrats(shared_data)[0]):
        choose(page, "plankton", content)
        assert_same(said(page), torch_says(models.plankton, content, None))


@pytest.mark.slow
def test_the_browser_says_of_points_what_torch_says(page: Page, models: Models, shared_data: Path) -> None:
    for content in quadrats(shared_data):
        choose(page, "moorea", content)
        with Image.open(BytesIO(content)) as image:
            width, height = image.size
        assert_same(said(page), torch_says(models.moorea, content, (height // 2, width // 2)))
        for x, y in ((0.3, 0.4), (0.99, 0.01)):
            assert_same(*tap(page, models, content, (x, y), (int(y * height), int(x * width))))


def tap(
    page: Page, models: Models, content: bytes, at: tuple[float, float], near: Point
) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Taps the picture there; returns what is said of the point, which must be near to where it should be, twice."""
    canvas = page.locator("[data-part=canvas]")
    box = canvas.bounding_box()
    assert box
    before = page.locator(".guesses").inner_html()
    canvas.click(position={"x": at[0] * box["width"], "y": at[1] * box["height"]}, force=True)
    expect(page.locator(".guesses")).not_to_have_js_property("innerHTML", before)
    point = told_point(page)
    assert max(abs(point[0] - near[0]), abs(point[1] - near[1])) <= 6
    return said(page), torch_says(models.moorea, content, point)


def told_point(page: Page) -> Point:
    words = page.locator("[data-part=place]").inner_text().rstrip(".").replace(",", "").split()
    return int(words[1]), int(words[3])


@pytest.mark.slow
def test_a_picture_that_a_camera_turned_is_shown_upright_and_judged_as_it_is_stored(
    page: Page, models: Models, shared_data: Path
) -> None:
    content = turned(quadrats(shared_data)[1])
    choose(page, "moorea", content)
    expect(page.locator("[data-part=turned-words]")).to_be_visible()
    shape = page.locator("[data-part=canvas]").evaluate("canvas => canvas.width / canvas.height")
    assert shape == pytest.approx(900 / 1200, abs=0.01)
    assert_same(said(page), torch_says(models.moorea, content, (450, 600)))
    # Upright a fifth from the left and a tenth from the top: stored a fifth from the bottom and a tenth from the left.
    assert_same(*tap(page, models, content, (0.2, 0.1), (720, 120)))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_neither_turning_nor_profiles_change_what_is_seen(
    page: Page, models: Models, shared_data: Path, form: str
) -> None:
    content = turned(quadrats(shared_data)[1], form)
    choose(page, "plankton", content)
    expect(page.locator("[data-part=turned-words]")).to_be_visible()
    assert_same(said(page), torch_says(models.plankton, content, None))


def turned(content: bytes, form: str = "JPEG") -> bytes:
    """1,200 × 900 pixels, stored lying on the side, with a profile by which red and blue change places."""
    exif = Image.Exif()
    exif[0x0112] = TURNED_LEFT
    made = BytesIO()
    with Image.open(BytesIO(content)) as image:
        image.crop((0, 0, 1200, 900)).save(made, form, quality=92, exif=exif, icc_profile=red_for_blue())
    return made.getvalue()


def red_for_blue() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"-XYZ").replace(b"bXYZ", b"rXYZ").replace(b"-XYZ", b"bXYZ")


@pytest.mark.slow
def test_the_point_moves_by_keyboard(page: Page, models: Models, shared_data: Path) -> None:
    choose(page, "moorea", quadrats(shared_data)[0])
    row, column = told_point(page)
    page.locator("[data-part=stage]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowDown")
    assert told_point(page) == (row - 15 + 100, column + 15)
    for _ in range(12):
        page.keyboard.press("Shift+ArrowLeft")
    assert told_point(page)[1] == 0


@pytest.mark.slow
def test_the_picture_goes_nowhere_and_nothing_large_comes_unasked(browser: Browser, models: Models) -> None:
    project = models.site.world.projects["plankton"]
    assert project.package
    content = project.package.path(project.subjects[0]).read_bytes()
    with new_context(browser, models.site, PHONE) as context:
        page = context.new_page()
        asked: list[tuple[str, str]] = []
        complaints: list[str] = []
        context.on("request", lambda request: asked.append((request.method, request.url)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/projects/plankton/model")
        page.wait_for_load_state("networkidle")
        assert not [url for _, url in asked if "wasm" in url or "onnx" in url]
        expect(page.get_by_text("Take a photo")).to_be_visible()
        choose(page, "plankton", content)
        assert {method for method, _ in asked} == {"GET"}
        assert [url for _, url in asked if not url.startswith(models.site.url)] == []
        assert complaints == []


@pytest.mark.slow
def test_where_the_model_cannot_run_the_form_sends_picture_and_point(
    page: Page, models: Models, shared_data: Path
) -> None:
    page.route("**/*.wasm.deflate", lambda route: route.abort())
    page.goto("/projects/moorea/model")
    picture = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": quadrats(shared_data)[0]}
    page.locator("#picture").set_input_files(picture)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent", timeout=PATIENCE_MS)
    page.get_by_role("button", name="What is it?").click()
    expect(page.get_by_role("heading", name="The model is looking")).to_be_visible()


@pytest.mark.slow
def test_what_is_no_picture_is_said_in_words(page: Page, models: Models) -> None:
    page.goto("/projects/plankton/model")
    page.locator("#picture").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.get_by_role("alert")).to_contain_text("cannot read this picture")
