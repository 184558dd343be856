"""Counts what is new in each project, so that pages, which add what came since, count little."""

from dataclasses import dataclass, field

from game.levels import Project
from game.store import Store, counts, reading, snapshot, subjects, transaction
from game.store.counts import Answered, Mark

# As much may stay uncounted: a minute of a quiet project costs no write.
LEFT_UNCOUNTED = 500
# Between two portions of so many rows players get their turn at SQLite's only writer.
ROWS_IN_ONE_TRANSACTION = 500
# A quarter of a minute's work: a large project that is counted for the first time must not keep the worker from looking
# for what is due.
PORTIONS_AT_ONCE = 200


@dataclass
class Counting:
    """`left` rows may stay uncounted; `portions` of each choice set are counted at once. Remembers of each project, by
    its id, the newest answer that it met while others may still have been adding older ones: up to there it counts the
    next time."""

    store: Store
    left: int = LEFT_UNCOUNTED
    portions: int = PORTIONS_AT_ONCE
    _marks: dict[int, Mark] = field(default_factory=dict)

    def count_on(self, project: Project) -> bool:
        """Idempotent, and right beside others who count as well. False if it has to be called again for all of it."""
        project_id = _id_of(self.store, project)
        if project_id is None:
            return True
        self._count_answers(project_id)
        done = [self._count_openings(project_id, choice_set) for choice_set in project.choice_sets]
        return all(done)

    def _count_answers(self, project_id: int) -> None:
        """Of a quiet project, too, once others have many answers: to pass these would cost its pages more and more."""
        with reading(self.store) as session:
            kept = counts.kept_answers(session, project_id)
            if not counts.more_than(session, self.left, kept.until_id):
                return
            marked = self._marks.get(project_id) or counts.mark(session)
        with reading(self.store) as session:
            if not counts.nobody_is_behind(session, marked):
                self._marks[project_id] = marked
                return
            counted = counts.count_answers(session, project_id, kept, marked.newest_id)
        self._marks.pop(project_id, None)
        if marked.newest_id > kept.until_id:
            with transaction(self.store) as session:
                counts.keep_answers(session, project_id, kept, counted)

    def _count_openings(self, project_id: int, choice_set: str) -> bool:
        with reading(self.store) as session:
            if len(counts.uncounted(session, project_id, choice_set, self.left + 1)) <= self.left:
                return True
        for _ in range(self.portions):
            with transaction(self.store) as session:
                n = counts.count_openings(session, project_id, choice_set, ROWS_IN_ONE_TRANSACTION)
            if n < ROWS_IN_ONE_TRANSACTION:
                return True
        return False


def recount(store: Store, project: Project) -> None:
    """Everything that was counted, again from the rows and from the first one on."""
    project_id = _id_of(store, project)
    if project_id is None:
        return
    with reading(store) as session:
        kept = counts.kept_answers(session, project_id)
        counted = counts.count_answers(session, project_id, Answered(0, 0, 0), kept.until_id)
    with transaction(store) as session:
        counts.keep_answers(session, project_id, kept, counted)
    for choice_set in project.choice_sets:
        # All openings are looked at: nobody waits for that.
        with snapshot(store) as session:
            before = counts.kept_openings(session, project_id, choice_set)
            again = counts.recounted_openings(session, project_id, choice_set)
        with transaction(store) as session:
            counts.keep_openings(session, project_id, choice_set, before, again)


def _id_of(store: Store, project: Project) -> int | None:
    with reading(store) as session:
        return subjects.project_id(session, project.slug)
