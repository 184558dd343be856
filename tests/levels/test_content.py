"""What the projects that ship with the game hold."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from game.levels import GoldUse, Project, SubjectKind, check
from tests.levels.folders import LEVELS

SLUGS = sorted(path.parent.name for path in LEVELS.glob("*/project.toml"))


@pytest.mark.parametrize("slug", SLUGS)
def test_the_checker_finds_nothing_in_the_projects_that_ship(slug: str) -> None:
    assert check(LEVELS / slug) == []


def test_every_ladder_starts_open_and_each_further_level_follows_the_one_before(
    projects: dict[str, Project],
) -> None:
    for project in projects.values():
        assert [level.opens_after for level in project.levels] == [
            None,
            *(level.key for level in project.levels[:-1]),
        ]


def test_the_last_level_shows_the_least_gold(projects: dict[str, Project]) -> None:
    for project in projects.values():
        assert project.levels[-1].gold_floor == min(level.gold_floor for level in project.levels)


def test_the_built_in_pictures_all_lie_in_the_package(projects: dict[str, Project]) -> None:
    plankton = projects["plankton"]
    assert plankton.package is not None
    assert len(plankton.subjects) == 105
    assert all(plankton.package.path(file).read_bytes()[:2] == b"\xff\xd8" for file in plankton.subjects)


def test_a_third_of_the_built_in_pictures_is_gold_in_play_and_the_rest_is_reference(
    projects: dict[str, Project],
) -> None:
    plankton = projects["plankton"]
    uses = Counter(gold.use for gold in plankton.gold)
    assert uses == {GoldUse.TEACHING: 8, GoldUse.HIDDEN: 27, GoldUse.REFERENCE: 70}
    assert sorted(gold.file for gold in plankton.gold) == sorted(plankton.subjects)


def test_built_in_gold_is_spread_over_all_labels(projects: dict[str, Project]) -> None:
    plankton = projects["plankton"]
    hidden = Counter(gold.label for gold in plankton.gold if gold.use is GoldUse.HIDDEN)
    assert hidden.keys() == {label.code for label in plankton.labels}
    assert min(hidden.values()) >= 4


def test_built_in_gold_has_the_label_of_its_folder(projects: dict[str, Project]) -> None:
    assert all(gold.file.split("/")[0].lower() == gold.label for gold in projects["plankton"].gold)


def test_the_guide_shows_teaching_gold_and_nothing_else(projects: dict[str, Project]) -> None:
    plankton = projects["plankton"]
    teaching = {gold.file for gold in plankton.gold if gold.use is GoldUse.TEACHING}
    shown = {file for page in plankton.guide for file in page.examples}
    assert shown == teaching
    assert all(page.examples for page in plankton.guide)


def test_a_guide_page_begins_with_a_hint_of_one_sentence(projects: dict[str, Project]) -> None:
    for project in projects.values():
        for page in project.guide:
            assert 40 < len(page.hint) < 140, page.code
            assert page.hint.endswith(".")
            assert "**" not in page.hint


def test_a_tutorial_has_three_to_five_short_steps(projects: dict[str, Project]) -> None:
    for project in projects.values():
        assert 3 <= len(project.tutorial) <= 5
        assert all(step.startswith("## ") and len(step.split()) < 90 for step in project.tutorial)


def test_the_tutorial_of_points_speaks_of_the_cross_hair(projects: dict[str, Project]) -> None:
    for project in projects.values():
        if project.subject_kind is SubjectKind.POINT:
            assert any("cross-hair" in step for step in project.tutorial)


@pytest.mark.parametrize(
    ("slug", "given", "code"),
    [
        ("moorea", "Porit", "Porit"),
        ("moorea", " acrop ", "OtherCoral"),
        ("galaxies", "1", "ring"),
        ("galaxies", "0", "no-ring"),
        ("koh_tao", "Dead", "dead"),
    ],
)
def test_a_label_is_found_by_code_or_alias_in_any_case(
    projects: dict[str, Project], slug: str, given: str, code: str
) -> None:
    index = projects[slug].label_index(given)
    assert index is not None
    assert projects[slug].labels[index].code == code


@pytest.mark.parametrize(("slug", "given"), [("moorea", "Off"), ("koh_tao", "healthy+dead"), ("koh_tao", "rubble")])
def test_what_is_no_label_is_refused_with_a_reason(projects: dict[str, Project], slug: str, given: str) -> None:
    assert projects[slug].label_index(given) is None
    assert len(projects[slug].imports.refused[given].split()) > 4


def test_galaxies_say_which_column_holds_the_label(projects: dict[str, Project]) -> None:
    assert (projects["galaxies"].imports.file, projects["galaxies"].imports.label) == ("file", "ring")


@pytest.mark.parametrize(
    ("slug", "table", "column", "strangers"),
    [
        ("moorea", "moorea_quadrats/annotations.csv", "Label", {"Off"}),
        ("koh_tao", "koh_tao/labels.csv", "label", {"healthy+dead", "rubble", "background", "stressor_only"}),
        ("galaxies", "galaxies/labels.csv", "ring", set()),
    ],
)
def test_every_label_of_the_real_tables_is_known_or_refused(
    projects: dict[str, Project], shared_data: Path, slug: str, table: str, column: str, strangers: set[str]
) -> None:
    with (shared_data / table).open(encoding="utf-8", newline="") as lines:
        given = {row[column] for row in csv.DictReader(lines)}
    unknown = {label for label in given if projects[slug].label_index(label) is None}
    assert unknown == strangers
    assert unknown <= projects[slug].imports.refused.keys()
