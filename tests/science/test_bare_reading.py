"""Reading a file of answers: whatever its form, the same answers; whatever is wrong, one sentence with the line."""

import csv
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from game.errors import InvalidInput
from game.science.bare.order import natural_order
from game.science.bare.reading import Keep, Wishes
from tests.science.bare import SMALL, read, said, written

ANSWERS = [("1", "ann", "cat"), ("1", "bob", "dog"), ("2", "ann", "dog"), ("2", "bob", "dog")]


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL.replace("task,worker", "subject,volunteer"),
        SMALL.replace(",", ";"),
        SMALL.replace(",", "\t"),
        SMALL.replace("\n", "\r\n"),
        "\ufeff" + SMALL,
        SMALL.replace("cat", '"cat"').replace("\n1,", '\n"1", '),
        "\n\n" + SMALL.replace("\n", "\n\n"),
        SMALL + ",,\n,,\n",
        SMALL.replace("task", " Task ").replace("ann", " ann "),
        SMALL.rstrip("\n"),
        "seen,label,worker,task\n,cat,ann,1\n9,dog,bob,1\n,dog,ann,2\n,dog,bob,2\n",
    ],
    ids="plain words semicolons tabs crlf mark quotes empty-lines empty-rows spaces no-end more".split(),
)  # fmt: skip
def test_the_same_answers_are_read_from_every_form_of_csv(text: str, tmp_path: Path) -> None:
    assert said(read(written(tmp_path, text))) == ANSWERS


def test_parquet_is_read_like_csv_with_integers_or_with_text(tmp_path: Path) -> None:
    columns = {"task": [2, 1, 1, 2], "worker": ["bob", "bob", "ann", "ann"], "label": ["dog", "dog", "cat", "dog"]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "answers.parquet")
    assert said(read(tmp_path / "answers.parquet")) == ANSWERS


def test_subjects_labels_and_volunteers_stand_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    crowd = read(written(tmp_path, "task,worker,label\n10,v10,3\n9,v9,10\n"))
    assert (crowd.subjects, crowd.volunteers, crowd.labels) == (("9", "10"), ("v9", "v10"), ("3", "10"))
    assert natural_order(["b2", "b10", "a", "-1", "7"]) == ["7", "-1", "a", "b2", "b10"]
    assert natural_order(["2", "-10", "1"]) == ["-10", "1", "2"]


def test_times_go_with_their_answers_and_may_be_missing(tmp_path: Path) -> None:
    text = "task,worker,label,time_ms\n2,a,x,1500\n1,b,y,\n1,a,x,20.5\n"
    assert read(written(tmp_path, text)).time_ms == pytest.approx([20.5, np.nan, 1500], nan_ok=True)
    continental = text.replace(",", ";").replace("20.5", "20,5")
    assert read(written(tmp_path, continental)).time_ms == pytest.approx([20.5, np.nan, 1500], nan_ok=True)


def test_an_empty_label_is_an_abstention_kept_out_and_counted(tmp_path: Path) -> None:
    crowd = read(written(tmp_path, SMALL + "3,ann,\n3,bob, \n"))
    assert said(crowd) == ANSWERS
    assert crowd.subjects == ("1", "2", "3")
    assert crowd.notes == ("2 of 6 answers name no label: abstentions, kept out.",)


def test_labels_can_be_listed_in_an_order_of_their_own(tmp_path: Path) -> None:
    assert read(written(tmp_path, SMALL), Wishes(labels=("dog", "eel", "cat"))).labels == ("dog", "eel", "cat")


def test_of_repeated_answers_the_first_or_the_last_can_be_kept(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL + "1,bob,cat\n1,bob,cat\n2,ann,dog\n")
    first, last = (read(path, Wishes(keep=keep)) for keep in (Keep.FIRST, Keep.LAST))
    assert said(first) == ANSWERS
    assert said(last) == [("1", "ann", "cat"), ("1", "bob", "cat"), ("2", "ann", "dog"), ("2", "bob", "dog")]
    assert first.notes == (
        "3 answers repeat an earlier one of the same volunteer to the same subject, 1 of them with another label "
        "(line 6: volunteer “bob”, subject “1”, as in line 3); the first one counts.",
    )


