"""What waits at the same moment is written together: one transaction, one sync of the disk, each told its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from game.errors import FathomError, Unavailable
from game.levels import Project
from game.play.classify import Outcome, Sent, classify_all
from game.play.rounds import ShownRound, Wanted, start_rounds
from game.store import Session, Store, transaction
from scoring.chance import Chance

# More at once would make the first wait for the last.
MOST_TOGETHER = 64

T = TypeVar("T")
Work = Callable[[Session], object]

_LOG = logging.getLogger(__name__)


@dataclass
class _Line:
    """One that waits: an answer, a round, or other work. `told` is what came of it, once it is on the disk."""

    deed: Sent | Wanted | Work
    told: object = None
    done: bool = False


class Ledger:
    """Whoever comes while nobody writes, writes for all who wait; who finds her own already written goes on."""

    def __init__(
        self, store: Store, projects: dict[str, Project], now: Callable[[], datetime], rng: Callable[[], Chance]
    ) -> None:
        self._store = store
        self._projects = projects
        self._now = now
        self._rng = rng
        self._turn = threading.Lock()
        self._waiting: list[_Line] = []

    def keep(self, sent: Sent) -> Outcome:
        """Returns once the answer is on the disk. Raises as `classify`."""
        return cast(Outcome, self._written(_Line(sent)))

    def begin(self, wanted: Wanted) -> ShownRound:
        """Returns once what is handed out is on the disk. Raises as `start_rounds` tells."""
        return cast(ShownRound, self._written(_Line(wanted)))

    def write(self, work: Callable[[Session], T]) -> T:
        """The same for any `work`, which gets a session and must not mind to be tried again; raises what it raises."""
        return cast(T, self._written(_Line(work)))

    def _written(self, line: _Line) -> object:
        self._waiting.append(line)
        with self._turn:
            while not line.done:
                # Those whose answers have reached this process by now come along.
                time.sleep(0)
                self._write()
        if isinstance(line.told, Exception):
            raise line.told
        return line.told

    def _write(self) -> None:
        """For those who wait longest. What breaks a transaction breaks only its own: then each is tried alone."""
        lines = self._waiting[:MOST_TOGETHER]
        del self._waiting[:MOST_TOGETHER]
        try:
            self._commit(lines)
        except Unavailable as away:
            # It is away for all of them: tried alone, each would wait for it in turn.
            for line in lines:
                line.told, line.done = Unavailable(away.text), True
        except Exception as broken:
            if len(lines) == 1:
                lines[0].told, lines[0].done = broken, True
                return
            _LOG.exception("One of %d cannot be written; each is tried alone.", len(lines))
            self._commit_one_by_one(lines)
        except BaseException:
            # Whoever wrote was stopped; the next in line writes for those who still wait.
            self._waiting[:0] = lines
            raise

    def _commit_one_by_one(self, lines: Sequence[_Line]) -> None:
        try:
            for line in lines:
                self._commit_alone(line)
        finally:
            # Whoever wrote may be stopped here, too.
            self._waiting[:0] = [line for line in lines if not line.done]

    def _commit_alone(self, line: _Line) -> None:
        try:
            self._commit([line])
        except Exception as broken:
            line.told, line.done = broken, True

    def _commit(self, lines: Sequence[_Line]) -> None:
        with transaction(self._store) as session:
            told = self._all_done(session, lines)
        # Only now, after the commit.
        for line, each in zip(lines, told, strict=True):
            line.told, line.done = each, True

    def _all_done(self, session: Session, lines: Sequence[_Line]) -> list[object]:
        """In the lines' order; answers first, so that whoever sent her last one may begin anew."""
        now, deeds = self._now(), [line.deed for line in lines]
        sent = [deed for deed in deeds if isinstance(deed, Sent)]
        wanted = [deed for deed in deeds if isinstance(deed, Wanted)]
        told: dict[type, Iterator[object]] = {
            Sent: iter(classify_all(session, self._projects, sent, now) if sent else ()),
            Wanted: iter(start_rounds(session, wanted, now, self._rng())),
        }
        return [next(told[type(deed)]) if type(deed) in told else _attempt(session, cast(Work, deed)) for deed in deeds]


def _attempt(session: Session, work: Work) -> object:
    """What is refused leaves nothing behind, and the others alone."""
    try:
        with session.begin_nested():
            return work(session)
    except FathomError as refused:
        return refused
