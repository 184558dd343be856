"""What the others believe while answers come in, one by one: plain EM with gold, shares, and the lead."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from scoring.arrays import Floats, Ints, log
from tests.bench.crowd.bayes import plain_em
from tests.bench.crowd.data import CrowdSet


class Running(Protocol):
    """A consensus under way; `posterior` (S, K) is what it would publish now."""

    posterior: Floats
    pooled: Floats  # (K, K) [true, given] of an average volunteer
    minimum: int  # answers a subject has at least before it may stop

    def refit(self, rows: Ints) -> None:
        """Everything anew from these rows of the set, the ones revealed so far."""

    def add(self, row: int) -> Floats:
        """Takes one more row in; returns its subject's posterior (K,)."""


class PlainEM:
    """Dawid and Skene's EM without shrinkage, gold clamped, refitted now and then."""

    minimum = 3

    def __init__(self, crowd: CrowdSet, gold: Ints) -> None:
        self.crowd, self.gold = crowd, gold
        k = crowd.n_labels
        newcomer = np.full((k, k), 0.3 / max(k - 1, 1)) + (0.7 - 0.3 / max(k - 1, 1)) * np.eye(k)
        self.pooled = newcomer
        self.said = np.broadcast_to(np.log(newcomer), (crowd.n_volunteers, k, k))
        self.evidence = np.full((crowd.n_subjects, k), -np.log(k))
        self.posterior = np.full((crowd.n_subjects, k), 1 / k)

    def refit(self, rows: Ints) -> None:
        self.posterior, confusion, _ = plain_em(self.crowd.only(rows), self.gold)
        self.said, self.evidence = log(confusion), log(self.posterior)
        self.pooled = average(confusion, self.crowd.only(rows))

    def add(self, row: int) -> Floats:
        subject = self.crowd.subject[row]
        evidence = self.evidence[subject]
        evidence += self.said[self.crowd.volunteer[row], :, self.crowd.given[row]]
        weight = np.exp(evidence - evidence.max())
        self.posterior[subject] = weight / weight.sum()
        return np.asarray(self.posterior[subject])


class Shares:
    """The share of the answers as confidence."""

    minimum = 3

    def __init__(self, crowd: CrowdSet, gold: Ints) -> None:
        self.crowd = crowd
        self.pooled = np.eye(crowd.n_labels)
        self.votes = np.zeros((crowd.n_subjects, crowd.n_labels))
        self.posterior = np.full(self.votes.shape, 1 / crowd.n_labels)

    def refit(self, rows: Ints) -> None:
        self.votes = self.crowd.only(rows).votes.copy()
        n = self.votes.sum(axis=1, keepdims=True)
        self.posterior = np.where(n > 0, self.votes / np.maximum(n, 1), 1 / self.crowd.n_labels)

    def add(self, row: int) -> Floats:
        subject = self.crowd.subject[row]
        self.votes[subject, self.crowd.given[row]] += 1
        self.posterior[subject] = self.votes[subject] / self.votes[subject].sum()
        return np.asarray(self.posterior[subject])


class Lead(Shares):
    """Confidence says how far the leader is ahead: 1 - 2^-lead, so 1 ahead is .5, 2 ahead .75, 5 ahead .97.

    Only the order of these numbers means anything: the rule "stop when the leader is k ahead" states none.
    """

    minimum = 1

    def refit(self, rows: Ints) -> None:
        self.votes = self.crowd.only(rows).votes.copy()
        self.posterior = np.stack([self._leading(votes) for votes in self.votes])

    def add(self, row: int) -> Floats:
        subject = self.crowd.subject[row]
        self.votes[subject, self.crowd.given[row]] += 1
        self.posterior[subject] = self._leading(self.votes[subject])
        return np.asarray(self.posterior[subject])

    def _leading(self, votes: Floats) -> Floats:
        first, second = np.sort(votes)[::-1][:2]
        top = (votes == first) / (votes == first).sum()
        confidence = 1 - 0.5 ** (first - second)
        return np.asarray(top * confidence if first > second else top / len(votes))


def average(confusion: Floats, crowd: CrowdSet) -> Floats:
    """(K, K), the matrix of whoever gives the next answer: confusions (V, K, K) by their number of answers."""
    n = np.bincount(crowd.volunteer, minlength=crowd.n_volunteers)
    return np.asarray(np.einsum("v,vtg->tg", n / n.sum(), confusion))
