"""Many classifications at once: as columns of numbers, some thirty bytes each, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.arrays import Floats, Ints, Masks

_UNKNOWN = -1
# Of the columns of AllSaid.
_KINDS = (np.int64, np.int64, np.int64, np.int16, np.int32)


class Said(NamedTuple):
    """One classification that counts: a choice's code or an abstention."""

    classification_id: int
    subject_id: int
    volunteer_id: int
    choice: str | None
    abstention: str | None
    shown_ms: int | None = None


@dataclass(frozen=True)
class AllSaid:
    """N classifications that count, in the order in which they were given. `word` is the place of what was said among
    the `words`, each a choice's code or an abstention."""

    classification_id: Ints
    subject_id: Ints
    volunteer_id: Ints
    word: NDArray[np.int16]
    shown_ms: NDArray[np.int32]
    words: tuple[tuple[str | None, str | None], ...]

    def __len__(self) -> int:
        return len(self.word)

    def __getitem__(self, which: Masks | slice) -> AllSaid:
        return AllSaid(
            self.classification_id[which], self.subject_id[which], self.volunteer_id[which], self.word[which],
            self.shown_ms[which], self.words,
        )  # fmt: skip

    def choices(self, codes: Iterable[str]) -> Ints:
        """(N,): the place of the choice among these codes; -1 for an abstention, and for a choice of another time."""
        place = {code: n for n, code in enumerate(codes)}
        return np.array([place.get(str(choice), -1) for choice, _ in self.words] or [0], dtype=np.int64)[self.word]

    def abstained(self, why: str) -> Masks:
        """(N,)."""
        return np.array([abstention == why for _, abstention in self.words] or [False], dtype=np.bool_)[self.word]

    @cached_property
    def shown_s(self) -> Floats:
        """(N,), NaN where it is not known."""
        return np.where(self.shown_ms == _UNKNOWN, np.nan, self.shown_ms / 1000)


def all_said(rows: Iterable[Sequence[Any]]) -> AllSaid:
    """Of rows with the columns of Said."""
    some = list(rows)
    return all_of([some] if some else [])


def all_of(portions: Iterable[Sequence[Sequence[Any]]]) -> AllSaid:
    """The same of rows that come some at a time; they are read once, and not kept."""
    places: dict[tuple[str | None, str | None], int] = {}
    parts: list[list[NDArray[Any]]] = [[np.zeros(0, kind)] for kind in _KINDS]
    for some in portions:
        ids, subjects, volunteers, choices, abstentions, *shown = zip(*some, strict=True)
        word = [places.setdefault(one, len(places)) for one in zip(choices, abstentions, strict=True)]
        known = [_UNKNOWN if one is None else one for one in shown[0]] if shown else [_UNKNOWN] * len(word)
        for part, kind, column in zip(parts, _KINDS, (ids, subjects, volunteers, word, known), strict=True):
            part.append(np.fromiter(column, kind, len(word)))
    # The parts of a column go before the next one is put together.
    classification_id, subject_id, volunteer_id, place, shown_ms = (np.concatenate(parts.pop(0)) for _ in _KINDS)
    return AllSaid(classification_id, subject_id, volunteer_id, place, shown_ms, tuple(places))


@dataclass(frozen=True)
class ById(Mapping[int, Floats]):
    """Rows of numbers (n, K) of things with these `ids` (n,), which ascend; reads like a dict of rows."""

    ids: Ints
    rows: Floats

    def __getitem__(self, one: int) -> Floats:
        place = int(np.searchsorted(self.ids, one))
        if place == len(self.ids) or self.ids[place] != one:
            raise KeyError(one)
        return np.asarray(self.rows[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids.tolist())

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, ids: Ints) -> Floats:
        """(m, K); NaN where there is none."""
        found = np.full((len(ids), self.rows.shape[1]), np.nan)
        place = places_among(self.ids, ids)
        found[place >= 0] = self.rows[place[place >= 0]]
        return found


def places_among(known: Ints, ids: Ints) -> Ints:
    """Where each of `ids` (m,) stands among the `known`, which ascend; -1 for nowhere."""
    if len(known) == 0:
        return np.full(len(ids), -1)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.asarray(np.where(known[place] == ids, place, -1))
