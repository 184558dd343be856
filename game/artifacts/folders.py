"""Folders that travel between science, training and the public: whole or not there, with a manifest of checksums."""

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from game.artifacts.files import settle, sha256_of
from game.errors import ArtifactError, Conflict

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MANIFEST = "manifest.json"
FORMAT = 1
# The oldest date that a zip can tell; any fixed one makes equal contents equal bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_PIECE_BYTES = 2**18


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yields a sibling to fill, which gets the folder's name at the end of the block; after an error nothing is left.

    Raises Conflict if the name is taken by then.
    """
    with unfinished_folder(folder) as filling:
        yield filling
        put_in_place(filling, folder)


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """Yields a sibling of the folder to fill; unless it was put in place, it is gone at the end of the block."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".new-{folder.name}-"))
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def put_in_place(unfinished: Path, folder: Path) -> None:
    """Forces all of it to the disk, then gives it its name. Raises Conflict if the name is taken."""
    unfinished.chmod(0o755)
    _settle_all(unfinished)
    if folder.exists():
        raise Conflict(f"The folder {folder.name} of {folder.parent.name} exists already.")
    unfinished.rename(folder)
    settle(folder.parent)


def write_manifest(folder: Path, about: Mapping[str, Any], n_rows: Mapping[str, int]) -> None:
    """Writes manifest.json: `about`, then each file's SHA-256 and bytes, and its rows where `n_rows` tells them."""
    listed: dict[str, dict[str, Any]] = {}
    for name in _files(folder):
        listed[name] = {"sha256": sha256_of(folder / name), "bytes": (folder / name).stat().st_size}
        if name in n_rows:
            listed[name]["rows"] = n_rows[name]
    manifest = {"format": FORMAT, **about, "files": listed}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises ArtifactError if it is missing, no JSON, or of another format."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ArtifactError(f"{folder} has no {MANIFEST}, so it is no folder that Fathom wrote.") from None
    except ValueError:
        raise ArtifactError(f"{folder / MANIFEST} is damaged: it cannot be read as JSON.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtifactError(f"{folder / MANIFEST} is not of format {FORMAT}, the only one that this version reads.")
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """The manifest, if every file it lists is there, unchanged, and no other is. Raises ArtifactError."""
    manifest = read_manifest(folder)
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        raise ArtifactError(f"{folder / MANIFEST} lists no files.")
    for name in sorted(listed.keys() ^ set(_files(folder))):
        fault = "is missing" if name in listed else f"is not listed in {MANIFEST}"
        raise ArtifactError(f"{name} {fault} in {folder}.")
    return verify_files(folder, list(listed))


def verify_files(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """The manifest, if these files are there and unchanged; others may be missing. Raises ArtifactError."""
    manifest = read_manifest(folder)
    listed = manifest.get("files", {})
    for name in names:
        if not (folder / name).is_file():
            raise ArtifactError(f"{name} is missing in {folder}.")
        if sha256_of(folder / name) != listed.get(name, {}).get("sha256"):
            raise ArtifactError(f"{name} in {folder} was changed or damaged: its SHA-256 is not the manifest's.")
    return manifest


def write_zip(folder: Path, archive: Path) -> None:
    """Every file of the folder under the archive's own name; equal folders make equal archives."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in sorted([*_files(folder), MANIFEST]):
            entry = _entry(f"{archive.stem}/{name}")
            with opened.open(entry, "w") as packed, (folder / name).open("rb") as source:
                shutil.copyfileobj(source, packed)


def zip_pieces(folder: Path, names: Sequence[str], stem: str) -> Iterator[bytes]:
    """A zip of these files under the name `stem`, piece by piece, so that nobody has to hold all of it."""
    passing = _Passing()
    with zipfile.ZipFile(passing, "w") as opened:
        for name in names:
            entry = _entry(f"{stem}/{name}")
            # Weights hardly get smaller, however long one tries.
            entry.compress_type = zipfile.ZIP_STORED
            # Told beforehand, a file of more than 2 GB gets the longer fields that it needs.
            entry.file_size = (folder / name).stat().st_size
            with opened.open(entry, "w") as packed, (folder / name).open("rb") as source:
                while piece := source.read(_PIECE_BYTES):
                    packed.write(piece)
                    yield from passing.taken()
    yield from passing.taken()


class _Passing(io.RawIOBase):
    """What is written here is waiting to be taken; there is no way back."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: "ReadableBuffer", /) -> int:
        self._waiting.append(bytes(piece))
        return len(self._waiting[-1])

    def taken(self) -> Iterator[bytes]:
        """A single piece, or none."""
        waiting, self._waiting = b"".join(self._waiting), []
        if waiting:
            yield waiting


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _files(folder: Path) -> list[str]:
    """Names of all files but the manifest, relative to the folder, sorted."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != MANIFEST)


def _settle_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            settle(path)
        else:
            with path.open("rb") as opened:
                os.fsync(opened.fileno())
    settle(folder)
