"""What is written: columns as scientists read them, whole files or none, and nothing over what is read."""

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from game.errors import InvalidInput
from game.science.bare.beside import NO_GOLD
from game.science.bare.judging import Judged, judge_crowd
from game.science.bare.sheets import consensus_columns
from game.science.bare.writing import check_places, parquet, text, write_all
from tests.science.bare import SMALL, read, written

COLUMNS = {"name": ("a", 'b "c", d'), "n": np.array([1, 2]), "p": np.array([1 / 3, np.nan])}


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Subject 1: a cat and a dog; 2: two dogs; 3: only abstentions; 4: gold, a cat, though Ann says dog; and more."""
    more = "".join(f"{n},{who},{'cat' if n % 2 else 'dog'}\n" for n in range(5, 25) for who in ("ann", "bob"))
    crowd = read(written(tmp_path, SMALL + "3,ann,\n4,ann,dog\n" + more))
    return judge_crowd(crowd, np.array([*[NO_GOLD] * 3, 0, *[NO_GOLD] * 20]))


def test_the_consensus_has_a_row_for_every_subject(judged: Judged) -> None:
    rows = list(csv.DictReader(StringIO(text(consensus_columns(judged)))))[:4]
    assert list(rows[0]) == "task label confidence p_cat p_dog n agreement entropy effective_votes gold".split()
    assert [row["task"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["n"] for row in rows] == ["2", "2", "0", "1"]
    assert [row["gold"] for row in rows] == ["0", "0", "0", "1"]
    assert [row["agreement"] for row in rows] == ["0.5", "1", "", "0"]
    assert (rows[1]["label"], rows[3]["label"], rows[3]["confidence"], rows[3]["entropy"]) == ("dog", "cat", "1", "0")
    assert (rows[2]["label"], rows[2]["confidence"]) == ("", "")
    for row in rows:
        p = np.array([float(row["p_cat"]), float(row["p_dog"])])
        assert p.sum() == pytest.approx(1)
        assert float(row["entropy"]) == pytest.approx(-(p[p > 0] * np.log(p[p > 0])).sum(), abs=1e-6)
        assert row["confidence"] in ("", f"{p.max():.8g}")


def test_csv_quotes_what_needs_it_and_leaves_empty_what_is_unknown() -> None:
    assert text(COLUMNS) == 'name,n,p\na,1,0.33333333\n"b ""c"", d",2,\n'


def test_parquet_holds_the_same_columns() -> None:
    assert pyarrow.parquet.read_table(BytesIO(parquet(COLUMNS))).to_pydict() == {
        "name": ["a", 'b "c", d'], "n": [1, 2], "p": [1 / 3, None],
    }  # fmt: skip


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "before", "out.csv")
    write_all({path: COLUMNS, tmp_path / "out.parquet": COLUMNS})
    assert path.read_text() == text(COLUMNS)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", "out.parquet"]


def test_after_an_error_nothing_is_left_and_nothing_is_changed(tmp_path: Path) -> None:
    path = written(tmp_path, "before", "out.csv")
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_all({path: COLUMNS, tmp_path / "no folder" / "out.csv": COLUMNS})
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]


def test_places_are_checked_before_any_work(tmp_path: Path) -> None:
    answers, folder = written(tmp_path, SMALL), tmp_path / "folder"
    folder.mkdir()

    def refused(sentence: str, *places: Path) -> None:
        with pytest.raises(InvalidInput, match=re.escape(sentence)):
            check_places(places, [answers])

    refused("is one of the files that are read; it would be lost.", folder / ".." / "answers.csv")
    refused("is named for two different files.", tmp_path / "a.csv", tmp_path / "a.csv")
    refused("is no file that can be replaced.", folder)
    refused("is no file that can be replaced.", Path("/dev/null"))
    refused("There is no folder", tmp_path / "nowhere" / "a.csv")
    check_places([tmp_path / "a.csv", tmp_path / "b.parquet"], [answers])
