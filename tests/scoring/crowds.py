"""Crowds to try scoring on: volunteers drawn at random, real answers from files, and the majority to beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from scoring.answers import Answers
from scoring.arrays import Floats, Ints, Masks, softmax

NO_GOLD = -1


@dataclass(frozen=True)
class Crowd:
    answers: Answers
    true: Ints  # (S,), -1 where nobody knows
    n_volunteers: int


def each_label(n_labels: int) -> Masks:
    """Choices (K, K): every label by itself."""
    return np.eye(n_labels, dtype=np.bool_)


def one_coin(diagonal: float, n_labels: int) -> Floats:
    """(K, K) [true, given] of a volunteer who errs evenly."""
    off = (1 - diagonal) / (n_labels - 1)
    return np.full((n_labels, n_labels), off) + (diagonal - off) * np.eye(n_labels)


def draw_confusions(rng: np.random.Generator, reliabilities: Floats, n_labels: int) -> Floats:
    """(V, K, K): the diagonal is the volunteer's reliability, the errors fall where they like."""
    n_volunteers = len(reliabilities)
    error_rates = (1 - reliabilities)[:, None, None]
    errors = error_rates * rng.dirichlet(np.ones(n_labels - 1), size=(n_volunteers, n_labels))
    confusion = np.zeros((n_volunteers, n_labels, n_labels))
    confusion[:, ~each_label(n_labels)] = errors.reshape(n_volunteers, -1)
    return confusion + reliabilities[:, None, None] * np.eye(n_labels)


def draw_crowd(rng: np.random.Generator, n_labels: int, group_share: float) -> Crowd:
    """1,000 subjects, 3-4 answers each, of 40 volunteers with reliabilities .45-.95; some name one of two groups."""
    n_subjects, n_volunteers = 1000, 40
    confusion = draw_confusions(rng, rng.permutation(np.linspace(0.45, 0.95, n_volunteers)), n_labels)
    true = rng.choice(n_labels, size=n_subjects, p=rng.dirichlet(np.full(n_labels, 3.0)))
    n_answers = rng.integers(3, 5, size=n_subjects)
    subject = np.repeat(np.arange(n_subjects), n_answers)
    volunteer = np.concatenate([rng.choice(n_volunteers, size=n, replace=False) for n in n_answers])
    thresholds = confusion[volunteer, true[subject]].cumsum(axis=1)[:, :-1]
    label = (rng.random(len(subject))[:, None] > thresholds).sum(axis=1)
    group_of_label = np.arange(n_labels) % 2
    choices = np.vstack([each_label(n_labels), group_of_label == [[0], [1]]])
    choice = np.where(rng.random(len(subject)) < group_share, n_labels + group_of_label[label], label)
    return Crowd(Answers(subject, volunteer, choice, choices), true, n_volunteers)


def read_crowd(folder: Path) -> Crowd:
    """Real answers (`task,worker,label`) with what experts say of them (`task,label`)."""
    task, worker, label = np.loadtxt(folder / "answers.csv", int, delimiter=",", skiprows=1, usecols=(0, 1, 2)).T
    known, expert = np.loadtxt(folder / "truth.csv", int, delimiter=",", skiprows=1).T
    true = np.full(max(task.max(), known.max()) + 1, NO_GOLD)
    true[known] = expert
    answers = Answers(task, worker, label, each_label(max(label.max(), expert.max()) + 1))
    return Crowd(answers, true, int(worker.max()) + 1)


def majority(answers: Answers, n_subjects: int) -> Floats:
    """Shares (S, K) of the answers that each label has; an answer naming a group is split evenly over its labels."""
    votes = answers.choices / answers.choices.sum(axis=1, keepdims=True)
    shares = np.zeros((n_subjects, votes.shape[1]))
    np.add.at(shares, answers.subject, votes[answers.choice])
    return shares


def accuracy(posterior: Floats, true: Ints, where: Masks) -> float:
    """Share of the subjects `where` (S,) whose top label is true; a tie is drawn by lot, so it counts in part."""
    top = np.isclose(posterior, posterior.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    right = top[np.arange(len(true)), true] / top.sum(axis=1)
    return float(right[where].mean())


def random_answers(rng: np.random.Generator) -> tuple[Answers, Ints]:
    """A little project with labels and a group, some gold and nothing to be learnt: for rules that always hold."""
    n_labels, n_subjects, n_volunteers, n_answers = int(rng.integers(2, 5)), 12, 5, int(rng.integers(0, 60))
    choices = np.vstack([each_label(n_labels), np.arange(n_labels) < 2])
    answers = Answers(
        rng.integers(n_subjects, size=n_answers),
        rng.integers(n_volunteers, size=n_answers),
        rng.integers(len(choices), size=n_answers),
        choices,
    )
    return answers, rng.integers(NO_GOLD, n_labels, size=n_subjects)


def distribution(rng: np.random.Generator, *shape: int) -> Floats:
    """Random probabilities of this shape; the last axis sums to 1."""
    return softmax(rng.normal(scale=2.0, size=shape))


# Hypothesis picks the seed, so a failure is printed as one number that can be run again.
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
label_numbers = st.integers(2, 7)
