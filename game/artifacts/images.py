"""The image store: files named by their SHA-256, checked on the way in, resized on the way out."""

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from game.artifacts.files import keep_file
from game.errors import InvalidInput, NotFound

MAX_BYTES = 50_000_000
MAX_PIXELS = 64_000_000
MIN_SIDE_PX = 16
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
QUALITY = {"quality": 85}
# A patch is looked at from nearer by, and enlarged: its colours are kept for each pixel.
PATCH_QUALITY = {"quality": 90, "subsampling": 0}
MOST_PATCH_PX = 512
# Patches that were cut ahead are kept in one file for each square of so many pixels: what a look at one of them costs
# grows only with the points near it.
TILE_PX = 1024
# Beyond the edge of an image there is nothing to judge, and it should look like nothing.
BEYOND = (128, 128, 128)
PAPER = (255, 255, 255)


class Size(StrEnum):
    """How large an image is served; its longer side is never made longer than it is stored."""

    SMALL = "small"
    FULL = "full"

    @property
    def side_px(self) -> int:
        return {Size.SMALL: 512, Size.FULL: 2048}[self]


class ImageRefused(InvalidInput):
    """The bytes are no picture that Fathom keeps."""


@dataclass(frozen=True)
class CheckedImage:
    sha256: str
    media_type: str
    width_px: int
    height_px: int
    n_bytes: int


def check_image(content: bytes) -> CheckedImage:
    """Decodes the whole picture, whatever its file is called. Raises ImageRefused with the reason."""
    if len(content) > MAX_BYTES:
        raise ImageRefused(f"The picture has {len(content):,} bytes; at most {MAX_BYTES:,} are accepted.")
    with _decoded(content) as image:
        return CheckedImage(
            hashlib.sha256(content).hexdigest(), MEDIA_TYPES[str(image.format)], image.width, image.height, len(content)
        )


def keep_image(images: Path, content: bytes) -> CheckedImage:
    """Keeps the picture for ever, as it came, and as it is served. Keeping it again changes nothing.

    Sizes are made now: were they made for the first who asks, a quick answer would tell that others had been here,
    as they are with gold. Raises ImageRefused.
    """
    checked = check_image(content)
    path = _stored(images, checked.sha256)
    if not path.is_file() or path.stat().st_size != checked.n_bytes:
        keep_file(path, content)
    for size in Size:
        sized(images, checked.sha256, size)
    return checked


def image_path(images: Path, sha256: str) -> Path:
    """The stored file. Raises NotFound."""
    path = _stored(images, sha256)
    if not path.is_file():
        raise NotFound("There is no such picture.")
    return path


def sized(images: Path, sha256: str, size: Size) -> Path:
    """A JPEG that fits into size.side_px, made once. Raises NotFound."""
    original = image_path(images, sha256)
    made = _made(images, f"{sha256}-{size}.jpg")
    if not made.is_file():
        with Image.open(original) as image:
            image.draft("RGB", (size.side_px, size.side_px))
            smaller = rgb(image)
        smaller.thumbnail((size.side_px, size.side_px), Image.Resampling.LANCZOS)
        keep_file(made, _jpeg(smaller))
    return made


