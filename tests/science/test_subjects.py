"""Imports take what is right, say in words what is not, and can be run again."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from sqlalchemy import select

from game.artifacts.images import image_path, patch
from game.errors import Conflict, InvalidInput
from game.levels import Gold, GoldUse, Project
from game.science.gold import GoldBy, GoldShare
from game.science.subjects import ImportReport, import_labelled_images, import_package, import_points
from game.store import Store, reading
from game.store.tables import ExpertLabel, Image, Opening, Subject
from tests.science.reef import (
    KOH_TAO,
    MOOREA,
    PLANKTON,
    destination,
    expert_rows,
    import_reef,
    quiet,
    write_table,
)

Rows = list[list[str]]
Reef = Callable[..., ImportReport]


@pytest.fixture
def quadrat(tmp_path: Path) -> Path:
    """A folder with one small picture, 60 pixels wide and 40 high, and one that is no picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    Picture.fromarray(pixels).save(folder / "a.png")
    (folder / "b.jpg").write_bytes(b"no picture at all")
    return folder


@pytest.fixture
def taken(store: Store, quadrat: Path, tmp_path: Path) -> Callable[..., ImportReport]:
    """Imports rows of points in these pictures, and says what became of them."""

    def take(rows: Rows, project: Project = MOOREA, heading: str = "Name,Row,Column,Label") -> ImportReport:
        table = write_table(tmp_path / "annotations.csv", rows, heading)
        return import_points(destination(store, tmp_path / "images", project), quadrat, table, GoldShare(0), quiet)

    return take


def everything(store: Store) -> list[object]:
    with reading(store) as session:
        rows = [
            session.execute(select(table.__table__).order_by(*table.__table__.primary_key)).all()
            for table in (Image, Subject, ExpertLabel, Opening)
        ]
    return [tuple(row) for table in rows for row in table]


def uses(store: Store) -> Counter[str]:
    with reading(store) as session:
        return Counter(str(use) for use in session.scalars(select(ExpertLabel.use)))


def test_points_become_subjects_with_the_experts_label(store: Store, shared_data: Path, tmp_path: Path) -> None:
    report = import_reef(store, shared_data, tmp_path)
    assert (report.n_taken, report.n_there, report.refused) == (24, 0, ())
    expected = {(name, int(row), int(column)): label for name, row, column, label in expert_rows(shared_data, 3, 8)}
    with reading(store) as session:
        rows = session.execute(select(Subject, ExpertLabel.label).join(ExpertLabel)).all()
    assert {(s.name, s.row, s.column): label for s, label in rows} == {
        place: MOOREA.label_index(label) for place, label in expected.items()
    }


def test_importing_twice_changes_nothing(store: Store, shared_data: Path, tmp_path: Path) -> None:
    first = import_reef(store, shared_data, tmp_path)
    before = everything(store)
    again = import_reef(store, shared_data, tmp_path)
    assert (again.n_taken, again.n_there, again.refused) == (0, first.n_taken, ())
    assert everything(store) == before


def test_each_point_has_its_patch_before_anybody_looks_gold_or_not(
    store: Store, shared_data: Path, tmp_path: Path
) -> None:
    import_reef(store, shared_data, tmp_path)
    with reading(store) as session:
        rows = session.execute(select(Image.sha256, Subject.row, Subject.column).join(Image)).all()
    assert len(rows) == 24
    images = tmp_path / "images"
    for sha256 in {sha256 for sha256, _, _ in rows}:
        image_path(images, sha256).unlink()
    assert all(patch(images, *row, MOOREA.patch_px) for row in rows)


def test_gold_is_whole_images_and_the_same_on_every_run(store: Store, shared_data: Path, tmp_path: Path) -> None:
    import_reef(store, shared_data, tmp_path)
    with reading(store) as session:
        rows = session.execute(select(Subject.name, ExpertLabel.use).join(ExpertLabel)).all()
    gold = {name for name, use in rows if use != GoldUse.REFERENCE}
    assert len(gold) == 1
    assert all((name in gold) == (use != GoldUse.REFERENCE) for name, use in rows)
    assert gold == {"mcr_lter1_fringingreef_pole1-2_qu5_20080415.jpg"}  # Which one is a matter of the hash.


def test_gold_has_no_opening_and_all_others_one_for_every_choice_set(
    store: Store, shared_data: Path, tmp_path: Path
) -> None:
    report = import_reef(store, shared_data, tmp_path)
    with reading(store) as session:
        openings = session.execute(select(Opening.subject_id, Opening.choice_set)).all()
        gold = set(session.scalars(select(ExpertLabel.subject_id).where(ExpertLabel.use != GoldUse.REFERENCE)))
    assert len(openings) == 2 * (report.n_taken - report.n_gold)
    assert Counter(choice_set for _, choice_set in openings).keys() == {"groups", "labels"}
    assert gold.isdisjoint(subject_id for subject_id, _ in openings)
    assert len(gold) == report.n_gold == 8


