"""Projects as content: reads and checks the folders of `levels/`."""

from game.levels.check import check
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
from game.levels.reader import read_project, read_projects

__all__ = [
    "Choice",
    "ChoiceSet",
    "Gold",
    "GoldUse",
    "Group",
    "GuidePage",
    "ImportRules",
    "Label",
    "Level",
    "Package",
    "Project",
    "SubjectKind",
    "check",
    "read_project",
    "read_projects",
]
