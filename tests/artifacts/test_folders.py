"""A folder is there whole, or not at all; and it can prove what it holds."""

import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from game.artifacts.files import keep_file, sha256_of
from game.artifacts.folders import new_folder, read_manifest, verify, write_manifest, write_zip, zip_pieces
from game.errors import ArtifactError, Conflict


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with new_folder(tmp_path / "1") as filling:
        (filling / "consensus.csv").write_text("subject,label\na,b\n")
        (filling / "LICENCE.md").write_text("CC-BY-4.0\n")
        write_manifest(filling, {"project": "reef"}, {"consensus.csv": 1})
    return tmp_path / "1"


def test_a_folder_gets_its_name_only_when_it_is_full(tmp_path: Path) -> None:
    with new_folder(tmp_path / "kept" / "1") as filling:
        (filling / "a").write_text("a")
        assert not (tmp_path / "kept" / "1").exists()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["1"]


def test_a_folder_that_could_not_be_filled_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "1") as filling:
        (filling / "a").write_text("a")
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


def test_a_folder_never_replaces_another(folder: Path) -> None:
    with pytest.raises(Conflict), new_folder(folder) as filling:
        (filling / "a").write_text("a")
    assert verify(folder)["project"] == "reef"
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


def test_the_manifest_names_every_file_with_its_checksum(folder: Path) -> None:
    manifest = verify(folder)
    assert manifest["files"]["consensus.csv"] == {
        "sha256": sha256_of(folder / "consensus.csv"), "bytes": 18, "rows": 1,
    }  # fmt: skip
    assert sorted(manifest["files"]) == ["LICENCE.md", "consensus.csv"]
    assert manifest["format"] == 1


def test_a_changed_file_is_found_out(folder: Path) -> None:
    (folder / "consensus.csv").write_text("subject,label\na,c\n")
    with pytest.raises(ArtifactError, match=r"consensus\.csv .* changed or damaged"):
        verify(folder)


def test_a_missing_file_is_found_out(folder: Path) -> None:
    (folder / "consensus.csv").unlink()
    with pytest.raises(ArtifactError, match=r"consensus\.csv is missing"):
        verify(folder)


def test_a_file_that_nobody_listed_is_found_out(folder: Path) -> None:
    (folder / "gold.csv").write_text("subject\n")
    with pytest.raises(ArtifactError, match=r"gold\.csv is not listed"):
        verify(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2, "files": {}}', '{"format": 1}'])
def test_a_manifest_of_another_kind_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError):
        verify(folder)


def test_a_folder_without_manifest_is_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no folder that Fathom wrote"):
        read_manifest(tmp_path / "nowhere")


def test_the_manifest_is_read_as_it_was_written(folder: Path) -> None:
    assert json.loads((folder / "manifest.json").read_text()) == read_manifest(folder)


def test_equal_folders_make_equal_archives(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "reef-1.zip", tmp_path / "b" / "reef-1.zip"
    for archive in (first, second):
        archive.parent.mkdir()
        write_zip(folder, archive)
        (folder / "consensus.csv").touch()
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    keep_file(tmp_path / "a", b"old")
    with pytest.raises(TypeError):
        keep_file(tmp_path / "a", "no bytes")  # type: ignore[arg-type]
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_zip_passes_by_in_pieces_and_holds_the_files_that_were_asked_for(folder: Path) -> None:
    noise = random.Random(1).randbytes(3_000_000)
    (folder / "weights").write_bytes(noise)
    pieces = list(zip_pieces(folder, ["weights", "LICENCE.md"], "reef-1"))
    assert max(map(len, pieces)) < 400_000
    assert all(pieces)
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["reef-1/weights", "reef-1/LICENCE.md"]
        assert opened.read("reef-1/weights") == noise
    assert b"".join(zip_pieces(folder, ["weights", "LICENCE.md"], "reef-1")) == b"".join(pieces)
