"""Judging a crowd: the consensus of all its subjects, with what was given beside the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from game.science.bare.beside import NO_GOLD
from game.science.bare.reading import Crowd
from scoring import head, voter
from scoring.arrays import Floats, Ints, Masks, log
from scoring.copies import Copies
from scoring.crowd import Judgement, find_alike, judge

# What is judged with a model's evidence (S, K), or without any.
Consensus: TypeAlias = Callable[[Floats | None], Judgement]
# What a model adds to the answers (S, K), in nats, 0 where it says nothing.
Model: TypeAlias = Callable[[Consensus], Floats]


@dataclass(frozen=True)
class Judged:
    """All that was put in and all that came out."""

    crowd: Crowd
    gold: Ints  # (S,), NO_GOLD where experts said nothing
    copies: Copies  # Groups of volunteers whose answers are too much alike: each group shares one vote.
    evidence: Floats | None  # (S, K), what a model adds, in nats; 0 where it says nothing
    judgement: Judgement  # Of V + G voters: every volunteer, then every group
    n_answers: Ints  # (S,)
    n_agreeing: Ints  # (S,), answers that are the published label

    @property
    def label(self) -> Ints:
        """The published label (S,): the most probable one."""
        return np.asarray(self.judgement.posterior.argmax(axis=1))

    @property
    def known(self) -> Masks:
        """Where there is anything to go by (S,): an answer, a model's word or an expert's."""
        predicted = False if self.evidence is None else self.evidence.any(axis=1)
        return np.asarray((self.n_answers > 0) | (self.gold != NO_GOLD) | predicted)

    @property
    def voter(self) -> Ints:
        """As which voter each volunteer (V,) counts: as herself, or as her group."""
        group = self.copies.group
        return np.where(group < 0, np.arange(len(group)), len(group) + group)

    @property
    def confusion(self) -> Floats:
        """(V, K, K) [true, given], of each volunteer; those of a group share the group's."""
        return self.judgement.confusion[self.voter]


def judge_crowd(crowd: Crowd, gold: Ints, model: Model | None = None) -> Judged:
    """`gold` (S,) holds true labels, NO_GOLD for none."""
    answers, n_subjects, n_volunteers = crowd.answers, len(crowd.subjects), len(crowd.volunteers)

    copies = find_alike(answers, n_subjects, n_volunteers, gold)
    n_voters = n_volunteers + int(copies.group.max(initial=-1)) + 1
    voters = replace(answers, volunteer=copies.voter)

    def judged_with(evidence: Floats | None) -> Judgement:
        return judge(voters, n_subjects, n_voters, gold, weight=copies.weight, evidence=evidence)

    evidence = None if model is None else model(judged_with)
    judgement = judged_with(evidence)
    label = judgement.posterior.argmax(axis=1)
    agreeing = answers.subject[answers.choice == label[answers.subject]]
    n_answers, n_agreeing = (np.bincount(of, minlength=n_subjects) for of in (answers.subject, agreeing))
    return Judged(crowd, gold, copies, evidence, judgement, n_answers, n_agreeing)


def predicting(predictions: Floats, gold: Ints) -> Model:
    """A model that has made its predictions (S, K), NaN rows where it has none, on subjects that it was not taught.

    `gold` (S,), NO_GOLD for none, tells what it takes for what.
    """
    # It is measured against what people say without it, so it never confirms itself.
    return lambda judged_with: voter.evidence(predictions, judged_with(None).posterior, gold)


def learning(features: Floats, crowd: Crowd, rng: np.random.Generator) -> Model:
    """A model that learns from the consensus on features (S, D), NaN rows where there are none; see scoring.head."""
    answered = np.bincount(crowd.answers.subject, minlength=len(crowd.subjects)) > 0

    def model(judged_with: Consensus) -> Floats:
        prepared = head.prepare(features, answered.astype(np.float64), rng)
        lesson = head.learn(prepared, lambda evidence: judged_with(evidence).log_weight, len(crowd.labels))
        return voter.TAUGHT * voter.likelihood(lesson.predictions, voter.frequencies(lesson.posterior))

    return model


def entropy(posterior: Floats) -> Floats:
    """-Σ p·log p in nats (S,), in [0, log K], of posteriors (S, K)."""
    return np.asarray(np.abs((posterior * log(posterior)).sum(axis=1)))  # Never positive, and 0 should not be -0.