def test_gold_can_be_drawn_subject_by_subject(store: Store, shared_data: Path, tmp_path: Path) -> None:
    report = import_reef(store, shared_data, tmp_path, gold=GoldShare(0.25, GoldBy.SUBJECT))
    assert report.n_gold == 6
    with reading(store) as session:
        rows = session.execute(select(Subject.name).join(ExpertLabel).where(ExpertLabel.use != GoldUse.REFERENCE))
        assert len(set(rows.scalars())) > 1


def test_a_few_of_many_gold_subjects_teach(store: Store, shared_data: Path, tmp_path: Path) -> None:
    import_reef(store, shared_data, tmp_path, (2, 60), GoldShare(0.5))
    with reading(store) as session:
        rows = session.execute(select(ExpertLabel.label, ExpertLabel.use)).all()
    teaching = Counter(label for label, use in rows if use == GoldUse.TEACHING)
    gold = Counter(label for label, use in rows if use != GoldUse.REFERENCE)
    assert teaching == {label: min(2, n // 4) for label, n in gold.items() if n >= 4}
    assert teaching.total() > 0


def test_gold_that_the_project_names_is_taken_as_it_says(store: Store, shared_data: Path, tmp_path: Path) -> None:
    first, second = expert_rows(shared_data, 1, 2)
    named = (
        Gold(first[0], "Porit", GoldUse.TEACHING, "See the tiny cups.", int(first[1]), int(first[2])),
        Gold(second[0], "Sand", GoldUse.REFERENCE, "", int(second[1]), int(second[2])),
    )
    table = write_table(tmp_path / "annotations.csv", expert_rows(shared_data, 2, 20))
    to = destination(store, tmp_path / "images", replace(MOOREA, gold=named))
    import_points(to, shared_data / "moorea_quadrats", table, GoldShare(0.5), quiet)
    with reading(store) as session:
        kept = session.scalars(select(ExpertLabel).order_by(ExpertLabel.subject_id).limit(2)).all()
        n_teaching = session.scalars(select(ExpertLabel).where(ExpertLabel.use == GoldUse.TEACHING)).all()
    assert [(one.label, one.use) for one in kept] == [(0, "teaching"), (5, "reference")]
    assert kept[0].why == "See the tiny cups."
    assert len(n_teaching) == 1


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(store: Store, shared_data: Path, tmp_path: Path, share: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        import_reef(store, shared_data, tmp_path, gold=GoldShare(share))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["a.png", "1", "1", "Kelp"], "no label “Kelp”"),
        (["a.png", "40", "1", "Sand"], "outside the picture, which is 60 pixels wide and 40 high"),
        (["a.png", "1", "60", "Sand"], "outside the picture"),
        (["c.png", "1", "1", "Sand"], "no picture “c.png”"),
        (["b.jpg", "1", "1", "Sand"], "no JPEG, PNG or WebP"),
        ([".", "1", "1", "Sand"], "no picture “.”"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_reason(taken: Reef, row: list[str], reason: str) -> None:
    report = taken([["a.png", "1", "1", "Sand"], row, ["a.png", "2", "2", "Sand"]])
    assert (report.n_taken, report.n_there) == (2, 0)
    assert [refused.line for refused in report.refused] == [3]
    assert reason in report.refused[0].reason
    assert report.refused[0].reason.endswith(".")


def test_the_same_row_twice_is_one_subject(taken: Reef) -> None:
    report = taken([["a.png", "1", "1", "Porit"], ["a.png", "1.0", "1", "Porites"]])
    assert (report.n_taken, report.n_there, report.refused) == (1, 1, ())


def test_an_import_never_changes_what_experts_said(taken: Reef) -> None:
    taken([["a.png", "1", "1", "Sand"], ["a.png", "2", "2", ""]])
    report = taken([["a.png", "1", "1", "Turf"], ["a.png", "2", "2", "Sand"]])
    assert (report.n_taken, report.n_there) == (0, 0)
    assert "there already, with the label Sand" in report.refused[0].reason
    assert "there already, without a label" in report.refused[1].reason


def test_a_row_without_label_is_a_plain_subject(store: Store, taken: Reef) -> None:
    assert taken([["a.png", "1", "1", ""]]).n_taken == 1
    with reading(store) as session:
        assert session.scalars(select(ExpertLabel)).all() == []
        assert len(session.scalars(select(Opening)).all()) == 2


def test_a_table_or_folder_that_is_not_there_is_named(store: Store, quadrat: Path, tmp_path: Path) -> None:
    to = destination(store, tmp_path / "images")
    for table in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            import_points(to, quadrat, table, GoldShare(0), quiet)
    table = write_table(tmp_path / "annotations.csv", [["a.png", "1", "1", "Sand"]])
    report = import_points(to, tmp_path / "nowhere", table, GoldShare(0), quiet)
    assert "nowhere" in report.refused[0].reason


def test_an_interrupted_import_can_be_run_again(store: Store, shared_data: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "annotations.csv", expert_rows(shared_data, 3, 8))
    to = destination(store, tmp_path / "images")

    def interrupt(done: int, _total: int, _text: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_points(to, shared_data / "moorea_quadrats", table, GoldShare(0.34), interrupt)
    report = import_points(to, shared_data / "moorea_quadrats", table, GoldShare(0.34), quiet)
    assert (report.n_taken, report.n_there, report.refused) == (8, 16, ())
    assert uses(store)["reference"] == 16


def test_progress_is_told_image_by_image(store: Store, shared_data: Path, tmp_path: Path) -> None:
    rows = expert_rows(shared_data, 2, 1)
    table = write_table(tmp_path / "annotations.csv", rows)
    told: list[tuple[int, int, str]] = []
    import_points(
        destination(store, tmp_path / "images"), shared_data / "moorea_quadrats", table, GoldShare(),
        lambda done, total, text: told.append((done, total, text)),
    )  # fmt: skip
    assert told == [(1, 2, rows[0][0]), (2, 2, rows[1][0])]


def test_whole_images_are_imported_by_the_columns_that_the_project_names(
    store: Store, shared_data: Path, tmp_path: Path
) -> None:
    with (shared_data / "koh_tao" / "labels.csv").open(newline="") as opened:
        rows = list(csv.reader(opened))[1:71]
    table = write_table(tmp_path / "labels.csv", rows, "file,label,multilabel")
    to = destination(store, tmp_path / "images", KOH_TAO)
    report = import_labelled_images(to, shared_data / "koh_tao", table, GoldShare(0.25), quiet)
    known = [row for row in rows if KOH_TAO.label_index(row[1]) is not None]
    assert report.n_taken == len(known) > 20
    assert [one.line for one in report.refused] == [n for n, row in enumerate(rows, start=2) if row not in known]
    again = import_labelled_images(to, shared_data / "koh_tao", table, GoldShare(0.25), quiet)
    assert (again.n_taken, again.n_there) == (0, len(known))
    with reading(store) as session:
        kept = list(session.execute(select(Subject.photograph, ExpertLabel.use).join(ExpertLabel)))
    judged = {photograph for photograph, use in kept if use != GoldUse.REFERENCE}
    assert {photograph for photograph, _ in kept} == {"20230412_0001", "20230412_0003"}
    assert [use == GoldUse.REFERENCE for _, use in kept] == [photograph not in judged for photograph, _ in kept]
    assert (len(judged), report.n_gold) == (1, sum(photograph in judged for photograph, _ in kept))


def test_points_know_the_site_that_the_pictures_name_tells(store: Store, shared_data: Path, tmp_path: Path) -> None:
    import_reef(store, shared_data, tmp_path, size=(1, 2))
    with reading(store) as session:
        known = set(session.execute(select(Subject.site, Subject.photograph)))
    assert known == {("lter1_fringingreef_pole1-2", None)}


def test_the_package_of_a_project_is_imported_with_its_gold(store: Store, tmp_path: Path) -> None:
    report = import_package(destination(store, tmp_path / "images", PLANKTON), quiet)
    assert (report.n_taken, report.refused) == (len(PLANKTON.subjects), ())
    assert uses(store) == Counter(str(gold.use) for gold in PLANKTON.gold)
    with reading(store) as session:
        whys = set(session.scalars(select(ExpertLabel.why).where(ExpertLabel.use == GoldUse.TEACHING)))
    assert whys == {gold.why for gold in PLANKTON.gold if gold.use is GoldUse.TEACHING}
    assert import_package(destination(store, tmp_path / "images", PLANKTON), quiet).n_taken == 0


def test_each_kind_of_project_has_its_own_import(store: Store, shared_data: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "annotations.csv", [])
    with pytest.raises(InvalidInput, match="whole images"):
        import_points(destination(store, tmp_path, KOH_TAO), shared_data / "koh_tao", table, GoldShare(), quiet)
    with pytest.raises(InvalidInput, match="are points"):
        import_labelled_images(destination(store, tmp_path, MOOREA), shared_data / "koh_tao", table, GoldShare(), quiet)
    with pytest.raises(InvalidInput, match="no package"):
        import_package(destination(store, tmp_path, MOOREA), quiet)


def test_labels_that_changed_their_order_stop_the_import(taken: Reef) -> None:
    taken([["a.png", "1", "1", "Sand"]])
    with pytest.raises(Conflict, match="Porit, OtherCoral"):
        taken([["a.png", "2", "2", "Sand"]], replace(MOOREA, labels=MOOREA.labels[::-1]))
