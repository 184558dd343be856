"""What is known of each volunteer: how reliable, how surely, and what is odd about the answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from game.science.bare.beside import NO_GOLD
from game.science.bare.judging import Judged
from game.science.bare.oddities import flagged
from scoring.arrays import Floats, Ints
from scoring.reliabilities import Reliabilities, measure


@dataclass(frozen=True)
class Volunteers:
    n: Ints  # (V,), answers that name a label
    n_gold: Ints  # (V,), those to gold
    measured: Reliabilities
    flags: tuple[str, ...]  # (V,), words with a space between, empty for most
    reasons: tuple[str, ...]  # (V,), sentences

    @property
    def informedness(self) -> Floats:
        """(V,): reliability corrected for chance (see scoring.confusion)."""
        n_labels = self.measured.confusion.shape[1]
        return np.asarray((n_labels * self.measured.reliability - 1) / (n_labels - 1))


def volunteers(judged: Judged) -> Volunteers:
    answers, n_volunteers = judged.crowd.answers, len(judged.crowd.volunteers)
    of_gold = judged.gold[answers.subject] != NO_GOLD
    n, n_gold = (np.bincount(some, minlength=n_volunteers) for some in (answers.volunteer, answers.volunteer[of_gold]))
    return Volunteers(n, n_gold, measure(expected_counts(judged)), *flagged(judged))


def expected_counts(judged: Judged) -> Floats:
    """(V, K, K), entry [true, given]: each answer counts for the labels its subject may have, as published.

    The consensus' own matrices are fitted to posteriors that are too sure of themselves, as EM's are, and flatter
    the volunteers whom it agrees with; by calibrated posteriors they are measured without that favour. Members of a
    group of copies are measured one by one.
    """
    answers, n_labels = judged.crowd.answers, len(judged.crowd.labels)
    n_volunteers = len(judged.crowd.volunteers)
    cell = answers.volunteer * n_labels + answers.choice
    counts = np.empty((n_volunteers, n_labels, n_labels))
    for true in range(n_labels):
        belief = judged.judgement.posterior[answers.subject, true]
        counts[:, true] = np.bincount(cell, belief, n_volunteers * n_labels).reshape(n_volunteers, n_labels)
    return counts
