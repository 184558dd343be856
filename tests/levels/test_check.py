"""What the checker says about folders that were broken on purpose."""

import shutil
from pathlib import Path

import pytest

from game.levels import check, read_project
from tests.levels.folders import LEVELS, findings_after

TOML_MISTAKES = [
    ('title = "Plankton', 'titel = "Plankton', 'project.toml: title is missing; add title = "…".'),
    ('title = "Plankton', 'titel = "Plankton', "'titel' is not known here; did you mean 'title'?"),
    (
        "[subjects]",
        "[subject]",
        "project.toml: subjects is missing; add a table that begins with the line [subjects].",
    ),
    ('kind = "image"', "", '[subjects]: kind is missing; add kind = "image" or "point".'),
    ('title = "Plankton of the North Sea"', "title = 7", "project.toml: title = 7 should be text in quotes."),
    ('title = "Plankton of the North Sea"', 'title = " "', "project.toml: title is empty; write some text"),
    ('slug = "plankton"', 'slug = "fish"', "slug = 'fish' should be the folder's name, 'plankton'."),
    ('uuid = "cf1b', 'uuid = "zzzz', "is not a UUID; make one with `python -c"),
    (
        'slug = "plankton"',
        "slug = plankton",
        "project.toml cannot be read as TOML: Invalid value (at line 1,",
    ),
    ('kind = "image"', 'kind = "points"', "kind = 'points' is not known; did you mean 'point'?"),
    ('kind = "image"', 'kind = "image"\npatch_px = 64', "patch_px is only for points; leave it out"),
    ("gold_floor = 0.2", "gold_floor = 20", "number 1: gold_floor = 20 should lie between 0 and 0.5."),
    ("gold_floor = 0.2", 'gold_floor = "many"', "number 1: gold_floor = 'many' should be a number."),
    ("n_gold = 15", "n_gold = 1.5", "[[levels]] number 2: n_gold = 1.5 should be a whole number."),
    ("n_gold = 15", "n_gold = true", "[[levels]] number 2: n_gold = True should be a whole number."),
    ('choices = "groups"', 'choices = "group"', "choices = 'group' is not known; did you mean 'groups'?"),
    (
        'opens_after = "families"',
        'opens_after = "family"',
        "opens_after = 'family' is no earlier level; did you mean 'famil",
    ),
    ('key = "kinds"', 'key = "families"', "families: another level has this key; choose a new one."),
    ('key = "kinds"', 'key = "Six kinds"', "the key may hold only small letters, digits and -."),
    ('code = "tripos"', 'code = "3pos"', "the code '3pos' may hold only letters, digits, _ and -"),
    ('code = "tripos"', 'code = "Diatoms"', "'Diatoms' names both diatoms and Diatoms"),
    ('group = "ciliates"', 'group = "ciliate"', "there is no group 'ciliate'; did you mean 'ciliates'?"),
    ('group = "ciliates"', 'group = "diatoms"', "no label belongs to the group 'ciliates'; remove it."),
    ('group = "ciliates"\n', "", "ciliophora: give it a group, one of: diatoms, ciliates"),
    ('colour = "#908678"', 'colour = "grey"', 'the colour of ciliophora should look like "#1f77b4".'),
    ('colour = "#908678"', 'colour = "#eeeeee"', "1.2 on a white page; choose a darker one (at least 3)."),
    ('colour = "#908678"', 'colour = "#222222"', "1.1 on the dark page; choose a lighter one (at least 3)."),
    ('colour = "#908678"', 'colour = "#8a5c26"', "bacillariophyceae and ciliophora apart; change one."),
    (
        "[[groups]]",
        "[retirement]\nminimum = 20\n\n[[groups]]",
        "minimum = 20 is more than maximum = 15; swap",
    ),
    (
        "[[groups]]",
        "[retirement]\nminimum_with_model = 4\n\n[[groups]]",
        "minimum_with_model = 4 is more than minimum = 3; the model may only make it less",
    ),
    (
        "[[groups]]",
        "[retirement]\nminimum_with_model = 1\n\n[[groups]]",
        "minimum_with_model = 1 should lie between 2 and 100.",
    ),
    (
        "[[groups]]",
        "[retirement]\nmachine_accepts_at = 0.5\n\n[[groups]]",
        "machine_accepts_at = 0.5 should lie between 0.9 and 0.999.",
    ),
    ("[[groups]]", '[import.refused]\nTripos = "no"\n\n[[groups]]', "'Tripos' is refused and also a label"),
    ("[[groups]]", '[import]\nphotograph = "(a"\n\n[[groups]]', "photograph = '(a' should be a regular expression"),
    ("[[groups]]", '[import]\nsite = "^a"\n\n[[groups]]', "site = '^a' should be a regular expression with one group"),
    ("[[groups]]", "labels = 3\n\n[[groups]]", "[subjects]: 'labels' is not known here"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), TOML_MISTAKES)
