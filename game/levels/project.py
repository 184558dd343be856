"""What a project is once it has been read: frozen dataclasses, in the order in which a reader meets them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np

from game.errors import LevelError
from scoring.arrays import Masks
from scoring.retirement import RetirementRule


class SubjectKind(StrEnum):
    IMAGE = "image"
    POINT = "point"


class ChoiceSet(StrEnum):
    GROUPS = "groups"
    LABELS = "labels"


class GoldUse(StrEnum):
    """Teaching gold explains itself; hidden gold measures; reference gold is never used by play."""

    TEACHING = "teaching"
    HIDDEN = "hidden"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Group:
    code: str
    name: str
    colour: str


@dataclass(frozen=True)
class Label:
    code: str
    name: str
    group: str | None
    colour: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """`mask` has one entry a label of the project, (K,): True where the choice contains the label."""

    code: str
    name: str
    colour: str
    mask: tuple[bool, ...]


@dataclass(frozen=True)
class Level:
    """`gold_floor` is a share, [0, 1]; who reaches `recall` and `n_gold` opens the levels after this one."""

    key: str
    title: str
    summary: str
    choice_set: ChoiceSet
    choices: tuple[Choice, ...]
    round_size: int
    gold_floor: float
    opens_after: str | None
    recall: float
    n_gold: int

    @cached_property
    def version(self) -> str:
        """Eight hexadecimal digits that change whenever the level does: an answer says what was on offer."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class GuidePage:
    """`code` is a label's or a group's; `text` is markdown; `examples` are files of teaching gold."""

    code: str
    title: str
    text: str
    examples: tuple[str, ...]

    @property
    def hint(self) -> str:
        """The first paragraph: explains teaching gold that brings no explanation of its own."""
        return " ".join(self.text.split("\n\n", 1)[0].split())


@dataclass(frozen=True)
class Gold:
    """`row` and `column` are pixels, 0-based, from the top left; None for a whole image."""

    file: str
    label: str
    use: GoldUse
    why: str
    row: int | None
    column: int | None


@dataclass(frozen=True)
class ImportRules:
    """Columns of a table of whole images, and the labels that are turned away: as written → why.

    `photograph` and `site` are regular expressions: what their first group finds in a picture's name is the photograph
    that the picture was cut out of, and the place where it was taken.
    """

    file: str
    label: str
    refused: Mapping[str, str]
    photograph: str | None
    site: str | None

    def photograph_of(self, file: str) -> str | None:
        return _first_group(self.photograph, file)

    def site_of(self, file: str) -> str | None:
        return _first_group(self.site, file)


def _first_group(expression: str | None, file: str) -> str | None:
    found = None if expression is None else re.search(expression, file)
    return (found[1] or None) if found else None


@dataclass(frozen=True)
class Package:
    """An installed distribution whose files are a project's images. It is read, never imported."""

    name: str
    folder: str

    def path(self, file: str) -> Path:
        """Raises LevelError if the distribution is not installed or `file` leaves its folder."""
        try:
            folder = Path(str(metadata.distribution(self.name).locate_file(self.folder))).resolve()
        except metadata.PackageNotFoundError:
            raise LevelError(f"The package {self.name}, which carries the pictures, is not installed.") from None
        path = (folder / file).resolve()
        if not path.is_relative_to(folder):
            raise LevelError(f"{file!r} lies outside {self.folder} of the package {self.name}.")
        return path


@dataclass(frozen=True)
class Project:
    """`patch_px` is the side of the patch around a point, in pixels of the image; 0 for whole images. After
    `retrain_after_days` any new answer makes a release due; 0: never."""

    slug: str
    uuid: str
    title: str
    summary: str
    science: str
    licence: str
    credit: str
    cite: str
    subject_kind: SubjectKind
    patch_px: int
    labels: tuple[Label, ...]
    groups: tuple[Group, ...]
    levels: tuple[Level, ...]
    retirement: RetirementRule
    retrain_after_days: int
    imports: ImportRules
    package: Package | None
    subjects: tuple[str, ...]
    gold: tuple[Gold, ...]
    tutorial: tuple[str, ...]
    guide: tuple[GuidePage, ...]
    folder: Path

    def label_index(self, given: str) -> int | None:
        """Index 0…K-1 of the label with this code or alias, in any case; None if there is none."""
        wanted = given.strip().casefold()
        for index, label in enumerate(self.labels):
            if wanted in {name.casefold() for name in (label.code, *label.aliases)}:
                return index
        return None

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Every choice that some level offers, once, in the order of the levels."""
        return tuple({choice.code: choice for level in self.levels for choice in level.choices}.values())

    @cached_property
    def choice_masks(self) -> dict[str, Masks]:
        """Code → the labels that this choice contains, (K,)."""
        return {choice.code: np.array(choice.mask, dtype=np.bool_) for choice in self.choices}

    @cached_property
    def choice_sets(self) -> tuple[ChoiceSet, ...]:
        return tuple(dict.fromkeys(level.choice_set for level in self.levels))

    @cached_property
    def offered(self) -> dict[ChoiceSet, Masks]:
        """The choices of each choice set, (C, K)."""
        first = {level.choice_set: level for level in reversed(self.levels)}
        return {one: np.array([choice.mask for choice in first[one].choices], dtype=np.bool_) for one in first}

    @cached_property
    def counted(self) -> dict[ChoiceSet, frozenset[str]]:
        """Codes of the choices, of any level, that lie within one choice of the choice set."""
        return {
            one: frozenset(code for code, mask in self.choice_masks.items() if (mask <= choices).all(axis=1).any())
            for one, choices in self.offered.items()
        }

    @cached_property
    def _level_of(self) -> dict[str, Level]:
        return {level.key: level for level in self.levels}

    def level(self, key: str) -> Level | None:
        return self._level_of.get(key)

    def guide_page(self, code: str) -> GuidePage | None:
        return next((page for page in self.guide if page.code == code), None)
