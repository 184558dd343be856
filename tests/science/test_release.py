"""A release is whole, explains itself, and keeps silent about what is in play."""

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from game.artifacts.folders import verify
from game.errors import Conflict, NotFound
from game.levels import GoldUse
from game.play import accounts
from game.science.aggregate import aggregate
from game.science.release import Published, make_release, release, releases
from game.store import Store, reading, transaction
from game.store.tables import ExpertLabel, Subject
from game.store.tables.play import Abstention
from tests.conftest import NOW
from tests.science.answers import say, volunteer, withdraw
from tests.science.conftest import GROUPS, LABELS, Interloper, Reef
from tests.science.reef import MOOREA

Sheet = list[dict[str, str]]


@dataclass(frozen=True)
class Folder:
    """One edition, as whoever downloads it would read it."""

    path: Path

    def sheet(self, name: str) -> Sheet:
        with (self.path / name).open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.path / "manifest.json").read_text()))


@dataclass(frozen=True)
class Made:
    published: Published
    complete: Folder
    public: Folder
    archive: Path


def released(reef: Reef, folder: Path, *, include_simulated: bool = False) -> Made:
    published = make_release(reef.store, MOOREA, folder, NOW, include_simulated=include_simulated)
    place = folder / published.folder
    return Made(published, Folder(place / "complete"), Folder(place / "public"), folder / published.archive)


@pytest.fixture
def played(reef: Reef) -> Reef:
    """All gold answered; of 16 others six by labels, four by groups, two hardly, one a bad image, three not at all."""
    careful = [*reef.knowing, volunteer(reef.store, "Fay"), volunteer(reef.store, "Gil")]
    subjects = list(reef.open)
    for one in careful:
        say(reef.store, one, [(subject, LABELS[label]) for subject, label in reef.gold.items()])
        say(reef.store, one, [(subject, LABELS[reef.open[subject]]) for subject in subjects[:6]])
        say(reef.store, one, [(subject, GROUPS[reef.open[subject]]) for subject in subjects[6:10]])
        say(reef.store, one, [(subjects[12], Abstention.BAD_IMAGE)])
    say(reef.store, reef.careless[0], [(subject, "Sand") for subject in subjects[10:12]])
    with transaction(reef.store) as session:
        teaching = ExpertLabel.subject_id == next(iter(reef.gold))
        session.execute(update(ExpertLabel).where(teaching).values(use=GoldUse.TEACHING))
    aggregate(reef.store, MOOREA, NOW)
    return reef


@pytest.fixture
def made(played: Reef, tmp_path: Path) -> Made:
    return released(played, tmp_path / "releases")


def settled(reef: Reef) -> set[int]:
    """Six were answered by labels; to name the group of sand is to name its only label."""
    subjects = list(reef.open)
    return {*subjects[:6], *(one for one in subjects[6:10] if LABELS[reef.open[one]] == "Sand")}


def codes(store: Store) -> dict[str, int]:
    with reading(store) as session:
        return dict(session.execute(select(Subject.code, Subject.id)).all())


def recomputed(folder: Folder) -> Iterator[tuple[dict[str, str], np.ndarray[Any, Any], list[float]]]:
    """Each row of consensus.csv that has a label, p (K,) made again from the files alone, and the published one."""
    manifest = folder.manifest
    labels = [label["code"] for label in manifest["labels"]]
    masks = {code: np.array([code in (one["code"], one["group"]) for one in manifest["labels"]]) for code in labels}
    masks |= {
        group["code"]: np.array([one["group"] == group["code"] for one in manifest["labels"]])
        for group in manifest["groups"]
    }
    matrices: dict[str, np.ndarray[Any, Any]] = {}
    for row in folder.sheet("confusion.csv"):
        matrix = matrices.setdefault(row["volunteer"], np.zeros((len(labels), len(labels))))
        matrix[labels.index(row["true"]), labels.index(row["given"])] = float(row["p"])
    answers = folder.sheet("classifications.csv")
    prior, temperature = manifest["weights"]["prior"], manifest["weights"]["temperature"]
    for row in folder.sheet("consensus.csv"):
        weight = np.array([prior[label] for label in labels])
        for answer in answers:
            if answer["subject"] == row["subject"] and answer["choice"]:
                weight = weight * (matrices[answer["volunteer"]] @ masks[answer["choice"]])
        if row["label"]:
            p = weight ** (1 / temperature)
            yield row, p / p.sum(), [float(row[f"p_{label}"]) for label in labels]


@pytest.mark.parametrize("edition", ["complete", "public"])
def test_a_published_consensus_can_be_made_again_from_the_published_files(made: Made, edition: str) -> None:
    rows = list(recomputed(getattr(made, edition)))
    assert len(rows) >= 7
    for row, p, published in rows:
        assert published == pytest.approx(p.tolist(), abs=1e-6)
        assert row["label"] == LABELS[int(p.argmax())]
        assert float(row["confidence"]) == pytest.approx(p.max(), abs=1e-6)


