"""Zooniverse exports: single choices of one question are read; what else an export holds is said in words."""

import re
from pathlib import Path

import pytest

from game.errors import InvalidInput
from game.science.bare.reading import Keep, Wishes
from tests.science.bare import EXPORT, SMALL, annotation, classification, export, read, said, written


def test_an_export_of_one_question_is_read_with_times_and_with_guests_told_apart(tmp_path: Path) -> None:
    path = export(
        tmp_path,
        [
            classification("101", "ann", annotation("T0", "Yes")),
            classification("101", "not-logged-in-3f", annotation("T0", "No")),
            classification("101", "", annotation("T0", "No"), user_ip="ab12", metadata="{}"),
            classification("99", "ann", annotation("T0", None)),
        ],
    )
    crowd = read(path)
    assert said(crowd) == [
        ("101", "ann", "Yes"),
        ("101", "not-logged-in-3f", "No"),
        ("101", "not-logged-in-ab12", "No"),
    ]
    assert crowd.time_ms == pytest.approx([3500, 3500, float("nan")], nan_ok=True)
    assert crowd.subject_word == "subject"
    assert crowd.notes == (
        "Read the task T0, 4 classifications.",
        "1 of 4 answers name no label: abstentions, kept out.",
    )


def two_questions(folder: Path) -> Path:
    return export(
        folder,
        [
            classification("1", "ann", annotation("T0", "Yes"), annotation("T1", "Whale")),
            classification("2", "ann", annotation("T0", "No"), gold_standard="true"),
            classification("2", "bob", annotation("T5", [annotation("T0", "Yes"), annotation("T1", "Seal")])),
            classification("3", "bob", annotation("T2", ["Big", "Blue"]), annotation("T3", [{"x": 1, "y": 2}])),
        ],
    )


def test_of_several_questions_one_must_be_chosen(tmp_path: Path) -> None:
    path = two_questions(tmp_path)
    with pytest.raises(InvalidInput, match=re.escape("--zooniverse-task: T0 (3 answers), T1 (2 answers).")):
        read(path)
    crowd = read(path, Wishes(zooniverse_task="T1"))
    assert said(crowd) == [("1", "ann", "Whale"), ("2", "bob", "Seal")]
    assert crowd.notes == (
        "Read the task T1, 2 classifications.",
        "2 classifications without an answer to it were left out.",
        "1 are marked gold_standard and count as any other; --gold takes experts' labels.",
    )


def test_the_same_task_of_two_workflows_is_two_questions(tmp_path: Path) -> None:
    asked = annotation("T0", "Yes")
    path = export(
        tmp_path,
        [
            classification("1", "ann", asked, workflow_id="7"),
            classification("1", "ann", annotation("T0", "No"), workflow_id="8"),
            classification("1", "bob", annotation("T0", "Maybe"), workflow_id="8"),
        ],
    )
    with pytest.raises(InvalidInput, match=re.escape("--zooniverse-task: 7:T0 (1 answers), 8:T0 (2 answers).")):
        read(path, Wishes(zooniverse_task="T0"))
    assert said(read(path, Wishes(zooniverse_task="8:T0"))) == [("1", "ann", "No"), ("1", "bob", "Maybe")]


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("T2", "The task T2 of export.csv asks for several choices at once; only single choices can be read."),
        ("T3", "The task T3 of export.csv asks for drawings, a survey or other things that are no single choice"),
        ("T9", "export.csv has no task “T9” with single choices; it has T0 (3 answers), T1 (2 answers)."),
    ],
)
def test_a_question_that_is_no_single_choice_is_refused_in_words(task: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        read(two_questions(tmp_path), Wishes(zooniverse_task=task))


def test_an_export_without_any_single_choice_is_refused(tmp_path: Path) -> None:
    path = export(tmp_path, [classification("1", "ann", annotation("T0", ["a", "b"]))])
    with pytest.raises(InvalidInput, match=re.escape("export.csv holds no question with a single choice")):
        read(path)


def test_damaged_annotations_are_named_by_their_line(tmp_path: Path) -> None:
    path = export(
        tmp_path, [classification("1", "ann", annotation("T0", "a")), classification("1", "bob", annotations="[{")]
    )
    with pytest.raises(InvalidInput, match=re.escape("export.csv, line 3: annotations should be a JSON list")):
        read(path)


def test_who_was_asked_twice_is_an_error_until_it_is_said_which_answer_counts(tmp_path: Path) -> None:
    path = export(tmp_path, [classification("1", "ann", annotation("T0", label)) for label in ("Yes", "No")])
    with pytest.raises(InvalidInput, match=re.escape("1 answer repeats")):
        read(path)
    assert said(read(path, Wishes(keep=Keep.LAST))) == [("1", "ann", "No")]


def test_columns_that_are_not_needed_may_be_missing(tmp_path: Path) -> None:
    headings = [name for name in EXPORT if name not in ("user_ip", "metadata", "gold_standard", "workflow_id")]
    rows = [classification("1", user, annotation("T0", label)) for user, label in (("ann", "Yes"), ("bob", "No"))]
    path = export(tmp_path, [{name: row[name] for name in headings} for row in rows], headings)
    assert len(read(path).answers.subject) == 2


def test_a_task_can_only_be_chosen_in_an_export(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape("answers.csv is no Zooniverse classification export")):
        read(written(tmp_path, SMALL), Wishes(zooniverse_task="T0"))
