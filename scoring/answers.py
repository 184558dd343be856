"""All answers of a project, as arrays: who said what about which subject."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.arrays import Ints, Masks


@dataclass(frozen=True)
class Answers:
    """N answers of V volunteers to S subjects; each names one of C choices, which are masks over K labels."""

    subject: Ints  # (N,), 0 … S-1
    volunteer: Ints  # (N,), 0 … V-1
    choice: Ints  # (N,), 0 … C-1
    choices: Masks  # (C, K)


@dataclass(frozen=True)
class Ladder:
    """The groups of labels (G, K), and which of the choices (C,) were offered as labels, not as groups.

    A group of one label is still an answer of another kind: whoever gave it was offered groups only.
    """

    groups: Masks
    labels: Masks
