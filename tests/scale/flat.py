"""Whether play costs the same in a large project as in a small one: round after round in both, turn about."""

import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select

from game.levels import Project
from game.play.accounts import create_guest
from game.play.classify import Answer, classify
from game.play.rounds import start_round
from game.store import Store, reading, transaction
from game.store.tables import Volunteer

STARTED, ANSWERED, ENDED = "a round begun", "an answer", "a round's last answer"


@dataclass
class Table:
    """Somebody who plays in one database. `taken`: what → seconds, each time."""

    store: Store
    project: Project
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    taken: dict[str, list[float]] = field(default_factory=lambda: {STARTED: [], ANSWERED: [], ENDED: []})

    def play_round(self, volunteer_id: int, now: datetime) -> None:
        with self._timed(STARTED), transaction(self.store) as session:
            shown = start_round(session, self.project, volunteer_id, None, now, self.rng)
        codes = [choice.code for choice in shown.choices]
        for place, subject in enumerate(shown.subjects, start=1):
            answer = Answer(secrets.token_hex(12), subject.code, codes[self.rng.integers(len(codes))], None, 2_000)
            what = ENDED if place == len(shown.subjects) else ANSWERED
            with self._timed(what), transaction(self.store) as session:
                classify(session, {self.project.slug: self.project}, shown.code, volunteer_id, answer, now)

    def newcomer(self, now: datetime) -> int:
        with transaction(self.store) as session:
            return create_guest(session, now, self.rng).id

    def somebody(self) -> int:
        """Who has played before, any of the crowd."""
        with reading(self.store) as session:
            n = session.scalar(select(func.max(Volunteer.id))) or 1
        return int(self.rng.integers(n)) + 1

    def medians_ms(self) -> dict[str, float]:
        return {what: 1000 * statistics.median(seconds) for what, seconds in self.taken.items()}

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.taken[what].append(time.perf_counter() - begun)


def compared(small: Store, large: Store, project: Project, n_rounds: int, now: datetime) -> tuple[Table, Table]:
    """Both at once, a round here and a round there; half of the rounds are newcomers' in either."""
    tables = Table(small, project), Table(large, project)
    for place in range(-3, n_rounds):
        for table in tables if place % 2 else reversed(tables):
            if place == 0:
                table.taken = {what: [] for what in table.taken}
            newcomer = place % 4 < 2
            table.play_round(table.newcomer(now) if newcomer else table.somebody(), now + timedelta(minutes=place))
    return tables


def report(small: Table, large: Table) -> str:
    here, there = small.medians_ms(), large.medians_ms()
    lines = [f"{what:24} {here[what]:8.2f} ms {there[what]:8.2f} ms {there[what] / here[what]:6.2f}×" for what in here]
    return "\n".join([f"{'median of':24} {'small':>11} {'large':>11}", *lines]) + "\n"