def test_a_mistake_in_project_toml_is_explained(plankton: Path, old: str, new: str, sentence: str) -> None:
    assert sentence in "\n".join(findings_after(plankton, "project.toml", old, new))


def test_a_ladder_without_an_open_level_is_explained(plankton: Path) -> None:
    findings = findings_after(plankton, "project.toml", "gold_floor = 0.2", 'opens_after = "families"')
    assert "no level is open from the start; leave opens_after out of the first." in "\n".join(findings)


def test_groups_that_do_not_exist_cannot_be_offered(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LEVELS / "galaxies", tmp_path / "galaxies"))
    findings = findings_after(folder, "project.toml", 'choices = "labels"', 'choices = "groups"')
    assert any('choices = "groups" needs two [[groups]] or more' in finding for finding in findings)


def test_points_need_the_size_of_their_patch(moorea: Path) -> None:
    findings = findings_after(moorea, "project.toml", "patch_px = 224\n", "")
    assert "a project of points needs patch_px, the side of the patch around a point; write 224." in findings[0]


GOLD_MISTAKES = [
    ("file,label,use,why", "file,label,purpose,why", "gold.csv, line 1: 'purpose' is not known here"),
    (
        "file,label,use,why",
        "label,file,use,why",
        "gold.csv, line 1: the heading should be file,label,use,why.",
    ),
    (",reference,", ",secret,", "use = 'secret' is not known; write one of: teaching, hidden, reference."),
    (",reference,", ",referense,", "use = 'referense' is not known; did you mean 'reference'?"),
    (",tripos,hidden", ",tripod,hidden", "the label 'tripod' is not known; did you mean 'tripos'?"),
    (",hidden,", ",hidden,It has horns.", "hidden gold never explains itself; leave why empty."),
    (",hidden,", ",teaching,", "teaching gold explains itself; write in why what there is to see."),
    (",hidden,", ",teaching,Small, dark and round.", "has too many cells; put text with commas in quotes."),
    ("Tripos/ecotaxa_", "Tripos/ecotax_", "the file is not in subjects.csv; did you mean 'Tripos/ecotaxa_"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), GOLD_MISTAKES)
def test_a_mistake_in_gold_csv_is_explained(plankton: Path, old: str, new: str, sentence: str) -> None:
    assert sentence in "\n".join(findings_after(plankton, "gold.csv", old, new))


def test_gold_named_twice_is_explained(plankton: Path) -> None:
    lines = (plankton / "gold.csv").read_text(encoding="utf-8").splitlines()
    (plankton / "gold.csv").write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")
    assert [finding[-30:] for finding in check(plankton)] == ["jpg' is listed twice; remove one."[-30:]]


def test_a_label_that_nobody_can_be_measured_on_is_named(plankton: Path) -> None:
    text = (plankton / "gold.csv").read_text(encoding="utf-8")
    (plankton / "gold.csv").write_text(text.replace(",tripos,hidden", ",tripos,reference"), encoding="utf-8")
    assert check(plankton) == ["gold.csv: no hidden gold for tripos, so nobody can be measured on it; add some."]


