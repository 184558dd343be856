"""Pictures at the door."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image

from game.artifacts.images import Size
from game.levels import Project
from game.play.rounds import ShownSubject
from game.web.images import FOR_EVER, image_url, patch_url, pictures
from tests.world import Where, World


@pytest.fixture
def point(world: World) -> Where:
    return next(where for where in world.truth if where[1] is not None)


@pytest.fixture
def reef(world: World) -> Project:
    return world.projects["moorea"]


def test_a_picture_comes_small_and_full(client: FlaskClient, point: Where) -> None:
    small, full = (client.get(image_url(point[0], size)) for size in Size)
    assert max(Image.open(BytesIO(small.data)).size) == 512
    assert max(Image.open(BytesIO(full.data)).size) == 1200
    assert small.mimetype == full.mimetype == "image/jpeg"


def test_a_patch_has_its_point_in_the_middle(client: FlaskClient, world: World, point: Where, reef: Project) -> None:
    sha256, row, column = point
    assert row is not None
    assert column is not None
    patch = Image.open(BytesIO(client.get(patch_url(reef, sha256, row, column)).data))
    assert patch.size == (reef.patch_px, reef.patch_px)
    stored = Image.open(world.settings.images / sha256[:2] / sha256).convert("RGB")
    shown, true = patch.getpixel((112, 112)), stored.getpixel((column, row))
    assert isinstance(shown, tuple)
    assert isinstance(true, tuple)
    assert max(abs(a - b) for a, b in zip(shown, true, strict=True)) < 60


def test_a_picture_is_kept_by_browsers_for_ever_and_never_sent_twice(
    client: FlaskClient, point: Where, reef: Project
) -> None:
    sha256, row, column = point
    for url in (image_url(sha256, Size.SMALL), patch_url(reef, sha256, row or 0, column or 0)):
        first = client.get(url)
        assert first.status_code == 200
        assert first.headers["Cache-Control"] == FOR_EVER
        again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert client.head(url).headers["Content-Length"] == str(len(first.data))


def test_no_picture_says_when_it_was_first_made(client: FlaskClient, point: Where) -> None:
    """That would tell how long others have been shown it."""
    headers = client.get(image_url(point[0], Size.SMALL)).headers
    assert "Last-Modified" not in headers
    assert "Age" not in headers


def test_only_points_that_are_subjects_are_cut_out(client: FlaskClient, world: World, point: Where) -> None:
    sha256, row, column = point
    elsewhere = next((r, c) for r in range(100, 900) for c in range(100, 900, 7) if (sha256, r, c) not in world.truth)
    refused = [
        f"/patches/{sha256}/{elsewhere[0]}-{elsewhere[1]}.jpg?px=224",
        f"/patches/{sha256}/{row}-{column}.jpg",
        f"/patches/{sha256}/{row}-{column}.jpg?px=225",
        f"/patches/{sha256}/{row}-{column}.jpg?px=x",
        f"/patches/{sha256}/-1-{column}.jpg?px=224",
        f"/patches/{sha256}/{10**30}-{column}.jpg?px=224",
        f"/patches/{'0' * 64}/{row}-{column}.jpg?px=224",
        f"/patches/%00/{row}-{column}.jpg?px=224",
    ]
    assert {url: client.get(url, headers={"Accept": "application/json"}).status_code for url in refused} == (
        dict.fromkeys(refused, 404)
    )


@pytest.mark.parametrize(
    "path",
    ["/images/{}/huge.jpg", "/images/{}/small.png", "/images/../{}/small.jpg", "/images/x/small.jpg"],
)
def test_there_is_nothing_but_pictures(client: FlaskClient, point: Where, path: str) -> None:
    refused = client.get(path.format(point[0]), headers={"Accept": "application/json"})
    assert refused.status_code == 404


def test_the_addresses_of_a_subject_have_one_shape(world: World) -> None:
    def shown(row: int | None, column: int | None) -> ShownSubject:
        return ShownSubject("abc", 0, "f" * 64, row, column, 1200, 1200, False)

    of_point = pictures(world.projects["moorea"], shown(3, 4))
    assert (of_point.picture, of_point.full) == (
        f"/patches/{'f' * 64}/3-4.jpg?px=224",
        f"/images/{'f' * 64}/full.jpg",
    )
    of_image = pictures(world.projects["plankton"], shown(None, None))
    assert (of_image.picture, of_image.full) == (f"/images/{'f' * 64}/small.jpg", f"/images/{'f' * 64}/full.jpg")
