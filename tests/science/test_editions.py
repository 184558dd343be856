"""What each edition says, and that the public one keeps silent about what is in play."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from game.levels import GoldUse
from game.store import reading, transaction
from game.store.tables import ExpertLabel, Subject
from tests.conftest import NOW
from tests.science.conftest import LABELS, Reef
from tests.science.editions import Folder, Made, codes, released, settled
from tests.science.reef import EASILY_SURE


@pytest.fixture
def made(played: Reef, tmp_path: Path) -> Made:
    return released(played, tmp_path / "releases")


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
    prior, redundancy = manifest["weights"]["prior"], manifest["weights"]["redundancy"]
    copies = {row["volunteer"]: row["copies"] for row in folder.sheet("volunteers.csv")}
    voice = {name: max(0.0, (matrix.trace() - 1) / (len(labels) - 1)) for name, matrix in matrices.items()}
    for row in folder.sheet("consensus.csv"):
        given = [one for one in answers if one["subject"] == row["subject"] and one["choice"]]
        shared = Counter((copies[one["volunteer"]], one["choice"]) for one in given)
        weight, m = np.array([prior[label] for label in labels]), 0.0
        for one in given:
            name, choice = one["volunteer"], one["choice"]
            share = 1 / shared[copies[name], choice] if copies[name] else 1.0
            weight = weight * (matrices[name] @ masks[choice]) ** share
            m += share * voice[name]
        if row["label"]:
            p = weight ** (1 / (1 + redundancy * m))
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
    rule, by_code = EASILY_SURE.retirement, codes(played.store)
    told = [row for row in made.complete.sheet("consensus.csv") if row["label"] and int(row["n"]) >= rule.minimum]
    sure = {by_code[row["subject"]] for row in told if float(row["confidence"]) >= rule.confidence} - played.gold.keys()
    assert settled(played) <= sure
    assert labels == played.gold | {one: played.open[one] for one in sure}
