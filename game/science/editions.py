"""The two editions of a release: which subjects each may show, and the rows of their files."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from game.levels import GoldUse
from game.levels.openings import choice_masks
from game.science.findings import Finding, Findings
from game.science.sheets import milliseconds
from game.store.publications import ReleasedAnswer
from game.store.subjects import Place
from scoring import agreement, confusion
from scoring.consensus import best_choice

Row = dict[str, Any]

# Columns that say what follows with the model as one voice more.
WITH_MODEL = ("label_with_model", "confidence_with_model")


class Edition(StrEnum):
    COMPLETE = "complete"
    PUBLIC = "public"


@dataclass(frozen=True)
class Contents:
    """What one edition says. The public one is silent of all that is in play, and so of hidden gold, alike."""

    findings: Findings
    edition: Edition

    @cached_property
    def places(self) -> list[Place]:
        return [place for place in self.findings.rows.places if self._may_show(place.subject_id)]

    @cached_property
    def answers(self) -> list[ReleasedAnswer]:
        shown = {place.subject_id for place in self.places}
        return [one for one in self.findings.rows.answers if one.said.subject_id in shown]

    def rows(self, file: str) -> Iterable[Row]:
        """Of the file with this name."""
        makers: Mapping[str, Callable[[], Iterable[Row]]] = {
            "consensus.csv": lambda: map(self._consensus, self.places),
            "classifications.csv": self._classifications,
            "volunteers.csv": self._volunteers,
            "confusion.csv": self._confusion,
            "subjects.csv": lambda: map(_subject, self.places),
            "gold.csv": self._gold,
            "machine.csv": self._machine,
            "coralnet.csv": self._coralnet,
        }
        return makers[file]()

    def counts(self) -> dict[str, int]:
        """`labelled`: subjects that are not gold and have a consensus; `retired`: those of them that left play."""
        ordinary = self.findings.of_subject.keys() - self.findings.rows.gold.keys()
        found = [self.findings.of_subject[one.subject_id] for one in self.places if one.subject_id in ordinary]
        return {
            "subjects": len(self.places),
            "labelled": sum(one.n_given > 0 for one in found),
            "retired": sum(one.retired for one in found),
            "classifications": len(self.answers),
            "volunteers": len({one.said.volunteer_id for one in self.answers}),
        }

    def _may_show(self, subject_id: int) -> bool:
        if self.edition is Edition.COMPLETE:
            return True
        if subject_id in self.findings.rows.gold:
            return self.findings.rows.gold[subject_id][1] is GoldUse.TEACHING
        finding = self.findings.of_subject.get(subject_id)
        return finding is not None and finding.retired and subject_id not in self.findings.rows.in_play

    def _consensus(self, place: Place) -> Row:
        finding = self.findings.of_subject.get(place.subject_id)
        return {**_place(place), **self._belief(finding), **self._status(place, finding)}

    def _belief(self, finding: Finding | None) -> Row:
        project = self.findings.project
        codes = [label.code for label in project.labels]
        if finding is None or finding.n_given == 0:
            probabilities = (f"p_{code}" for code in codes)
            names = ("label", "confidence", *probabilities, "group", "group_confidence", *WITH_MODEL)
            return {**dict.fromkeys(names), "n": 0, "agreement": None}
        label = int(finding.posterior.argmax())
        masks = choice_masks(project)
        given = np.array([masks[str(one.choice)] for one in finding.said if one.choice in masks])
        return {
            "label": codes[label],
            "confidence": float(finding.posterior[label]),
            **{f"p_{code}": float(p) for code, p in zip(codes, finding.posterior, strict=True)},
            **self._group(finding),
            **self._with_model(finding),
            "n": finding.n_given,
            "agreement": agreement.agreement(given, label),
        }

    def _group(self, finding: Finding) -> Row:
        project = self.findings.project
        if not project.groups:
            return {"group": None, "group_confidence": None}
        of_label = [label.group for label in project.labels]
        masks = np.array([[code == group.code for code in of_label] for group in project.groups])
        best, confidence = best_choice(finding.posterior, masks)
        return {"group": project.groups[best].code, "group_confidence": confidence}

    def _with_model(self, finding: Finding) -> Row:
        if finding.with_model is None:
            return dict.fromkeys(WITH_MODEL)
        label = int(finding.with_model.argmax())
        told = (self.findings.project.labels[label].code, float(finding.with_model[label]))
        return dict(zip(WITH_MODEL, told, strict=True))

    def _status(self, place: Place, finding: Finding | None) -> Row:
        gold = self.findings.rows.gold.get(place.subject_id)
        if gold is not None:
            return {"status": "gold", "reason": gold[1]}
        if finding is None and self.findings.rows.machine(place.subject_id) is not None:
            return {"status": "machine_accepted", "reason": None}
        if finding is None or not finding.retired:
            return {"status": "open", "reason": None}
        return {"status": "retired", "reason": finding.reason}

    def _classifications(self) -> Iterator[Row]:
        code = {place.subject_id: place.code for place in self.places}
        gold, volunteers = self.findings.rows.gold, self.findings.rows.volunteers
        for one in self.answers:
            said = one.said
            yield {
                "classification": _code_of(one),
                "subject": code[said.subject_id],
                "volunteer": volunteers[said.volunteer_id].pseudonym,
                "level": one.level,
                "choice": said.choice,
                "abstention": said.abstention,
                "shown_ms": one.shown_ms,
                "given_ms": milliseconds(one.given_at),
                "gold": gold[said.subject_id][1] if said.subject_id in gold else None,
                "level_version": one.level_version,
                "code_version": one.code_version,
            }

    def _volunteers(self) -> Iterator[Row]:
        weights = self.findings.weights
        n = Counter(one.said.volunteer_id for one in self.answers)
        for volunteer_id in sorted(n):
            matrix = weights.confusions.get(volunteer_id)
            reliability = None if matrix is None else confusion.reliability(matrix)
            informed = None if reliability is None else confusion.informedness(reliability, len(weights.prior))
            volunteer = self.findings.rows.volunteers[volunteer_id]
            yield {
                "volunteer": volunteer.pseudonym,
                "role": volunteer.role,
                "simulated": volunteer.simulated,
                "n": n[volunteer_id],
                "n_gold": weights.n_gold.get(volunteer_id, 0),
                "reliability": reliability,
                "informedness": informed,
                "copies": weights.copies.get(volunteer_id),
            }

    def _confusion(self) -> Iterator[Row]:
        codes = [label.code for label in self.findings.project.labels]
        weights = self.findings.weights
        for volunteer_id in sorted({one.said.volunteer_id for one in self.answers}):
            matrix = weights.confusions.get(volunteer_id, weights.pooled)
            name = self.findings.rows.volunteers[volunteer_id].pseudonym
            for true, row in zip(codes, matrix, strict=True):
                for given, p in zip(codes, row, strict=True):
                    yield {"volunteer": name, "true": true, "given": given, "p": float(p)}

    def _gold(self) -> Iterator[Row]:
        labels, gold = self.findings.project.labels, self.findings.rows.gold
        for place in self.places:
            if place.subject_id in gold:
                label, use = gold[place.subject_id]
                yield {"subject": place.code, "label": labels[label].code, "use": use}

    def _machine(self) -> Iterator[Row]:
        """Of the subjects that the model named alone: they left play, so that both editions may show them."""
        rows, labels = self.findings.rows, self.findings.project.labels
        for place in rows.places:
            named = None if place.subject_id in self.findings.of_subject else rows.machine(place.subject_id)
            if named is not None:
                version, p = named
                best = int(p.argmax())
                told = {"label": labels[best].code, "confidence": float(p[best]), "model": version}
                yield {**_place(place), **told}

    def _coralnet(self) -> Iterator[Row]:
        labels, gold = self.findings.project.labels, self.findings.rows.gold
        for place in self.places:
            finding = self.findings.of_subject.get(place.subject_id)
            if place.subject_id in gold:
                label = gold[place.subject_id][0]
            elif finding is not None and self._is_sure(finding):
                label = int(finding.posterior.argmax())
            else:
                continue
            yield {"Name": place.name, "Row": place.row, "Column": place.column, "Label": labels[label].code}

    def _is_sure(self, finding: Finding) -> bool:
        rule = self.findings.project.retirement
        return finding.n_given >= rule.minimum and float(finding.posterior.max()) >= rule.confidence


def _place(place: Place) -> Row:
    return {
        "subject": place.code, "image": place.sha256, "name": place.name, "row": place.row, "column": place.column,
    }  # fmt: skip


def _subject(place: Place) -> Row:
    return {**_place(place), "photograph": place.photograph, "site": place.site}


def _code_of(answer: ReleasedAnswer) -> str:
    """Numbers that count up would tell how many answers between two others are kept back."""
    return hashlib.sha256(f"{answer.key} {answer.said.classification_id}".encode()).hexdigest()[:16]