def test_the_order_of_the_rows_changes_nothing(shared_data: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    path = shared_data / "crowd" / "sdogs_1000ms" / "answers.csv"
    heading, *rows = path.read_text().splitlines()
    shuffled = written(tmp_path, "\n".join([heading, *(rows[place] for place in rng.permutation(len(rows)))]))
    one, other = read(path), read(shuffled)
    assert said(one) == said(other)
    assert (one.time_ms == other.time_ms).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "answers.csv is empty."),
        (" \n\n", "answers.csv is empty."),
        ("task,worker,label\n", "answers.csv has a heading and no answers."),
        ("task,label\n1,2\n", "no column “worker”; it has “task”, “label” and should have task,worker,label"),
        ("a,b,c\n1,2,3\n", "no column “task”, “worker”, “label”"),
        ("task,subject,worker,label\n1,1,2,3\n", "has the columns “task”, “subject”; only one of them can be meant"),
        ("task,worker,label,label\n1,1,2,3\n", "several columns “label”"),
        (SMALL + "3,ann\n", "answers.csv, line 6, has 2 cells where the heading has 3"),
        ('task,worker,label\n1,"a\nb",x\n1,2,x,y\n', "answers.csv, line 4, has 4 cells"),
        (SMALL + ",ann,cat\n", "line 6: the subject is empty"),
        (SMALL + "3, ,cat\n", "line 6: the volunteer is empty"),
        (SMALL + "1,ann,dog\n", "1 answer repeats .* 1 of them .*line 6: .*“ann”, .*“1”, as in line 2.; say"),
        (SMALL.replace("cat", "dog"), "Every answer of answers.csv is “dog”; a consensus needs two labels"),
        ("task,worker,label\n1,1,\n", "No answer of answers.csv names a label"),
        (SMALL + '3,ann,"cat\n', "line 6, is no CSV: unexpected end of data"),
        ("task,worker,label,time_ms\n1,1,a,5\n1,2,b,soon\n", "line 3: time_ms is “soon”, which is no number"),
        ("task,worker,label,time_ms\n1,1,a,5\n1,2,b,-1\n", "line 3: time_ms is “-1”, which is no duration"),
        ("task,worker,label\n" + "".join(f"1,{n},{n}\n" for n in range(1001)), "1,001 different labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence_that_names_the_place(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read(written(tmp_path, text))


def test_a_label_that_is_not_listed_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape("answers.csv, line 3: --labels does not list “dog”.")):
        read(written(tmp_path, SMALL), Wishes(labels=("cat", "eel")))


def test_files_that_are_no_tables_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape("none.csv cannot be read: No such file or directory.")):
        read(tmp_path / "none.csv")
    with pytest.raises(InvalidInput, match=re.escape("cannot be read: Is a directory.")):
        read(tmp_path)
    (tmp_path / "answers.csv").write_bytes("task,worker,label\n1,2,Krähe\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match=re.escape("answers.csv is not UTF-8 text")):
        read(tmp_path / "answers.csv")
    with pytest.raises(InvalidInput, match=re.escape("answers.parquet is no Parquet file")):
        read(written(tmp_path, SMALL, "answers.parquet"))
    pyarrow.parquet.write_table(pyarrow.table({"task": [[1]], "worker": [1], "label": [1]}), tmp_path / "lists.parquet")
    with pytest.raises(InvalidInput, match=re.escape("lists.parquet: the column “task” holds list")):
        read(tmp_path / "lists.parquet")


@pytest.mark.parametrize("name", ["dog", "labelme", "rte", "s_face", "zoo_snapshots_at_sea"])
def test_real_files_are_read_whole(name: str, shared_data: Path) -> None:
    path = shared_data / "crowd" / name / "answers.csv"
    with path.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert sorted(said(read(path))) == sorted((row["task"], row["worker"], row["label"]) for row in rows)


# Whatever a cell can hold but for the space around it and the characters that no UTF-8 file has.
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(str.strip).filter(bool)


@given(
    st.dictionaries(st.tuples(names, names), names, min_size=1, max_size=12),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_whatever_is_written_as_csv_comes_back(
    answers: dict[tuple[str, str], str], delimiter: str, end: str, marked: bool
) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["task", "worker", "label"])
    writer.writerows((*who, label) for who, label in answers.items())
    with TemporaryDirectory() as folder:
        path = written(Path(folder), ("\ufeff" if marked else "") + text.getvalue())
        crowd = read(path, Wishes(labels=(*dict.fromkeys([*answers.values(), "another", "one more"]),)))
    assert sorted(said(crowd)) == sorted((*who, label) for who, label in answers.items())
