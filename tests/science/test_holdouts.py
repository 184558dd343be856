"""Hold-outs are read as trainers write them, and two are put side by side subject by subject."""

from pathlib import Path

import pytest

from game.errors import ArtifactError
from game.science.holdouts import OTHER, Examined, beside_commonest, pair, read_hold_out
from tests.science.examined import examined

TABLE = "subject,image,true,p_coral,p_sand\na1,i,coral,0.7,0.3\na2,i,sand,0.6,0.4\n"


def test_the_likeliest_label_is_the_one_given(tmp_path: Path) -> None:
    (tmp_path / "holdout.csv").write_text(TABLE)
    assert read_hold_out(tmp_path).subjects == {
        "a1": Examined("i", "coral", "coral"),
        "a2": Examined("i", "sand", "coral"),
    }


def test_what_was_cut_out_of_one_photograph_is_one_image(tmp_path: Path) -> None:
    table = "subject,image,photograph,true,p_coral,p_sand\na1,i,reef,coral,1,0\na2,j,reef,sand,1,0\n"
    (tmp_path / "holdout.csv").write_text(table)
    found = read_hold_out(tmp_path)
    assert [one.image for one in found.subjects.values()] == ["reef", "reef"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "measured on no hold-out subject"),
        ("subject,image,true,p_coral\n", "measured on no hold-out subject"),
        ("subject,true,p_coral\na,coral,1\n", "not what a trainer writes"),
        ("subject,image,true,p_coral\na,i,coral,much\n", "not what a trainer writes"),
        ("subject,image,true,p_coral,p_sand\na,i,coral,1\n", "not what a trainer writes"),
    ],
)
def test_what_is_no_hold_out_is_refused_in_words(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "holdout.csv").write_text(table)
    with pytest.raises(ArtifactError, match=words):
        read_hold_out(tmp_path)


def test_a_missing_hold_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holdout\.csv is missing"):
        read_hold_out(tmp_path)


def test_models_are_paired_on_the_subjects_that_both_held_out() -> None:
    old = examined("xxy", "xxx")
    new = examined("xxyy", "yxyz", image="iijj")
    found = pair(new, old)
    assert found
    assert found.labels == ("x", "y")
    assert found.image.tolist() == [0, 0, 1]
    assert (found.new.tolist(), found.old.tolist()) == ([1, 0, 1], [0, 0, 0])


def test_where_none_is_shared_there_is_no_pair() -> None:
    assert pair(examined("", ""), examined("x", "x")) is None


def test_the_commonest_label_is_the_same_for_all_and_the_first_of_equals() -> None:
    found = beside_commonest(examined("bbaac", "zbaac"))
    assert found.old.tolist() == [0] * 5
    assert found.new.tolist() == [OTHER, 1, 0, 0, 2]
