"""One description of the columns writes the file and the dictionary."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from game.science.sheets import GOLD, OpenSheet, Sheet, dictionary, milliseconds, sheets
from tests.science.reef import KOH_TAO, MOOREA

SHEET = Sheet("a.csv", "One row a thing.", {"name": "what it is called", "p": "how likely"})


def test_cells_are_written_in_one_way(tmp_path: Path) -> None:
    with OpenSheet(tmp_path, SHEET) as sheet:
        sheet.add(SHEET.lines({"p": [0.1 + 0.2, np.float64(1e-9)], "name": ["Ü, “1”", None]}))
        sheet.add(SHEET.lines({"name": ["not shown", True], "p": [0.5, False]}), np.array([False, True]))
        sheet.add(SHEET.lines({"name": ["two\nlines", 7], "p": [2 / 3, None]}))
    assert sheet.n_rows == 5
    told = 'name,p\n"Ü, “1”",0.3\n,1e-09\nyes,no\n"two\nlines",0.66666667\n7,\n'
    assert (tmp_path / "a.csv").read_bytes() == told.encode()


@pytest.mark.parametrize("columns", [{"name": ["a"]}, {"name": ["a"], "p": [1], "q": [2]}])
def test_rows_with_other_columns_are_our_own_mistake(columns: dict[str, list[object]]) -> None:
    with pytest.raises(ValueError, match=r"a\.csv"):
        SHEET.lines(columns)


def test_the_dictionary_describes_every_column() -> None:
    text = dictionary(MOOREA, [SHEET, GOLD])
    assert "## a.csv\n\nOne row a thing.\n" in text
    assert "| `p` | how likely |" in text
    assert "| `use` | " in text


def test_coralnets_form_is_for_points_only() -> None:
    assert "coralnet.csv" in {sheet.file for sheet in sheets(MOOREA)}
    assert "coralnet.csv" not in {sheet.file for sheet in sheets(KOH_TAO)}


def test_times_are_milliseconds_since_1970() -> None:
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC)) == 1999
