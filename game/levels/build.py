"""Builds a Project from a folder whose keys and columns are known to be well formed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from game.levels.files import Row, rows_of, steps_of, text_of, toml_document
from game.levels.keys import KEYS, TOP
from game.levels.project import (
    Choice,
    ChoiceSet,
    Gold,
    GoldUse,
    Group,
    GuidePage,
    ImportRules,
    Label,
    Level,
    Package,
    Project,
    SubjectKind,
)
from scoring.retirement import RetirementRule

_Table = Mapping[str, Any]
_TEXTS = ("slug", "uuid", "title", "summary", "science", "licence", "credit", "cite")


def build(folder: Path) -> Project:
    document = _with_defaults(toml_document(folder / TOP), TOP)
    subjects = _with_defaults(document["subjects"], "subjects")
    labels = tuple(_label(_with_defaults(table, "labels")) for table in document["labels"])
    groups = tuple(Group(table["code"], table["name"], table["colour"]) for table in document["groups"])
    gold = tuple(_gold(row) for row in rows_of(folder / "gold.csv"))
    return Project(
        **{name: " ".join(document[name].split()) for name in _TEXTS},
        subject_kind=SubjectKind(subjects["kind"]),
        patch_px=subjects["patch_px"],
        labels=labels,
        groups=groups,
        levels=tuple(_level(_with_defaults(table, "levels"), labels, groups) for table in document["levels"]),
        retirement=RetirementRule(**document["retirement"]),
        retrain_after_days=document["retrain_after_days"],
        imports=ImportRules(**_with_defaults(document["import"], "import")),
        package=Package(subjects["package"], subjects["package_folder"]) if subjects["package"] else None,
        subjects=tuple(row.cells["file"] for row in rows_of(folder / "subjects.csv")),
        gold=gold,
        tutorial=steps_of(text_of(folder / "tutorial.md")),
        guide=_guide(folder / "guide", (*groups, *labels), gold),
        folder=folder,
    )


def choices_of(choice_set: ChoiceSet, labels: tuple[Label, ...], groups: tuple[Group, ...]) -> tuple[Choice, ...]:
    """The groups, or the labels one by one, in the order of project.toml."""
    if choice_set is ChoiceSet.GROUPS:
        return tuple(
            Choice(group.code, group.name, group.colour, tuple(label.group == group.code for label in labels))
            for group in groups
        )
    return tuple(
        Choice(label.code, label.name, label.colour, tuple(other is label for other in labels)) for label in labels
    )


def _with_defaults(table: _Table, name: str) -> dict[str, Any]:
    return {key.name: table.get(key.name, key.default) for key in KEYS[name]}


def _label(table: _Table) -> Label:
    return Label(table["code"], table["name"], table["group"], table["colour"], tuple(table["aliases"]))


def _level(table: _Table, labels: tuple[Label, ...], groups: tuple[Group, ...]) -> Level:
    choice_set = ChoiceSet(table["choices"])
    return Level(
        key=table["key"],
        title=table["title"],
        summary=table["summary"],
        choice_set=choice_set,
        choices=choices_of(choice_set, labels, groups),
        round_size=table["round_size"],
        gold_floor=table["gold_floor"],
        opens_after=table["opens_after"],
        recall=table["recall"],
        n_gold=table["n_gold"],
    )


def _gold(row: Row) -> Gold:
    cells = row.cells
    return Gold(
        file=cells["file"],
        label=cells["label"],
        use=GoldUse(cells["use"]),
        why=cells.get("why", ""),
        row=int(cells["row"]) if "row" in cells else None,
        column=int(cells["column"]) if "column" in cells else None,
    )


def _guide(folder: Path, named: tuple[Group | Label, ...], gold: tuple[Gold, ...]) -> tuple[GuidePage, ...]:
    """The pages that exist, groups first; a group's examples are those of its labels."""
    of_group = {entry.code: entry.group for entry in named if isinstance(entry, Label)}
    teaching = [one for one in gold if one.use is GoldUse.TEACHING]
    return tuple(
        GuidePage(
            code=entry.code,
            title=entry.name,
            text=text_of(folder / f"{entry.code}.md").strip(),
            examples=tuple(one.file for one in teaching if entry.code in (one.label, of_group.get(one.label))),
        )
        for entry in named
        if (folder / f"{entry.code}.md").exists()
    )