@pytest.mark.parametrize(("cell", "row"), [("row", "-1"), ("row", "top"), ("column", "2.5")])
def test_a_point_that_is_no_pixel_is_explained(moorea: Path, cell: str, row: str) -> None:
    point = f"{row},5" if cell == "row" else f"5,{row}"
    (moorea / "gold.csv").write_text(f"file,row,column,label,use,why\na.jpg,{point},CCA,hidden,\n", encoding="utf-8")
    assert check(moorea) == [
        f"gold.csv, line 2: {cell} = '{row}' should be a whole number of pixels from the top left."
    ]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("project.toml", "project.toml is missing from"),
        ("tutorial.md", "tutorial.md is missing; write three to five short steps"),
        ("subjects.csv", "subjects.csv is missing; list the package's files"),
        (
            "guide/tripos.md",
            "guide/tripos.md is missing; write what Horned dinoflagellate (Tripos) looks like",
        ),
    ],
)
def test_a_missing_file_is_named(plankton: Path, file: str, sentence: str) -> None:
    (plankton / file).unlink()
    assert [finding[: len(sentence)] for finding in check(plankton)] == [sentence]


@pytest.mark.parametrize("file", ["project.toml", "tutorial.md", "gold.csv", "subjects.csv", "guide/tripos.md"])
def test_a_file_that_is_not_text_is_named(plankton: Path, file: str) -> None:
    (plankton / file).write_bytes(b"\xff\xfe\x00broken")
    assert check(plankton) == [f"{Path(file).name} is not UTF-8 text; save it as UTF-8."]


def test_a_guide_page_of_no_label_is_explained(plankton: Path) -> None:
    (plankton / "guide" / "tripo.md").write_text("Three horns.", encoding="utf-8")
    assert check(plankton) == ["guide/tripo.md belongs to no label or group; did you mean 'tripos'?"]


def test_a_guide_page_that_begins_with_a_heading_is_explained(plankton: Path) -> None:
    (plankton / "guide" / "tripos.md").write_text("# Tripos\n\nThree horns.", encoding="utf-8")
    assert check(plankton) == ["guide/tripos.md begins with a heading; begin with a sentence, it is also the hint."]


def test_an_empty_step_and_an_empty_page_are_explained(plankton: Path) -> None:
    (plankton / "tutorial.md").write_text("Hello.\n\n---\n\n---\nGoodbye.", encoding="utf-8")
    (plankton / "guide" / "tripos.md").write_text("\n", encoding="utf-8")
    assert check(plankton) == [
        "tutorial.md: step 2 is empty; write it or remove a line ---.",
        "guide/tripos.md is empty; write what to look for.",
    ]


def test_a_picture_that_the_package_lacks_is_named(plankton: Path) -> None:
    with (plankton / "subjects.csv").open("a", encoding="utf-8") as subjects:
        subjects.write("Tripos/nowhere.jpg\n")
    assert check(plankton) == [
        "subjects.csv: 'Tripos/nowhere.jpg' is not among the files of planktonclas; remove the row."
    ]


def test_a_missing_package_is_a_finding_but_does_not_keep_the_project_from_being_read(plankton: Path) -> None:
    findings = findings_after(plankton, "project.toml", 'package = "planktonclas"', 'package = "plankton-not-here"')
    assert "The package plankton-not-here, which carries the pictures, is not installed." in findings[0]
    assert read_project(plankton).slug == "plankton"


def test_subjects_csv_belongs_to_packages_only(moorea: Path) -> None:
    (moorea / "subjects.csv").write_text("file\na.jpg\n", encoding="utf-8")
    assert check(moorea) == [
        "subjects.csv is only for a project whose pictures lie in a package; import yours instead."
    ]