def patch(images: Path, sha256: str, row: int, column: int, patch_px: int) -> bytes:
    """A JPEG: the square of `patch_px` with a stored pixel at its centre; at most 512 pixels wide.

    As it was cut ahead, else cut now, and then for everyone anew, so that the thousandth look at gold takes as long as
    the first at any subject. Raises NotFound if there is no such image or pixel.
    """
    ahead = _ahead(images, sha256, patch_px, (row // TILE_PX, column // TILE_PX))
    if ahead.is_file():
        with suppress(KeyError, BadZipFile), ZipFile(ahead) as cut:
            return cut.read(_name(row, column))
    with Image.open(image_path(images, sha256)) as image:
        if not (0 <= row < image.height and 0 <= column < image.width):
            raise NotFound("The picture has no such point.")
        return _cut(image, row, column, patch_px)


def cut_ahead(images: Path, sha256: str, points: Iterable[tuple[int, int]], patch_px: int) -> None:
    """Keeps the patches at these points (row, column) of a picture, which is decoded once for all of them.

    Once more changes nothing; points outside the picture are left out. Raises NotFound.
    """
    tiles: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for row, column in points:
        tiles.setdefault((row // TILE_PX, column // TILE_PX), set()).add((row, column))
    with Image.open(image_path(images, sha256)) as image:
        for tile, within in tiles.items():
            _cut_tile(image, _ahead(images, sha256, patch_px, tile), within, patch_px)


def _cut_tile(image: Image.Image, ahead: Path, points: Iterable[tuple[int, int]], patch_px: int) -> None:
    cut = dict[str, bytes]()
    if ahead.is_file():
        with suppress(BadZipFile), ZipFile(ahead) as kept:
            cut = {name: kept.read(name) for name in kept.namelist()}
    inside = {
        _name(row, column): (row, column)
        for row, column in points
        if 0 <= row < image.height and 0 <= column < image.width
    }
    missing = inside.keys() - cut.keys()
    if not missing:
        return
    cut |= {name: _cut(image, *inside[name], patch_px) for name in missing}
    packed = BytesIO()
    with ZipFile(packed, "w") as new:
        for name, content in sorted(cut.items()):
            new.writestr(ZipInfo(name), content)
    keep_file(ahead, packed.getvalue())


def stored_pixels(content: bytes, point: tuple[int, int] | None, side_px: int | None) -> NDArray[np.uint8]:
    """(H, W, 3): the square of `side_px` with the point (row, column) at its centre; all of it if either is None."""
    [seen] = stored_pixels_of_many(content, [point], side_px)
    return seen


def stored_pixels_of_many(
    content: bytes, points: Sequence[tuple[int, int] | None], side_px: int | None
) -> Iterator[NDArray[np.uint8]]:
    """The same for many points of one picture, which is decoded once; one square is in memory at a time."""
    with _decoded(content) as image:
        for point in points:
            seen = rgb(image) if point is None or side_px is None else _square(image, *point, side_px)
            yield np.asarray(seen)


@contextmanager
def _decoded(content: bytes) -> Iterator[Image.Image]:
    """The first frame with all its pixels. The size is judged before any of them is decoded."""
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            _check_size(image)
            image.load()
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageRefused(f"The picture has more than {MAX_PIXELS:,} pixels.") from None
    except UnidentifiedImageError:
        raise ImageRefused("This is no JPEG, PNG or WebP picture, or it is damaged.") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        raise ImageRefused("The picture is damaged or cut short: it cannot be decoded.") from None


def _check_size(image: Image.Image) -> None:
    size = f"{image.width} × {image.height} pixels"
    if image.width * image.height > MAX_PIXELS:
        raise ImageRefused(f"The picture has {size}; at most {MAX_PIXELS:,} pixels are accepted.")
    if min(image.size) < MIN_SIDE_PX:
        raise ImageRefused(f"The picture has {size}; each side needs {MIN_SIDE_PX} pixels at least.")


def _square(image: Image.Image, row: int, column: int, side_px: int) -> Image.Image:
    left, top = column - side_px // 2, row - side_px // 2
    inside = (max(left, 0), max(top, 0), min(left + side_px, image.width), min(top + side_px, image.height))
    square = Image.new("RGB", (side_px, side_px), BEYOND)
    square.paste(rgb(image.crop(inside)), (inside[0] - left, inside[1] - top))
    return square


def rgb(image: Image.Image) -> Image.Image:
    """The pixels as they are stored, with what is transparent on white.

    EXIF goes, and with it the orientation: experts' points count stored rows and columns, so nothing is turned.
    """
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    opaque = Image.new("RGBA", image.size, PAPER)
    return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")


def _cut(image: Image.Image, row: int, column: int, patch_px: int) -> bytes:
    """Never enlarged: that would tell no more, and the browser does it for nothing."""
    square = _square(image, row, column, patch_px)
    square.thumbnail((MOST_PATCH_PX, MOST_PATCH_PX), Image.Resampling.LANCZOS)
    return _jpeg(square, **PATCH_QUALITY)


def _jpeg(image: Image.Image, **quality: int) -> bytes:
    encoded = BytesIO()
    image.save(encoded, "JPEG", **(quality or QUALITY))
    return encoded.getvalue()


def _stored(images: Path, sha256: str) -> Path:
    """The name comes from outside: anything but 64 hexadecimal digits might lead out of the folder."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound("There is no such picture.")
    return images / sha256[:2] / sha256


def _ahead(images: Path, sha256: str, patch_px: int, tile: tuple[int, int]) -> Path:
    return _made(images, f"{_stored(images, sha256).name}-{patch_px}-{tile[0]}-{tile[1]}.zip")


def _name(row: int, column: int) -> str:
    return f"{row}-{column}.jpg"


def _made(images: Path, name: str) -> Path:
    return images / ".sized" / name[:2] / name
