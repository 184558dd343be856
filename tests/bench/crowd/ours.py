"""The one place where the benchmark touches our own consensus: whatever changes in scoring is followed here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoring import copies, head, redundancy
from scoring.answers import Answers
from scoring.arrays import Floats, Ints, Masks, log
from scoring.crowd import Judgement, judge
from scoring.dawid_skene import fit
from scoring.retirement import RetirementRule
from tests.bench.crowd.data import UNKNOWN, CrowdSet, no_gold

NAME = "Fathom"


def consensus(crowd: CrowdSet, gold: Ints) -> Floats:
    """The published posterior (S, K) of our one default."""
    return _judge(crowd, gold).posterior


def uncalibrated(crowd: CrowdSet, gold: Ints) -> Floats:
    """The same (S, K) as EM leaves it, before it is made to mean what it says."""
    return fit(crowd.answers, crowd.n_subjects, crowd.n_volunteers, gold).posterior


def iterate(crowd: CrowdSet, n_iterations: int) -> Floats:
    """Posterior (S, K) after exactly so many EM iterations: the work that is timed."""
    gold = no_gold(crowd)
    sizes = crowd.n_subjects, crowd.n_volunteers
    return fit(crowd.answers, *sizes, gold, n_iterations=n_iterations, tolerance=0.0).posterior


def suspects(crowd: CrowdSet, gold: Ints) -> tuple[Floats, Floats]:
    """Posterior (S, K) of a crowd that may hold copies, and how suspect every volunteer is (V,)."""

    def everyone(answers: Answers, weight: Floats) -> Floats:
        return fit(answers, crowd.n_subjects, 2 * crowd.n_volunteers, gold, weight=weight).posterior

    found = copies.find_copies(crowd.answers, crowd.n_subjects, crowd.n_volunteers, gold, everyone)
    answers = replace(crowd.answers, volunteer=found.voter)
    judged = judge(answers, crowd.n_subjects, 2 * crowd.n_volunteers, gold, weight=found.weight)
    return judged.posterior, found.evidence


def without(crowd: CrowdSet, gold: Ints, guilty: Masks) -> Floats:
    """Posterior (S, K) by the answers of those who are not `guilty` (V,) alone."""
    fair = ~guilty[crowd.volunteer]
    said = crowd.answers
    kept = replace(said, subject=said.subject[fair], volunteer=said.volunteer[fair], choice=said.choice[fair])
    return judge(kept, crowd.n_subjects, crowd.n_volunteers, gold).posterior


def with_features(crowd: CrowdSet) -> Floats:
    """Posterior (S, K) when subjects have features as well as answers."""
    assert crowd.features is not None
    gold = no_gold(crowd)

    def said(evidence: Floats) -> Floats:
        return fit(crowd.answers, crowd.n_subjects, crowd.n_volunteers, gold, evidence=evidence).log_weight

    weight = (crowd.votes.sum(axis=1) > 0).astype(float)
    ready = head.prepare(crowd.features, weight, np.random.default_rng(0))
    return head.learn(ready, said, crowd.n_labels).posterior


class Running:
    """Our consensus while answers come in: a full refit now and then, O(K) for each answer between."""

    minimum = RetirementRule().minimum

    def __init__(self, crowd: CrowdSet, gold: Ints) -> None:
        self.crowd, self.gold = crowd, gold
        self.refit(np.array([], int))

    def refit(self, rows: Ints) -> None:
        found = _judge(self.crowd.only(rows), self.gold)
        self.said, self.pooled = log(found.confusion), found.pooled
        self.voice, self.redundancy = redundancy.voices(found.confusion), self.told(found)
        self.log_weight, self.voices = found.log_weight, found.voices
        self.posterior = redundancy.publish(found.log_weight, found.voices, self.redundancy)
        known = self.gold != UNKNOWN
        self.posterior[known] = np.eye(self.crowd.n_labels)[self.gold[known]]

    def told(self, found: Judgement) -> float:
        """The redundancy that posteriors are told by."""
        return found.redundancy

    def add(self, row: int) -> Floats:
        subject, volunteer = self.crowd.subject[row], self.crowd.volunteer[row]
        log_weight = self.log_weight[subject]
        log_weight += self.said[volunteer, :, self.crowd.given[row]]
        self.voices[subject] += self.voice[volunteer]
        published = redundancy.publish(log_weight, self.voices[subject], self.redundancy)
        self.posterior[subject] = published
        return published


class Retiring(Running):
    """The same as cautiously as subjects retire."""

    def told(self, found: Judgement) -> float:
        return found.assured


class Unaided(Running):
    """The same without any gold: none is asked for, none is paid for."""

    def __init__(self, crowd: CrowdSet, gold: Ints) -> None:
        super().__init__(crowd, no_gold(crowd))


def _judge(crowd: CrowdSet, gold: Ints) -> Judgement:
    return judge(crowd.answers, crowd.n_subjects, crowd.n_volunteers, gold)
