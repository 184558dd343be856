"""A release is whole, versioned, and leaves out whom it should."""

import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from game.artifacts.folders import verify
from game.errors import Conflict, NotFound
from game.play import accounts
from game.science.release import make_release
from game.science.released import release, releases
from game.store import Store, reading, transaction
from tests.conftest import NOW
from tests.science.answers import say, volunteer, withdraw
from tests.science.conftest import LABELS, Interloper, Reef
from tests.science.editions import Made, released, settled
from tests.science.reef import MOOREA


@pytest.fixture
def made(played: Reef, tmp_path: Path) -> Made:
    return released(played, tmp_path / "releases")


def test_an_answer_that_was_taken_back_is_not_released(played: Reef, tmp_path: Path) -> None:
    (answer,) = say(played.store, played.careless[1], [(next(iter(played.open)), "Turf")])
    withdraw(played.store, answer)
    rows = released(played, tmp_path).complete.sheet("classifications.csv")
    assert "Dan" not in {row["volunteer"] for row in rows}


def test_simulated_volunteers_have_no_part_in_a_release_unless_asked_for(played: Reef, tmp_path: Path) -> None:
    without = released(played, tmp_path / "without").complete
    robot = volunteer(played.store, "Robot", simulated=True)
    say(played.store, robot, [(subject, "Turf") for subject in (played.gold | played.open)])
    again = released(played, tmp_path / "again").complete
    assert again.sheet("consensus.csv") == without.sheet("consensus.csv")
    assert again.sheet("volunteers.csv") == without.sheet("volunteers.csv")
    assert again.manifest["includes_simulated"] is False
    included = released(played, tmp_path / "with", include_simulated=True)
    assert included.published.includes_simulated
    robots = [row for row in included.complete.sheet("volunteers.csv") if row["simulated"] == "yes"]
    assert [(row["volunteer"], row["n"], row["n_gold"]) for row in robots] == [("Robot", "24", "7")]


def test_a_volunteer_who_left_stays_as_an_empty_shell(played: Reef, tmp_path: Path) -> None:
    with transaction(played.store) as session:
        accounts.delete_account(session, played.knowing[0], NOW)
    rows = released(played, tmp_path).complete.sheet("volunteers.csv")
    names = [row["volunteer"] for row in rows]
    assert "Ada" not in names
    assert sum(name.startswith("former volunteer ") for name in names) == 1


def test_every_file_is_described_and_proves_itself(made: Made) -> None:
    for folder in (made.complete, made.public):
        manifest = verify(folder.path)
        text = (folder.path / "dictionary.md").read_text()
        for name, facts in manifest["files"].items():
            if name.endswith(".csv"):
                assert f"## {name}" in text
                assert facts["rows"] == len(folder.sheet(name))
                heading = (folder.path / name).read_text().splitlines()[0].split(",")
                assert all(f"| `{column}` | " in text for column in heading)
    assert not (made.public.path / "gold.csv").exists()
    assert not (made.public.path / "subjects.csv").exists()
    assert "CC-BY-4.0" in (made.public.path / "LICENCE.md").read_text()


def test_the_trainer_learns_which_photograph_and_site_a_subject_is_of(made: Made) -> None:
    rows = made.complete.sheet("subjects.csv")
    assert {(row["photograph"], row["site"]) for row in rows} == {("", "lter1_fringingreef_pole1-2")}


def test_the_manifest_says_what_the_trainer_has_to_know(made: Made, played: Reef) -> None:
    manifest = made.complete.manifest
    assert (manifest["format"], manifest["project"], manifest["version"]) == (1, "moorea", 1)
    assert (manifest["subject_kind"], manifest["patch_px"], manifest["edition"]) == ("point", 224, "complete")
    assert [label["code"] for label in manifest["labels"]] == LABELS
    porites = MOOREA.labels[0]
    assert manifest["labels"][0] == {
        "code": "Porit", "name": porites.name, "group": "hard-coral", "colour": porites.colour,
    }  # fmt: skip
    assert manifest["created_ms"] == int(NOW.timestamp() * 1000)
    public = {f"public_{name}": n for name, n in made.public.manifest["counts"].items()}
    assert made.published.counts == manifest["counts"] | public
    assert manifest["counts"] == {
        "subjects": 24, "labelled": 12, "retired": 1 + len(settled(played)), "classifications": 78, "volunteers": 5,
    }  # fmt: skip


def test_the_archive_is_the_public_edition(made: Made) -> None:
    with zipfile.ZipFile(made.archive) as archive:
        names = {name.split("/")[1] for name in archive.namelist()}
        assert names == {path.name for path in made.public.path.iterdir()}
        for path in made.public.path.iterdir():
            assert archive.read(f"moorea-1/{path.name}") == path.read_bytes()
    assert made.archive.name == "moorea-1.zip"


def test_versions_count_up_and_the_newest_comes_first(played: Reef, tmp_path: Path) -> None:
    first, second = released(played, tmp_path).published, released(played, tmp_path).published
    with reading(played.store) as session:
        assert releases(session, MOOREA) == [second, first]
        assert release(session, MOOREA, 1) == first
        with pytest.raises(NotFound, match="no release 3"):
            release(session, MOOREA, 3)
    assert (tmp_path / first.archive).read_bytes() != (tmp_path / second.archive).read_bytes()


def test_what_a_crash_has_left_does_not_stop_the_next_release(played: Reef, tmp_path: Path) -> None:
    left = tmp_path / "moorea" / "1" / "complete"
    left.mkdir(parents=True)
    (left / "half.csv").write_text("subject\n")
    made = released(played, tmp_path)
    assert made.published.version == 1
    assert verify(made.complete.path)


def test_of_two_releases_at_once_one_is_kept_whole(played: Reef, tmp_path: Path) -> None:
    busy = replace(played, store=replace(played.store, writer=Interloper(lambda: released(played, tmp_path))))
    with pytest.raises(Conflict, match="made at the same time"):
        released(busy, tmp_path)
    with reading(played.store) as session:
        assert [one.version for one in releases(session, MOOREA)] == [1]
    assert verify(tmp_path / "moorea" / "1" / "public")
    assert [path.name for path in (tmp_path / "moorea").iterdir()] == ["1"]


def test_nothing_to_release_is_said_in_words(reef: Reef, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="has no answers yet"):
        released(reef, tmp_path)
    robot = volunteer(reef.store, "Robot", simulated=True)
    say(reef.store, robot, [(subject, "Turf") for subject in reef.open])
    with pytest.raises(Conflict, match="16 answers ask for them: --include-simulated"):
        released(reef, tmp_path)
    assert not list(tmp_path.glob("moorea/*"))


def test_a_project_without_subjects_is_not_found(store: Store, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(NotFound, match="has no subjects yet"):
        make_release(store, MOOREA, tmp_path, now)
    with reading(store) as session:
        assert releases(session, MOOREA) == []
