"""What the reader makes of a project's folder."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from game.errors import LevelError
from game.levels import ChoiceSet, GoldUse, Package, Project, read_project, read_projects
from tests.levels.folders import LEVELS, findings_after


def test_all_four_projects_are_read_by_their_slugs(projects: dict[str, Project]) -> None:
    assert list(projects) == ["galaxies", "koh_tao", "moorea", "plankton"]


def test_a_group_is_a_choice_that_contains_its_labels(projects: dict[str, Project]) -> None:
    first = projects["plankton"].levels[0]
    assert first.choice_set is ChoiceSet.GROUPS
    assert {choice.code: choice.mask for choice in first.choices} == {
        "diatoms": (True, True, False, False, False, False),
        "ciliates": (False, False, True, False, False, False),
        "dinoflagellates": (False, False, False, True, True, True),
    }


def test_a_label_is_a_choice_that_contains_itself_alone(projects: dict[str, Project]) -> None:
    for project in projects.values():
        for level in project.levels:
            if level.choice_set is ChoiceSet.LABELS:
                assert [choice.mask.index(True) for choice in level.choices] == list(range(len(project.labels)))
                assert all(sum(choice.mask) == 1 for choice in level.choices)


def test_every_choice_set_shares_out_all_labels_without_overlap(projects: dict[str, Project]) -> None:
    for project in projects.values():
        for level in project.levels:
            assert [sum(column) for column in zip(*(c.mask for c in level.choices), strict=True)] == [1] * len(
                project.labels
            )


def test_a_level_changes_its_version_when_it_changes(projects: dict[str, Project]) -> None:
    level = projects["moorea"].levels[1]
    assert re.fullmatch(r"[0-9a-f]{8}", level.version)
    assert replace(level, choices=level.choices[:-1]).version != level.version == replace(level).version


def test_text_over_several_lines_is_read_as_one(projects: dict[str, Project]) -> None:
    assert all("\n" not in text for p in projects.values() for text in (p.science, p.cite, p.credit, p.summary))


def test_retirement_may_be_set_for_one_project(moorea: Path) -> None:
    findings = findings_after(moorea, "project.toml", "[[groups]]", "[retirement]\nmaximum = 9\n\n[[groups]]")
    assert findings == []
    rule = read_project(moorea).retirement
    assert (rule.maximum, rule.minimum, rule.confidence) == (9, 3, 0.95)
    assert (rule.minimum_with_model, rule.machine_accepts_at) == (2, None)


def test_gold_of_points_has_a_row_and_a_column(moorea: Path) -> None:
    (moorea / "gold.csv").write_text("file,row,column,label,use,why\nsquare.jpg,7,12,CCA,hidden,\n", encoding="utf-8")
    gold = read_project(moorea).gold[0]
    assert (gold.row, gold.column, gold.use) == (7, 12, GoldUse.HIDDEN)


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(LevelError, match=r"package no-such-package.*is not installed"):
        Package("no-such-package", ".").path("a.jpg")


def test_a_package_file_cannot_leave_the_package_folder() -> None:
    with pytest.raises(LevelError, match="lies outside"):
        Package("planktonclas", "planktonclas/resources/demo-images").path("../../__init__.py")


def test_a_broken_project_is_not_read_and_the_error_names_folder_and_file(plankton: Path) -> None:
    findings_after(plankton, "project.toml", 'kind = "image"', 'kind = "picture"')
    with pytest.raises(LevelError, match=r"^plankton/project.toml, \[subjects\]: kind = 'picture' is not known"):
        read_project(plankton)


def test_a_folder_copied_with_its_uuid_is_not_read(tmp_path: Path) -> None:
    for slug in ("moorea", "moorea_copy"):
        shutil.copytree(LEVELS / "moorea", tmp_path / slug)
    toml = tmp_path / "moorea_copy" / "project.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace('slug = "moorea"', 'slug = "moorea_copy"'), encoding="utf-8"
    )
    with pytest.raises(LevelError, match=r"moorea_copy/project\.toml has the uuid of moorea; make one with"):
        read_projects(tmp_path)


def test_a_folder_without_projects_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LevelError, match="No project found"):
        read_projects(tmp_path)
