"""What a table of annotations asks for, and how its bad rows are refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from game.errors import InvalidInput
from game.science.annotations import CORALNET, Annotations, read_annotations
from tests.science.reef import MOOREA, write_table


def read(folder: Path, *rows: list[str], heading: str = "Name,Row,Column,Label") -> Annotations:
    return read_annotations(MOOREA, write_table(folder / "annotations.csv", rows, heading), CORALNET)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["a.png", "1", "1", "Kelp"], "The project has no label “Kelp”."),
        (["a.png", "1", "1", "off"], "“off” is refused: this is the frame, the ruler or the tape and not the reef."),
        (["a.png", "-1", "1", "Sand"], "Row is “-1”: it must be a whole number of pixels from the top left."),
        (["a.png", "1", "12.5", "Sand"], "Column is “12.5”: it must be a whole number of pixels from the top left."),
        (["a.png", "", "1", "Sand"], "Row is “”: it must be a whole number of pixels from the top left."),
        (["a.png", "nan", "1", "Sand"], "Row is “nan”: it must be a whole number of pixels from the top left."),
        (["a.png", "٣", "1", "Sand"], "Row is “٣”: it must be a whole number of pixels from the top left."),
        (["a.png"], "Row is “”: it must be a whole number of pixels from the top left."),
        (["", "1", "1", "Sand"], "No picture is named."),
        (["../pictures/a.png", "1", "1", "Sand"], "“../pictures/a.png” lies outside the folder of pictures."),
        (["/etc/passwd", "1", "1", "Sand"], "“/etc/passwd” lies outside the folder of pictures."),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_reason(tmp_path: Path, row: list[str], reason: str) -> None:
    found = read(tmp_path, ["a.png", "1", "1", "Sand"], row, ["a.png", "2", "2", "Sand"])
    assert [(one.line, one.reason) for one in found.refused] == [(3, reason)]
    assert [one.line for one in found.taken] == [2, 4]


@pytest.mark.parametrize("row", [["a.png", "9" * 5000, "1", ""], ["ü" * 128, "1", "1", ""], ["a\0.png", "1", "1", ""]])
def test_what_no_database_or_file_system_could_take_is_refused(tmp_path: Path, row: list[str]) -> None:
    assert len(read(tmp_path, row).refused) == 1


def test_one_point_with_two_labels_is_refused_on_both_lines(tmp_path: Path) -> None:
    found = read(tmp_path, ["a.png", "1", "1", "Sand"], ["a.png", "1", "2", "Turf"], ["a.png", "1", "1", "Turf"])
    assert [(one.line, one.reason) for one in found.refused] == [
        (2, "Lines 2 and 4 give the same place different labels."),
        (4, "Lines 2 and 4 give the same place different labels."),
    ]
    assert [one.line for one in found.taken] == [3]


def test_two_names_of_one_label_contradict_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, ["a.png", "1", "1", "Porit"], ["a.png", "1.0", "1", "porites"], ["a.png", "1", "1", ""])
    assert [one.label for one in found.taken] == [0, 0, None]


def test_columns_may_stand_in_any_order_and_case_among_others(tmp_path: Path) -> None:
    found = read(tmp_path, ["x", "Sand", "2", " a.png ", "1"], heading="Annotator,LABEL,column, name ,Row")
    assert [one.spot for one in found.taken] == [("a.png", 1, 2)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_marks_and_line_ends_of_other_programs_are_understood(tmp_path: Path, line_end: bytes) -> None:
    table = tmp_path / "annotations.csv"
    lines = [b"\xef\xbb\xbfName,Row,Column,Label", b'"a.png",1,2,Sand', b"", b"a.png,3,4,Sand"]
    table.write_bytes(line_end.join(lines))
    assert [one.spot for one in read_annotations(MOOREA, table, CORALNET).taken] == [("a.png", 1, 2), ("a.png", 3, 4)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "annotations.csv, line 1: the heading should name Name, Row, Column, Label; Name, Row, Column, Label is"),
        (b"Name,Row,Label\na.png,1,Sand\n", "Column is missing"),
        (b"Name;Row;Column;Label\n", "heading should name"),
        ("Name,Row,Column,Label\nä.png,1,1,Sand\n".encode("utf-16"), "not UTF-8"),
        (b'Name,Row,Column,Label\n"' + b"x" * 200_000, "is no CSV"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_as_a_whole(tmp_path: Path, content: bytes, reason: str) -> None:
    table = tmp_path / "annotations.csv"
    table.write_bytes(content)
    with pytest.raises(InvalidInput, match=reason):
        read_annotations(MOOREA, table, CORALNET)


@given(content=st.binary(max_size=80))
def test_no_file_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    table = tmp_path_factory.mktemp("tables") / "annotations.csv"
    table.write_bytes(b"Name,Row,Column,Label\n" + content)
    try:
        found = read_annotations(MOOREA, table, CORALNET)
    except InvalidInput as refused:
        assert str(refused)
    else:
        assert all(one.reason for one in found.refused)


def test_photograph_and_site_come_from_the_table_or_else_from_the_name(tmp_path: Path) -> None:
    rules = replace(MOOREA.imports, photograph="^(.+)_[0-9]+[.]", site="^([A-Z]+)-")
    rows = [["AB-7_1.png", "1", "1", "Sand", "", ""], ["AB-7_2.png", "1", "1", "Sand", "roll 3", "the bay"]]
    rows += [["a.png", "1", "1", "Sand", "", ""]]
    table = write_table(tmp_path / "annotations.csv", rows, "Name,Row,Column,Label,Photograph,SITE")
    found = read_annotations(replace(MOOREA, imports=rules), table, CORALNET).taken
    assert [(one.photograph, one.site) for one in found] == [("AB-7", "AB"), ("roll 3", "the bay"), (None, None)]
    assert [one.whole for one in found] == ["AB-7", "roll 3", "a.png"]


def test_a_site_that_no_database_could_take_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, ["a.png", "1", "1", "Sand", "x" * 256], heading="Name,Row,Column,Label,Site")
    assert [one.reason for one in found.refused] == [
        "The site is longer than 255 bytes or holds a character that no name can have."
    ]
