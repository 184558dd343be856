"""Which of what experts labelled becomes gold: the same on every run, on every machine."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from game.errors import InvalidInput
from game.levels import GoldUse, Project
from game.science.annotations import Annotation, Spot

# Of a label's gold, at most this many explain themselves, and never more than one in four: the others have to measure.
TEACHING_PER_LABEL = 2
GOLD_PER_TEACHING = 4

Key = TypeVar("Key", bound=Hashable)


class GoldBy(StrEnum):
    IMAGE = "image"
    SUBJECT = "subject"
    SITE = "site"


@dataclass(frozen=True)
class GoldShare:
    """Which share [0, 1] of what experts labelled becomes gold: whole images (all that was cut out of one
    photograph is one), subject by subject, or whole sites (where none is known, whole images)."""

    share: float = 0.25
    by: GoldBy = GoldBy.IMAGE


NO_GOLD = GoldShare(0.0)


@dataclass(frozen=True)
class Truth:
    """What experts say of a subject. Without `why` teaching gold explains itself by the field guide's hint."""

    label: int
    use: GoldUse
    why: str = ""


def choose_gold(project: Project, annotations: Sequence[Annotation], gold: GoldShare) -> dict[Spot, Truth]:
    """The truth about every labelled spot. What gold.csv names is as it says there; of the rest a share becomes gold.

    Raises InvalidInput for a share that is none.
    """
    if not 0 <= gold.share <= 1:
        raise InvalidInput(f"The share of gold is {gold.share}; it must lie between 0 and 1.")
    named = _named(project)
    labels = {row.spot: row.label for row in annotations if row.label is not None and row.spot not in named}
    units = {row.spot: _unit(row, gold.by) for row in annotations if row.spot in labels}
    chosen = _share_of(project, units, gold.share)
    teaches = any(truth.use is GoldUse.TEACHING for truth in named.values())
    teaching = set() if teaches else _teaching(project, {spot: labels[spot] for spot in chosen})
    uses = dict.fromkeys(chosen, GoldUse.HIDDEN) | dict.fromkeys(teaching, GoldUse.TEACHING)
    return {spot: Truth(label, uses.get(spot, GoldUse.REFERENCE)) for spot, label in labels.items()} | named


def _named(project: Project) -> dict[Spot, Truth]:
    index = {label.code: place for place, label in enumerate(project.labels)}
    return {(one.file, one.row, one.column): Truth(index[one.label], one.use, one.why) for one in project.gold}


def _unit(row: Annotation, by: GoldBy) -> Spot | str:
    """What is drawn: all spots of one become gold, or none."""
    if by is GoldBy.SUBJECT:
        return row.spot
    return row.site or row.whole if by is GoldBy.SITE else row.whole


def _share_of(project: Project, units: Mapping[Spot, Spot | str], share: float) -> set[Spot]:
    drawn = set(_drawn(project, set(units.values()), share))
    return {spot for spot, unit in units.items() if unit in drawn}


def _drawn(project: Project, keys: Iterable[Key], share: float) -> list[Key]:
    """A share of the keys, rounded, at least one where any is wanted. A hash draws: every time the same ones."""
    ordered = sorted(keys, key=lambda key: _hash(project, key))
    n = max(round(share * len(ordered)), 1) if share > 0 else 0
    return ordered[:n]


def _teaching(project: Project, labels: dict[Spot, int]) -> set[Spot]:
    of_label = defaultdict(list)
    for spot, label in labels.items():
        of_label[label].append(spot)
    return {
        spot
        for spots in of_label.values()
        for spot in sorted(spots, key=lambda spot: _hash(project, ("teaching", spot)))[
            : min(TEACHING_PER_LABEL, len(spots) // GOLD_PER_TEACHING)
        ]
    }


def _hash(project: Project, key: Hashable) -> bytes:
    return hashlib.sha256(f"{project.uuid} {key}".encode()).digest()
