"""The image store keeps pictures and nothing else, and shows the stored pixels."""

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from game.artifacts import images
from game.artifacts.images import (
    MOST_PATCH_PX,
    TILE_PX,
    ImageRefused,
    Size,
    check_image,
    cut_ahead,
    image_path,
    keep_image,
    patch,
    sized,
)
from game.errors import NotFound


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    kept = BytesIO()
    picture.save(kept, form, **options)
    return kept.getvalue()


def chessboard(width_px: int, height_px: int) -> Image.Image:
    """Blue everywhere, and red in the left upper quarter, so that every turn of the picture shows."""
    pixels = np.zeros((height_px, width_px, 3), np.uint8)
    pixels[:, :, 2] = 255
    pixels[: height_px // 2, : width_px // 2] = (255, 0, 0)
    return Image.fromarray(pixels)


def colour_at(path: Path | BytesIO, row: int, column: int) -> tuple[int, ...]:
    with Image.open(path) as opened:
        found = opened.convert("RGB").getpixel((column, row))
    assert isinstance(found, tuple)
    return tuple(round(value) for value in found)


def header_of_png(width_px: int, height_px: int) -> bytes:
    """A PNG whose heading promises more pixels than it has."""
    facts = b"IHDR" + struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    heading = struct.pack(">I", 13) + facts + struct.pack(">I", zlib.crc32(facts))
    pixels = b"IDAT" + zlib.compress(b"\0" * 1000)
    body = struct.pack(">I", len(pixels) - 4) + pixels + struct.pack(">I", zlib.crc32(pixels))
    return b"\x89PNG\r\n\x1a\n" + heading + body


@pytest.mark.parametrize(("form", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_the_type_is_that_of_the_content(form: str, media_type: str) -> None:
    content = encoded(chessboard(40, 30), form)
    checked = check_image(content)
    assert (checked.media_type, checked.width_px, checked.height_px) == (media_type, 40, 30)
    assert (checked.sha256, checked.n_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_real_quadrat_is_accepted(shared_data: Path) -> None:
    file = next((shared_data / "moorea_quadrats").glob("*.jpg"))
    assert check_image(file.read_bytes()).media_type == "image/jpeg"


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PDF"])
def test_other_types_are_refused(form: str) -> None:
    with pytest.raises(ImageRefused, match="no JPEG, PNG or WebP"):
        check_image(encoded(chessboard(40, 30), form))


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\xff\xd8\xff", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused):
        check_image(content)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_refused(form: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8))
    content = encoded(noise, form)
    with pytest.raises(ImageRefused, match="damaged"):
        check_image(content[: len(content) // 2])


@pytest.mark.parametrize("side_px", [10_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side_px: int) -> None:
    with pytest.raises(ImageRefused, match=r"pixels"):
        check_image(header_of_png(side_px, side_px))


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ImageRefused, match="at most 50,000,000"):
        check_image(encoded(chessboard(40, 30)) + bytes(images.MAX_BYTES))


def test_a_picture_too_small_to_judge_is_refused() -> None:
    with pytest.raises(ImageRefused, match="each side needs 16"):
        check_image(encoded(chessboard(40, 8)))


@settings(max_examples=60)
@given(place=st.integers(0, 400), change=st.binary(min_size=1, max_size=30))
def test_damage_anywhere_is_accepted_or_refused_but_never_a_crash(place: int, change: bytes) -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        content = bytearray(encoded(chessboard(40, 30), form))
        content[place : place + len(change)] = change
        try:
            check_image(bytes(content))
        except ImageRefused as refused:
            assert str(refused).endswith(".")


def test_a_picture_is_kept_as_it_came_under_its_own_hash(tmp_path: Path) -> None:
    content = encoded(chessboard(40, 30), "JPEG")
    checked = keep_image(tmp_path, content)
    assert image_path(tmp_path, checked.sha256).read_bytes() == content
    assert image_path(tmp_path, checked.sha256) == tmp_path / checked.sha256[:2] / checked.sha256


def test_keeping_a_picture_twice_changes_nothing(tmp_path: Path) -> None:
    content = encoded(chessboard(40, 30))
    path = image_path(tmp_path, keep_image(tmp_path, content).sha256)
    before = path.stat().st_mtime_ns
    keep_image(tmp_path, content)
    assert path.stat().st_mtime_ns == before
    assert sum(file.is_file() for file in tmp_path.rglob("*")) == 1 + len(Size)


def test_a_file_that_was_cut_short_is_mended_by_keeping_it_again(tmp_path: Path) -> None:
    content = encoded(chessboard(40, 30))
    path = image_path(tmp_path, keep_image(tmp_path, content).sha256)
    path.write_bytes(content[:10])
    keep_image(tmp_path, content)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["0" * 64, "../" * 21 + "x", "", "A" * 64, "../../etc/passwd"])
def test_an_unknown_name_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        sized(tmp_path, name, Size.SMALL)


def test_a_large_picture_is_served_smaller_and_a_small_one_as_it_is(tmp_path: Path) -> None:
    large = keep_image(tmp_path, encoded(chessboard(3000, 1500), "JPEG"))
    small = keep_image(tmp_path, encoded(chessboard(200, 100)))
    for sha256, size, expected in [
        (large.sha256, Size.SMALL, (512, 256)), (large.sha256, Size.FULL, (2048, 1024)),
        (small.sha256, Size.SMALL, (200, 100)), (small.sha256, Size.FULL, (200, 100)),
    ]:  # fmt: skip
        with Image.open(sized(tmp_path, sha256, size)) as served:
            assert (served.format, served.size) == ("JPEG", expected)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_can_be_served(tmp_path: Path, mode: str) -> None:
    picture = Image.new("I;16", (40, 40), 40_000) if mode == "I;16" else Image.new("RGB", (40, 40), "red").convert(mode)
    kept = keep_image(tmp_path, encoded(picture, "JPEG" if mode == "CMYK" else "PNG"))
    patch(tmp_path, kept.sha256, 0, 0, 32)
    colour = colour_at(sized(tmp_path, kept.sha256, Size.FULL), 20, 20)
    if mode in ("P", "RGB", "RGBA", "CMYK"):
        assert np.allclose(colour, (255, 0, 0), atol=6)
    elif mode == "I;16":
        assert np.allclose(colour, (156, 156, 156), atol=3)


def test_what_is_transparent_is_served_on_white(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0))))
    assert colour_at(sized(tmp_path, kept.sha256, Size.FULL), 20, 20) == (255, 255, 255)


def test_no_picture_is_turned_and_none_tells_where_it_was_taken(tmp_path: Path) -> None:
    facts = Image.Exif()
    facts[0x0112] = 6  # Orientation: a viewer should turn it by a quarter.
    facts[0x010F] = "Camera of a diver"
    kept = keep_image(tmp_path, encoded(chessboard(80, 60), "JPEG", exif=facts.tobytes(), quality=95))
    assert (kept.width_px, kept.height_px) == (80, 60)
    for served in (
        sized(tmp_path, kept.sha256, Size.FULL).read_bytes(), patch(tmp_path, kept.sha256, 10, 10, 16)
    ):  # fmt: skip
        with Image.open(BytesIO(served)) as opened:
            assert not opened.getexif()
        assert b"diver" not in served
    assert np.allclose(colour_at(sized(tmp_path, kept.sha256, Size.FULL), 5, 5), (254, 0, 0), atol=8)
    assert np.allclose(colour_at(BytesIO(patch(tmp_path, kept.sha256, 45, 60, 16)), 8, 8), (0, 0, 254), atol=8)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 59), (39, 0), (39, 59), (20, 30), (7, 3)])
