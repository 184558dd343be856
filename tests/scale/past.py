"""The past of a large project, made by the block: who played which round, what was handed out, said and believed.

Rows fit each other as if they had been played: a round is of one volunteer and holds ten subjects that are new to her,
one of them gold; subjects are finished one stretch after the other; beliefs are computed from the answers by scoring's
own formulas, with every volunteer's own confusion matrix. A few have played much, most have played little.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from game.levels import ChoiceSet, GoldUse, Project
from game.store.beliefs import ALL_TIME
from game.version import CODE_VERSION
from scoring.arrays import Ints, Masks
from tests.scale.believed import RELIABILITY, Beliefs, Columns
from tests.scale.columns import codes, json_squares, named, nothing, same

ROUND_SIZE, ORDINARY_IN_ROUND = 10, 9
GOLD_EVERY, TEACHING_EVERY = 7, 98
PLACES_AN_IMAGE = 200
LEAST_ANSWERS, MOST_ANSWERS = 4, 15
# Of the subjects that are not gold; the others are still to be played.
ANSWERED = 0.8
ORDINARY_IN_BLOCK = 90_000
# Subjects that have answers and still want some: play finishes what it has begun, so that they are few at any time.
IN_BETWEEN = 9_000
PAST = timedelta(days=60)
ABSTAINED = 0.01  # Of each kind.


@dataclass(frozen=True)
class Scale:
    n_subjects: int
    n_answers: int
    n_volunteers: int


@dataclass
class Past:
    project: Project
    scale: Scale
    now: datetime
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    n_rounds: int = 0

    def __post_init__(self) -> None:
        n = self.scale.n_volunteers
        self.reliability = self.rng.uniform(*RELIABILITY, n)
        self.points, self.points_of_week, self.n_rounds_of = np.zeros((3, n), dtype=np.int64)

    @cached_property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    @cached_property
    def _beliefs(self) -> Beliefs:
        return Beliefs(self.project, self.now_ms, self.rng)

    @cached_property
    def _last_beliefs(self) -> Beliefs:
        """Of subjects that have had all the answers that they get."""
        rule = replace(self.project.retirement, maximum=1)
        return Beliefs(replace(self.project, retirement=rule), self.now_ms, self.rng)

    @cached_property
    def monday_ms(self) -> int:
        day = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return int((day - timedelta(days=day.weekday())).timestamp() * 1000)

    @cached_property
    def n_gold(self) -> int:
        return self.scale.n_subjects // GOLD_EVERY

    @cached_property
    def depth(self) -> int:
        """Answers to a subject that was played to its end."""
        wanted = self.scale.n_answers * ORDINARY_IN_ROUND / ROUND_SIZE
        n_ordinary = max(1.0, ANSWERED * (self.scale.n_subjects - self.n_gold))
        if wanted > MOST_ANSWERS * n_ordinary:
            raise ValueError(f"{self.scale}: no subject is answered more than {MOST_ANSWERS} times.")
        return max(LEAST_ANSWERS, int(np.ceil(wanted / n_ordinary)))

    def rows(self) -> Iterator[tuple[str, Columns]]:
        """(table, columns) of many rows each; a table comes again and again."""
        yield "volunteers", self._volunteers()
        yield "images", self._images()
        for start in range(0, self.scale.n_subjects, 10 * ORDINARY_IN_BLOCK):
            yield from self._subjects(np.arange(start, min(start + 10 * ORDINARY_IN_BLOCK, self.scale.n_subjects)) + 1)
        yield from self._blocks()
        played = np.flatnonzero(self.n_rounds_of)
        yield "reliabilities", self._reliabilities(played)
        yield "unlocks", self._unlocks(played[self._at_labels(played)])
        for period, points in ((ALL_TIME, self.points), (self._week, self.points_of_week)):
            of = np.flatnonzero(points) if period != ALL_TIME else played
            yield "standings", self._standings(period, of, points[of])

    @cached_property
    def _week(self) -> str:
        year, week, _ = self.now.isocalendar()
        return f"{year}-W{week:02}"

    def _volunteers(self) -> Columns:
        n = self.scale.n_volunteers
        return {
            "id": np.arange(n) + 1, "pseudonym": codes(n, 12, self.rng), "login": nothing(n),
            "password_hash": nothing(n), "role": same("volunteer", n), "simulated": same(False, n),
            "created_at": same(self.now_ms - PAST // timedelta(milliseconds=1), n), "deleted_at": nothing(n),
            "sign_in_version": same(0, n),
        }  # fmt: skip

    def _images(self) -> Columns:
        n = self.scale.n_subjects // PLACES_AN_IMAGE + 1
        return {
            "id": np.arange(n) + 1, "sha256": codes(n, 64, self.rng), "media_type": same("image/jpeg", n),
            "width_px": same(2000, n), "height_px": same(2000, n), "n_bytes": same(800_000, n),
        }  # fmt: skip

    def _subjects(self, ids: Ints) -> Iterator[tuple[str, Columns]]:
        """Subjects, gold, and what nobody has answered yet is open."""
        n, place = len(ids), ids % PLACES_AN_IMAGE
        yield (
            "subjects",
            {
                "id": ids, "code": codes(n, 12, self.rng), "project_id": same(1, n),
                "image_id": ids // PLACES_AN_IMAGE + 1, "name": same("quadrat.jpg", n), "row": 10 * place,
                "column": 7 * place, "photograph": nothing(n), "site": nothing(n), "created_at": same(self.now_ms, n),
            },
        )  # fmt: skip
        gold = ids[ids % GOLD_EVERY == 0]
        use = (gold % TEACHING_EVERY == 0).astype(np.int64)
        yield (
            "expert_labels",
            {
                "subject_id": gold, "project_id": same(1, len(gold)), "label": self._true(gold),
                "use": named([GoldUse.HIDDEN, GoldUse.TEACHING], use), "why": same("", len(gold)),
                "shuffle": self.rng.random(len(gold)),
            },
        )  # fmt: skip
        untouched = ids[(ids % GOLD_EVERY != 0) & (ids > self._ordinary(self._n_played - 1))]
        prior = np.full((len(untouched), len(self.project.labels)), 1 / len(self.project.labels))
        yield from self._beliefs.openings(
            untouched, prior, prior, self._beliefs.tallies(np.zeros((0, len(untouched)), np.int64))
        )

    def _blocks(self) -> Iterator[tuple[str, Columns]]:
        """Stretches of subjects, each gone through as often as a subject is answered; those of the last stay open."""
        first, finished = 0, self._n_played - IN_BETWEEN
        while first < self._n_played:
            n = min(ORDINARY_IN_BLOCK, (finished if first < finished else self._n_played) - first)
            yield from self._block(self._ordinary(np.arange(first, first + n)), finished=first < finished)
            first += n

    @cached_property
    def _n_played(self) -> int:
        """Subjects that are no gold and were answered; whole rounds of them."""
        return self.scale.n_answers // ROUND_SIZE // self.depth * ORDINARY_IN_ROUND

    def _block(self, subject: Ints, *, finished: bool) -> Iterator[tuple[str, Columns]]:
        n_a_pass = len(subject) // ORDINARY_IN_ROUND
        n = n_a_pass * self.depth
        # Evenly over [0, 1), and a part of it apart where the same subjects come again.
        lot = (self.rng.random() + np.arange(n) * (1 / self.depth + 1) / n_a_pass) % 1
        volunteer = (self.scale.n_volunteers * lot**2).astype(np.int64)
        gold = GOLD_EVERY * (self.rng.integers(self.n_gold, size=n) + 1)
        handed = np.column_stack([np.tile(subject.reshape(-1, ORDINARY_IN_ROUND), (self.depth, 1)), gold])
        said = self._said(handed, volunteer)
        started_ms = self.now_ms - (
            (1 - (self.n_rounds + np.arange(n)) / self._n_rounds_in_all) * (PAST // timedelta(milliseconds=1))
        ).astype(np.int64)
        yield from self._played(volunteer, handed, said, started_ms)
        ordinary = said[:, :ORDINARY_IN_ROUND].reshape(self.depth, -1)
        reliability = np.repeat(self.reliability[volunteer], ORDINARY_IN_ROUND).reshape(self.depth, -1)
        yield from (self._last_beliefs if finished else self._beliefs).rows(subject, ordinary, reliability)
        self.n_rounds += n

    @cached_property
    def _n_rounds_in_all(self) -> int:
        return max(1, self._n_played // ORDINARY_IN_ROUND * self.depth)

    def _played(self, volunteer: Ints, handed: Ints, said: Ints, started_ms: Ints) -> Iterator[tuple[str, Columns]]:
        n, m = len(volunteer), handed.size
        round_id, handed_id = self.n_rounds + np.arange(n) + 1, ROUND_SIZE * self.n_rounds + np.arange(m) + 1
        points = (100 * self.reliability[volunteer] * self.rng.random(n)).astype(np.int64)
        np.add.at(self.points, volunteer, points)
        np.add.at(self.points_of_week, volunteer, points * (started_ms >= self.monday_ms))
        np.add.at(self.n_rounds_of, volunteer, 1)
        level = named([one.key for one in self.project.levels], self._at_labels(volunteer).astype(np.int64))
        yield (
            "rounds",
            {
                "id": round_id, "code": codes(n, 24, self.rng), "project_id": same(1, n), "volunteer_id": volunteer + 1,
                "level": level, "n_subjects": same(ROUND_SIZE, n), "started_at": started_ms,
                "completed_at": started_ms + 50_000, "points": points,
            },
        )  # fmt: skip
        every = np.repeat(np.arange(n), ROUND_SIZE)
        answered_ms = started_ms[every] + 5_000 * np.tile(np.arange(1, ROUND_SIZE + 1), n)
        yield (
            "round_subjects",
            {
                "id": handed_id, "code": codes(m, 24, self.rng), "round_id": round_id[every],
                "position": np.tile(np.arange(ROUND_SIZE), n), "subject_id": handed.ravel(),
                "volunteer_id": volunteer[every] + 1, "handed_at": started_ms[every], "answered_at": answered_ms,
            },
        )  # fmt: skip
        word = said.ravel()
        n_choices = len(self.project.choices)
        yield (
            "classifications",
            {
                "id": handed_id, "key": codes(m, 24, self.rng), "round_subject_id": handed_id, "attempt": same(1, m),
                "round_id": round_id[every], "project_id": same(1, m), "subject_id": handed.ravel(),
                "volunteer_id": volunteer[every] + 1, "level": level.take(every),
                "level_version": same(self.project.levels[0].version, m), "code_version": same(CODE_VERSION, m),
                "choice": named([one.code for one in self.project.choices] + ["", ""], word, word < n_choices),
                "abstention": named(["cant_tell", "bad_image"], np.maximum(word - n_choices, 0), word >= n_choices),
                "shown_ms": self.rng.integers(800, 9_000, size=m), "given_at": answered_ms,
            },
        )  # fmt: skip

    def _said(self, handed: Ints, volunteer: Ints) -> Ints:
        """(n, ROUND_SIZE): the place of a choice in the project's, and behind them the two abstentions."""
        true, lot = self._true(handed), self.rng.random(handed.shape)
        wrong = (true + self.rng.integers(1, len(self.project.labels), size=handed.shape)) % len(self.project.labels)
        label = np.where(lot < self.reliability[volunteer][:, None], true, wrong)
        at_labels, at_groups = self._places
        said = np.where(self._at_labels(volunteer)[:, None], at_labels[label], at_groups[label])
        abstained = self.rng.random(handed.shape) // ABSTAINED
        return np.where(abstained < 2, len(self.project.choices) + abstained.astype(np.int64), said)

    @cached_property
    def _places(self) -> tuple[Ints, Ints]:
        """A label's place, and its group's, among the project's choices."""
        place = {choice.code: n for n, choice in enumerate(self.project.choices)}
        labels = self.project.labels
        return np.array([place[one.code] for one in labels]), np.array([place[str(one.group)] for one in labels])

    def _reliabilities(self, of: Ints) -> Columns:
        n, n_labels, reliability = len(of), len(self.project.labels), self.reliability[of]
        off = ((1 - reliability) / (n_labels - 1))[:, None, None]
        matrices = off + (reliability[:, None, None] - off) * np.eye(n_labels)
        return {
            "volunteer_id": of + 1, "project_id": same(1, n), "confusion": json_squares(matrices.round(6)),
            "reliability": reliability, "informedness": (n_labels * reliability - 1) / (n_labels - 1),
            "n_gold": self.n_rounds_of[of], "copies": nothing(n), "flags": nothing(n),
            "computed_at": same(self.now_ms, n),
        }  # fmt: skip

    def _unlocks(self, of: Ints) -> Columns:
        n = len(of)
        level = next(one.key for one in self.project.levels if one.choice_set is ChoiceSet.LABELS)
        return {
            "volunteer_id": of + 1, "project_id": same(1, n), "level": same(level, n),
            "unlocked_at": same(self.now_ms, n),
        }  # fmt: skip

    def _standings(self, period: str, of: Ints, points: Ints) -> Columns:
        n = len(of)
        return {"project_id": same(1, n), "period": same(period, n), "volunteer_id": of + 1, "points": points}

    def _at_labels(self, volunteer: Ints) -> Masks:
        """Those who have played most name labels, in eight rounds of ten; the others name groups."""
        return np.asarray(volunteer < 0.64 * self.scale.n_volunteers)

    def _true(self, subject: Ints) -> Ints:
        return np.asarray(subject * 2_654_435_761 % 2**32 % len(self.project.labels))

    def _ordinary(self, place: Any) -> Any:
        """Ids of the subjects that are no gold, in their order."""
        return place + place // (GOLD_EVERY - 1) + 1
