"""Files that anyone may take home, with what a careful person checks: how large they are, and their checksum."""

from dataclasses import dataclass
from pathlib import Path

from flask import Response, send_file

from game.artifacts.folders import read_manifest, zip_pieces
from game.errors import ArtifactError, NotFound
from game.web.threads import in_native_thread


@dataclass(frozen=True)
class Download:
    """`sha256` is empty for a manifest, which lists the others."""

    name: str
    n_bytes: int
    sha256: str


def archive_download(archive: Path, sha256: str) -> Download | None:
    """None if the file is lost."""
    return Download(archive.name, archive.stat().st_size, sha256) if archive.is_file() else None


def folder_downloads(folder: Path, names: tuple[str, ...]) -> list[Download]:
    """Those of the names that are there; none if the folder is lost or damaged."""
    try:
        listed = read_manifest(folder)["files"]
    except ArtifactError:
        return []
    return [
        Download(name, (folder / name).stat().st_size, str(listed.get(name, {}).get("sha256", "")))
        for name in present(folder, names)
    ]


def present(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Older models have fewer files."""
    return tuple(name for name in names if (folder / name).is_file())


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def sent(file: Path) -> Response:
    """As an attachment, under its own name. Raises NotFound if the file is lost."""
    if not file.is_file():
        raise NotFound("This file is not here any more.")
    return send_file(file, as_attachment=True, download_name=file.name, max_age=0)


def sent_together(folder: Path, names: tuple[str, ...], stem: str) -> Response:
    """All of the files that are there, as a zip that is made while it is sent. Raises NotFound if none is."""
    here = present(folder, names)
    if not here:
        raise NotFound("This file is not here any more.")
    pieces = zip_pieces(folder, here, stem)
    # Packing takes as long as a fast line does: other players go on meanwhile.
    packed = iter(lambda: in_native_thread(next, pieces, b""), b"")
    response = Response(packed, mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=f"{stem}.zip")
    return response