def test_the_point_stays_at_the_centre_of_its_patch(tmp_path: Path, row: int, column: int) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = (255, 255, 0)
    kept = keep_image(tmp_path, encoded(Image.fromarray(pixels)))
    made = BytesIO(patch(tmp_path, kept.sha256, row, column, 32))
    with Image.open(made) as opened:
        assert opened.size == (32, 32)
    red, _, blue = colour_at(made, 16, 16)
    assert red > 200
    assert blue < 100


def test_beyond_the_edge_a_patch_is_grey(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(40, 40)))
    made = BytesIO(patch(tmp_path, kept.sha256, 0, 0, 32))
    assert np.allclose(colour_at(made, 3, 3), images.BEYOND, atol=6)
    assert np.allclose(colour_at(made, 28, 28), (254, 0, 0), atol=8)


@pytest.mark.parametrize(("row", "column"), [(40, 0), (0, 60), (-1, 0), (0, -1)])
def test_a_point_outside_the_picture_is_not_found(tmp_path: Path, row: int, column: int) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(60, 40)))
    with pytest.raises(NotFound):
        patch(tmp_path, kept.sha256, row, column, 32)


def test_a_large_patch_is_made_smaller(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(60, 40)))
    with Image.open(BytesIO(patch(tmp_path, kept.sha256, 5, 5, 2000))) as opened:
        assert opened.size == (MOST_PATCH_PX, MOST_PATCH_PX)


