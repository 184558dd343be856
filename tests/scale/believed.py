"""What is believed of subjects, from their answers and by scoring's own formulas, as columns of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from game.levels import Project
from game.levels.openings import Believed, Tallies, states_of_all
from game.store.beliefs import TIE_BREAK
from scoring.arrays import Floats, Ints, log
from scoring.redundancy import publish
from tests.scale.columns import json_rows, named, same
from tests.scoring.crowds import one_coin

# What gold shows of a crowd whose errors have nothing in common.
REDUNDANCY, ASSURED = 0.12, 0.15
RELIABILITY = (0.55, 0.95)

Columns = dict[str, Any]


@dataclass(frozen=True)
class Beliefs:
    project: Project
    now_ms: int
    rng: np.random.Generator

    def rows(self, subject: Ints, said: Ints, reliability: Floats) -> Iterator[tuple[str, Columns]]:
        """Of answers `said` (depth, S) of volunteers with this `reliability` (depth, S)."""
        masks = np.array([choice.mask for choice in self.project.choices], dtype=np.bool_)
        n_labels = len(self.project.labels)
        log_weight, voices = np.zeros((len(subject), n_labels)), np.zeros(len(subject))
        for given, of in zip(said, reliability, strict=True):
            spoke = given < len(masks)
            mask = masks[np.where(spoke, given, 0)]  # (S, K)
            off = ((1 - of) / (n_labels - 1))[:, None]
            log_weight += spoke[:, None] * log(off * mask.sum(axis=1, keepdims=True) + (of[:, None] - off) * mask)
            voices += spoke * (n_labels * of - 1) / (n_labels - 1)
        posterior, tallies = publish(log_weight, voices, REDUNDANCY), self.tallies(said)
        label, n_given = posterior.argmax(axis=1), tallies.given.sum(axis=1)
        n = len(subject)
        yield (
            "consensus",
            {
                "subject_id": subject, "project_id": same(1, n), "posterior": json_rows(posterior), "label": label,
                "confidence": posterior.max(axis=1),
                "agreement": (tallies.given * masks[:, label].T).sum(axis=1) / np.maximum(n_given, 1),
                "n_given": n_given, "n_bad_image": tallies.n_bad_image, "n_cant_tell": tallies.n_cant_tell,
                "computed_at": same(self.now_ms, n),
            },
        )  # fmt: skip
        yield from self.openings(subject, posterior, publish(log_weight, voices, ASSURED), tallies)

    def tallies(self, said: Ints) -> Tallies:
        n_choices = len(self.project.choices)
        counts = np.stack([(said == place).sum(axis=0) for place in range(n_choices + 2)], axis=1)
        return Tallies(counts[:, :n_choices], counts[:, n_choices + 1], counts[:, n_choices])

    def openings(
        self, subject: Ints, posterior: Floats, assured: Floats, tallies: Tallies
    ) -> Iterator[tuple[str, Columns]]:
        n_labels = len(self.project.labels)
        prior = np.full(n_labels, 1 / n_labels)
        believed = Believed(posterior, assured, prior, one_coin(float(np.mean(RELIABILITY)), n_labels), None)
        for state in states_of_all(self.project, believed, tallies):
            n, shuffle = len(subject), self.rng.random(len(subject))
            retired = np.array([reason is not None for reason in state.reasons], dtype=np.bool_)
            yield (
                "openings",
                {
                    "subject_id": subject, "choice_set": same(str(state.choice_set), n), "project_id": same(1, n),
                    "priority": state.priority + TIE_BREAK * shuffle, "shuffle": shuffle,
                    "reason": [None if one is None else str(one) for one in state.reasons],
                    "retired_at": named([self.now_ms], np.zeros(n, np.int64), retired),
                },
            )  # fmt: skip