def test_the_complete_edition_holds_every_subject_and_its_state(made: Made, played: Reef) -> None:
    ids = codes(played.store)
    status = {ids[row["subject"]]: (row["status"], row["reason"]) for row in made.complete.sheet("consensus.csv")}
    subjects = list(played.open)
    assert {one for one in subjects if status[one] == ("retired", "confident")} == settled(played)
    assert {one for one in subjects if status[one] == ("open", "")} == {*subjects} - settled(played) - {subjects[12]}
    assert status[subjects[12]] == ("retired", "bad_image")
    assert {status[one] for one in played.gold} == {("gold", "hidden"), ("gold", "teaching")}
    assert {row["subject"] for row in made.complete.sheet("subjects.csv")} == ids.keys()


def test_a_subject_that_nobody_labelled_has_no_label(made: Made, played: Reef) -> None:
    ids = codes(played.store)
    rows = {ids[row["subject"]]: row for row in made.complete.sheet("consensus.csv")}
    for one in list(played.open)[12:]:
        assert (rows[one]["label"], rows[one]["p_Sand"], rows[one]["group"], rows[one]["n"]) == ("", "", "", "0")


def test_gold_is_listed_in_the_complete_edition_and_reference_labels_nowhere(made: Made, played: Reef) -> None:
    ids = codes(played.store)
    rows = made.complete.sheet("gold.csv")
    assert {ids[row["subject"]]: LABELS.index(row["label"]) for row in rows} == played.gold
    assert sorted(row["use"] for row in rows) == ["hidden"] * 7 + ["teaching"]


def test_the_public_edition_shows_what_left_play_and_teaching_gold_only(made: Made, played: Reef) -> None:
    ids = codes(played.store)
    shown = {ids[row["subject"]] for row in made.public.sheet("consensus.csv")}
    subjects = list(played.open)
    assert shown == settled(played) | {subjects[12], next(iter(played.gold))}
    assert {ids[row["subject"]] for row in made.public.sheet("classifications.csv")} == shown


def test_nothing_in_the_public_edition_names_what_is_in_play_or_hidden(made: Made, played: Reef) -> None:
    public = {row["subject"] for row in made.public.sheet("consensus.csv")}
    silent = [code for code in codes(played.store) if code not in public]
    assert len(silent) == 24 - len(settled(played)) - 2
    with zipfile.ZipFile(made.archive) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert not [code for code in silent if code in text]
    assert {row["gold"] for row in made.public.sheet("classifications.csv")} == {"", "teaching"}
    assert {row["status"] for row in made.public.sheet("consensus.csv")} == {"retired", "gold"}
    assert {row["reason"] for row in made.public.sheet("consensus.csv")} == {"confident", "bad_image", "teaching"}


def test_hidden_gold_and_a_subject_in_play_are_absent_alike(played: Reef, tmp_path: Path) -> None:
    """The same answers, once to a subject in play and once to hidden gold, leave the same public rows."""
    subject = list(played.open)[10]
    before = released(played, tmp_path / "before").public
    with transaction(played.store) as session:
        session.execute(update(ExpertLabel).where(ExpertLabel.subject_id == subject).values(use=GoldUse.HIDDEN))
    after = released(played, tmp_path / "after").public
    names = [path.name for path in sorted(before.path.iterdir())]
    assert names == [path.name for path in sorted(after.path.iterdir())]
    assert before.manifest["counts"] == after.manifest["counts"]
    for name in ("classifications.csv", "coralnet.csv"):
        assert before.sheet(name) == after.sheet(name)
    assert [row["subject"] for row in before.sheet("consensus.csv")] == [
        row["subject"] for row in after.sheet("consensus.csv")
    ]


def test_every_answer_says_who_said_what_when_under_which_rules(made: Made, played: Reef) -> None:
    rows = made.complete.sheet("classifications.csv")
    assert len(rows) == 4 * (8 + 6 + 4 + 1) + 2
    first = rows[0]
    choice = LABELS[next(iter(played.gold.values()))]
    assert (first["volunteer"], first["level"], first["choice"]) == ("Ada", "grounds", choice)
    assert (int(first["given_ms"]), first["shown_ms"]) == (int(NOW.timestamp() * 1000), "900")
    assert first["code_version"] == made.published.code_version
    assert len({row["classification"] for row in rows}) == len(rows)
    assert {row["abstention"] for row in rows} == {"", "bad_image"}


def test_coralnet_gets_sure_labels_and_the_experts_own(made: Made, played: Reef) -> None:
    with reading(played.store) as session:
        ids = {(row.name, str(row.row), str(row.column)): row.id for row in session.scalars(select(Subject))}
    rows = made.complete.sheet("coralnet.csv")
    labels = {ids[row["Name"], row["Row"], row["Column"]]: LABELS.index(row["Label"]) for row in rows}
    assert labels == played.gold | {one: played.open[one] for one in settled(played)}


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
    assert manifest["counts"] == made.published.counts
    assert made.published.counts == {
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