def test_what_was_cut_ahead_is_what_would_be_cut_now(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(60, 40)))
    points = [(5, 5), (20, 30)]
    before = [patch(tmp_path, kept.sha256, *point, 32) for point in [*points, (6, 6)]]
    cut_ahead(tmp_path, kept.sha256, [*points, (40, 0)], 32)
    [file] = tmp_path.rglob("*.zip")
    with ZipFile(file) as cut:
        assert cut.namelist() == ["20-30.jpg", "5-5.jpg"]
    # Points that come later join those that are there; others are still cut for whoever asks.
    cut_ahead(tmp_path, kept.sha256, [(7, 7)], 32)
    with ZipFile(file) as cut:
        assert cut.namelist() == ["20-30.jpg", "5-5.jpg", "7-7.jpg"]
    assert [patch(tmp_path, kept.sha256, *point, 32) for point in [*points, (6, 6)]] == before
    # Only now that the picture is gone it shows who reads and who cuts.
    image_path(tmp_path, kept.sha256).unlink()
    assert [patch(tmp_path, kept.sha256, *point, 32) for point in points] == before[:2]
    with pytest.raises(NotFound):
        patch(tmp_path, kept.sha256, 6, 6, 32)


def test_a_look_at_one_of_many_points_does_not_open_a_file_of_all_of_them(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(2 * TILE_PX + 10, 40)))
    points = [(5, 5), (20, TILE_PX - 1), (20, TILE_PX), (39, 2 * TILE_PX + 9)]
    before = [patch(tmp_path, kept.sha256, *point, 32) for point in points]
    cut_ahead(tmp_path, kept.sha256, points, 32)
    within = []
    for file in sorted(tmp_path.rglob("*.zip")):
        with ZipFile(file) as cut:
            within.append(cut.namelist())
    assert within == [["20-1023.jpg", "5-5.jpg"], ["20-1024.jpg"], ["39-2057.jpg"]]
    image_path(tmp_path, kept.sha256).unlink()
    assert [patch(tmp_path, kept.sha256, *point, 32) for point in points] == before


def test_a_damaged_file_of_patches_is_cut_again(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(60, 40)))
    cut_ahead(tmp_path, kept.sha256, [(5, 5)], 32)
    [file] = tmp_path.rglob("*.zip")
    whole, seen = file.read_bytes(), patch(tmp_path, kept.sha256, 5, 5, 32)
    file.write_bytes(whole[:-30])
    assert patch(tmp_path, kept.sha256, 5, 5, 32) == seen
    cut_ahead(tmp_path, kept.sha256, [(5, 5)], 32)
    assert file.read_bytes() == whole


def test_no_file_tells_which_patches_were_looked_at(tmp_path: Path) -> None:
    kept = keep_image(tmp_path, encoded(chessboard(60, 40)))
    before = sorted(tmp_path.rglob("*"))
    assert patch(tmp_path, kept.sha256, 5, 5, 32) == patch(tmp_path, kept.sha256, 5, 5, 32)
    assert sorted(tmp_path.rglob("*")) == before
