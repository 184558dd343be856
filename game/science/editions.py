"""What the files of a release say, in columns; both editions have the same rows, the public one fewer of them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from game.levels import GoldUse
from game.levels.openings import choice_masks
from game.science.findings import Findings
from game.science.sheets import Columns
from game.store.publications import ReleasedAnswers
from game.store.subjects import Place
from scoring import agreement, confusion, consensus
from scoring.arrays import Floats, Ints, Masks

# Columns that say what follows with the model as one voice more.
WITH_MODEL = ("label_with_model", "confidence_with_model")
PLACES_AT_ONCE = 5_000
VOLUNTEERS_AT_ONCE = 500

# Rows of one file, and which of them the public edition has, too; None for all of them.
Some = tuple[str, Columns, Masks | None]


class Edition(StrEnum):
    COMPLETE = "complete"
    PUBLIC = "public"


@dataclass(frozen=True)
class Contents:
    """The public edition is silent of all that is in play, and so of hidden gold, alike."""

    findings: Findings

    @cached_property
    def _public_said(self) -> Masks:
        """(N,): of every answer, whether the public edition has it."""
        ids, place = np.unique(self.findings.rows.said.subject_id, return_inverse=True)
        return self.findings.public(ids)[place]

    def counts(self, edition: Edition) -> dict[str, int]:
        """`labelled`: subjects that are not gold and have a consensus; `retired`: those of them that left play."""
        people, volunteers = self.findings.people, self.findings.rows.said.volunteer_id
        shown = ~np.isin(people.ids, list(self.findings.rows.gold))
        if edition is Edition.PUBLIC:
            shown, volunteers = shown & self.findings.public(people.ids), volunteers[self._public_said]
        return {
            "labelled": int((people.tallies.given[shown].sum(axis=1) > 0).sum()),
            "retired": int(self.findings.retired[shown].sum()),
            "classifications": len(volunteers),
            "volunteers": len(np.unique(volunteers)),
        }

    def of_places(self, places: Iterator[Place]) -> Iterator[Some]:
        """The files that have a row for a subject; the places come in the order of their ids."""
        while some := list(islice(places, PLACES_AT_ONCE)):
            ids = np.array([place.subject_id for place in some], dtype=np.int64)
            public = self.findings.public(ids)
            told = _Told(self.findings, some, ids)
            yield "consensus.csv", told.consensus(), public
            yield "subjects.csv", told.subjects(), public
            yield "gold.csv", *told.gold(public)
            yield "machine.csv", told.machine(), None
            yield "coralnet.csv", *told.coralnet(public)

    def of_answers(self, portions: Iterator[ReleasedAnswers]) -> Iterator[Some]:
        uses = {one: str(use) for one, (_, use) in self.findings.rows.gold.items()}
        names = {one: volunteer.pseudonym for one, volunteer in self.findings.rows.volunteers.items()}
        for some in portions:
            columns: Columns = {
                "classification": list(map(_code_of, some.key, some.classification_id)),
                "subject": some.subject,
                "volunteer": [names[one] for one in some.volunteer_id],
                "level": some.level,
                "choice": some.choice,
                "abstention": some.abstention,
                "shown_ms": some.shown_ms,
                "given_ms": some.given_ms,
                "gold": list(map(uses.get, some.subject_id)),
                "level_version": some.level_version,
                "code_version": some.code_version,
            }
            yield "classifications.csv", columns, self.findings.public(np.array(some.subject_id, dtype=np.int64))

    def volunteers(self, edition: Edition) -> Iterator[Columns]:
        """Of volunteers.csv, which counts what the edition has."""
        weights = self.findings.weights
        for ids, n in self._portions(edition):
            found = [self.findings.rows.volunteers[one] for one in ids]
            matrices = [weights.confusions.get(one) for one in ids]
            reliability = [None if one is None else confusion.reliability(one) for one in matrices]
            n_labels = len(weights.prior)
            yield {
                "volunteer": [one.pseudonym for one in found],
                "role": [one.role for one in found],
                "simulated": [one.simulated for one in found],
                "n": n,
                "n_gold": [weights.n_gold.get(one, 0) for one in ids],
                "reliability": reliability,
                "informedness": [None if r is None else confusion.informedness(r, n_labels) for r in reliability],
                "copies": [weights.copies.get(one) for one in ids],
            }

    def confusion(self) -> Iterator[Some]:
        codes, weights = [label.code for label in self.findings.project.labels], self.findings.weights
        public = np.unique(self.findings.rows.said.volunteer_id[self._public_said])
        for ids, _ in self._portions(Edition.COMPLETE):
            names = [self.findings.rows.volunteers[one].pseudonym for one in ids]
            matrices = np.array([weights.confusions.get(one, weights.pooled) for one in ids])
            columns: Columns = {
                "volunteer": [name for name in names for _ in range(len(codes) ** 2)],
                "true": [true for true in codes for _ in codes] * len(ids),
                "given": codes * (len(codes) * len(ids)),
                "p": matrices.ravel().tolist(),
            }
            yield "confusion.csv", columns, np.repeat(np.isin(ids, public), len(codes) ** 2)

    def _portions(self, edition: Edition) -> Iterator[tuple[list[int], list[int]]]:
        """Ids of the volunteers with an answer in the edition, and how many each has."""
        ids = self.findings.rows.said.volunteer_id
        ids, n = np.unique(ids if edition is Edition.COMPLETE else ids[self._public_said], return_counts=True)
        for start in range(0, len(ids), VOLUNTEERS_AT_ONCE):
            some = slice(start, start + VOLUNTEERS_AT_ONCE)
            yield ids[some].tolist(), n[some].tolist()


@dataclass(frozen=True)
class _Told:
    """Some subjects, and where they stand among those that were answered."""

    findings: Findings
    places: Sequence[Place]
    ids: Ints

    @cached_property
    def place(self) -> Ints:
        return self.findings.place(self.ids)

    @cached_property
    def _answered(self) -> Masks:
        """Those that were given a label or a group."""
        n_given = np.append(self.findings.people.tallies.given.sum(axis=1), 0)
        return np.asarray(n_given[self.place] > 0)

    def consensus(self) -> Columns:
        return {**_place(self.places), **self._belief(), **self._with_model(), **self._count(), **self._status()}

    def subjects(self) -> Columns:
        photographs, sites = ([getattr(one, name) for one in self.places] for name in ("photograph", "site"))
        return {**_place(self.places), "photograph": photographs, "site": sites}

    def gold(self, public: Masks) -> tuple[Columns, Masks]:
        """With the rows that are public."""
        labels, gold = self.findings.project.labels, self.findings.rows.gold
        known = [n for n, one in enumerate(self.ids.tolist()) if one in gold]
        of = [gold[int(self.ids[n])] for n in known]
        return {
            "subject": [self.places[n].code for n in known],
            "label": [labels[label].code for label, _ in of],
            "use": [use for _, use in of],
        }, public[known]

    def machine(self) -> Columns:
        """Of the subjects that the model named alone: they left play, so that both editions may show them."""
        rows, labels = self.findings.rows, self.findings.project.labels
        named = [(n, rows.machine(one)) for n, one in enumerate(self.ids.tolist()) if self.place[n] < 0]
        told = [(n, *one) for n, one in named if one is not None]
        return {
            **_place([self.places[n] for n, _, _ in told]),
            "label": [labels[int(p.argmax())].code for _, _, p in told],
            "confidence": [float(p.max()) for _, _, p in told],
            "model": [version for _, version, _ in told],
        }

    def coralnet(self, public: Masks) -> tuple[Columns, Masks]:
        """With the rows that are public."""
        labels, gold = self.findings.project.labels, self.findings.rows.gold
        rule, posterior = self.findings.project.retirement, self._posterior
        sure = self._answered & (self._n_given >= rule.minimum) & (posterior.max(axis=1) >= rule.confidence)
        best = consensus.labels(posterior).tolist()
        label = [
            gold[one][0] if one in gold else best[n] if sure[n] else None for n, one in enumerate(self.ids.tolist())
        ]
        kept = [n for n, one in enumerate(label) if one is not None]
        some = [self.places[n] for n in kept]
        return {
            "Name": [one.name for one in some],
            "Row": [one.row for one in some],
            "Column": [one.column for one in some],
            "Label": [labels[label[n] or 0].code for n in kept],
        }, public[kept]

    @cached_property
    def _n_given(self) -> Ints:
        return np.asarray(np.append(self.findings.people.tallies.given.sum(axis=1), 0)[self.place])

    @cached_property
    def _posterior(self) -> Floats:
        """(n, K), of little worth where nobody answered."""
        return self.findings.posterior[np.maximum(self.place, 0)]

    def _belief(self) -> Columns:
        """Label and group; empty where nobody gave one."""
        project, answered = self.findings.project, self._answered
        codes, groups = [label.code for label in project.labels], project.groups
        columns: dict[str, Sequence[Any]] = {
            "label": _named(codes, self._posterior, answered),
            "confidence": _where(answered, self._posterior.max(axis=1)),
            **{f"p_{code}": _where(answered, p) for code, p in zip(codes, self._posterior.T, strict=True)},
        }
        masks = np.array([[label.group == group.code for label in project.labels] for group in groups])
        if not groups:
            nothing = [None] * len(self.ids)
            return columns | {"group": nothing, "group_confidence": nothing}
        of_group = self._posterior @ masks.T
        return columns | {
            "group": _named([group.code for group in groups], of_group, answered),
            "group_confidence": _where(answered, of_group.max(axis=1)),
        }

    def _with_model(self) -> Columns:
        if self.findings.with_model is None:
            return dict.fromkeys(WITH_MODEL, [None] * len(self.ids))
        p = self.findings.with_model[np.maximum(self.place, 0)]
        heard = self._answered & ~np.isnan(p[:, 0])
        codes = [label.code for label in self.findings.project.labels]
        columns = (_named(codes, np.nan_to_num(p), heard), _where(heard, np.nan_to_num(p).max(axis=1)))
        return dict(zip(WITH_MODEL, columns, strict=True))

    def _count(self) -> Columns:
        masks = np.array(list(choice_masks(self.findings.project).values()))
        given = self.findings.people.tallies.given[np.maximum(self.place, 0)]
        agreed = agreement.agreement(given, masks, consensus.labels(self._posterior))
        return {"n": self._n_given.tolist(), "agreement": _where(self._answered, agreed)}

    def _status(self) -> Columns:
        told = [self._state(one, place) for one, place in zip(self.ids.tolist(), self.place.tolist(), strict=True)]
        return {"status": [state for state, _ in told], "reason": [why for _, why in told]}

    def _state(self, subject_id: int, place: int) -> tuple[str, GoldUse | str | None]:
        rows = self.findings.rows
        if subject_id in rows.gold:
            return "gold", rows.gold[subject_id][1]
        if place < 0:
            return ("open" if rows.machine(subject_id) is None else "machine_accepted"), None
        reason = self.findings.reasons[place]
        return ("open" if reason is None else "retired"), reason


def _place(places: Sequence[Place]) -> dict[str, Sequence[Any]]:
    return {
        "subject": [one.code for one in places],
        "image": [one.sha256 for one in places],
        "name": [one.name for one in places],
        "row": [one.row for one in places],
        "column": [one.column for one in places],
    }


def _named(codes: Sequence[str], p: Floats, known: Masks) -> list[str | None]:
    """The code of the greatest of each row of p (n, K)."""
    best = consensus.labels(p).tolist()
    return [codes[place] if there else None for place, there in zip(best, known.tolist(), strict=True)]


def _where(known: Masks, numbers: Floats) -> list[float | None]:
    return [number if there else None for number, there in zip(numbers.tolist(), known.tolist(), strict=True)]


def _code_of(key: str, classification_id: int) -> str:
    """Numbers that count up would tell how many answers between two others are kept back."""
    return hashlib.sha256(f"{key} {classification_id}".encode()).hexdigest()[:16]
