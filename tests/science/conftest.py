"""A real reef of three quadrats with its volunteers, and somebody who comes between."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest
from sqlalchemy import update

from game.levels import GoldUse
from game.science.aggregate import aggregate
from game.store import Store, transaction
from game.store.tables import ExpertLabel
from game.store.tables.play import Abstention
from tests.conftest import NOW
from tests.science.answers import say, subject_ids, volunteer
from tests.science.reef import EASILY_SURE, MOOREA, import_reef

LABELS = [label.code for label in MOOREA.labels]
GROUPS = [str(label.group) for label in MOOREA.labels]


@dataclass(frozen=True)
class Reef:
    """16 subjects in play, 8 hidden gold; two volunteers who know, three who always see sand."""

    store: Store
    open: dict[int, int]
    gold: dict[int, int]
    knowing: list[int]
    careless: list[int]

    def say_all(self, subjects: dict[int, int]) -> None:
        for one in self.knowing:
            say(self.store, one, [(subject, LABELS[label]) for subject, label in subjects.items()])
        for one in self.careless:
            say(self.store, one, [(subject, "Sand") for subject in subjects])


@pytest.fixture
def reef(store: Store, shared_data: Path, tmp_path: Path) -> Reef:
    import_reef(store, shared_data, tmp_path)
    knowing = [volunteer(store, name) for name in ("Ada", "Bea")]
    careless = [volunteer(store, name) for name in ("Cyd", "Dan", "Eve")]
    with transaction(store) as session:
        session.execute(update(ExpertLabel).where(ExpertLabel.use == GoldUse.TEACHING).values(use=GoldUse.HIDDEN))
    hidden = subject_ids(store, GoldUse.HIDDEN)
    return Reef(store, subject_ids(store, GoldUse.REFERENCE), hidden, knowing, careless)


class Interloper:
    """Stands at the door to the store's only writer, and does something before the n-th one passes."""

    def __init__(self, deed: Callable[[], object], before: int = 2) -> None:
        self.lock, self.deed, self.before, self.n = threading.Lock(), deed, before, 0

    def __enter__(self) -> bool:
        self.n += 1
        if self.n == self.before:
            self.deed()
        return self.lock.acquire()

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.lock.release()


@pytest.fixture
def played(reef: Reef) -> Reef:
    """All gold answered; of 16 others six by labels, four by groups, two hardly, one a bad image, three not at all."""
    careful = [*reef.knowing, volunteer(reef.store, "Fay"), volunteer(reef.store, "Gil")]
    subjects = list(reef.open)
    for one in careful:
        say(reef.store, one, [(subject, LABELS[label]) for subject, label in reef.gold.items()])
        say(reef.store, one, [(subject, LABELS[reef.open[subject]]) for subject in subjects[:6]])
        say(reef.store, one, [(subject, GROUPS[reef.open[subject]]) for subject in subjects[6:10]])
        say(reef.store, one, [(subjects[12], Abstention.BAD_IMAGE)])
    say(reef.store, reef.careless[0], [(subject, "Sand") for subject in subjects[10:12]])
    with transaction(reef.store) as session:
        teaching = ExpertLabel.subject_id == next(iter(reef.gold))
        session.execute(update(ExpertLabel).where(teaching).values(use=GoldUse.TEACHING))
    aggregate(reef.store, EASILY_SURE, NOW)
    return reef
