"""What is counted once and what came since are together what a plain count finds, whatever happened in between."""

import threading
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, event, func, insert, select, update

from game.errors import Conflict
from game.play import accounts
from game.play.classify import withdraw_last
from game.play.figures import Progress, project_progress
from game.play.rounds import find_round
from game.science.aggregate import aggregate
from game.science.counting import ROWS_IN_ONE_TRANSACTION, Counting, recount
from game.store import counts, open_store, reading, science, transaction
from game.store.science import Renewed
from game.store.tables import AnswerCount, Classification, Image, Opening, OpeningCount, Subject, Volunteer, Withdrawal
from scoring.retirement import RetirementReason
from tests.play.conftest import Reef, guest, reef
from tests.play.rounds import answer, begin, subject_ids

__all__ = ["reef"]

# SQLite has one writer: nobody counts, or answers, beside another.
on_postgresql = pytest.mark.parametrize("store", ["postgresql"], indirect=True)
CHOICES = ("hard-coral", "algae", "soft-substrate")


def plainly(reef: Reef) -> Progress:
    people = select(Classification).join(Volunteer).where(~Volunteer.simulated).subquery()
    finest = select(Opening).where(Opening.choice_set == reef.project.choice_sets[-1]).subquery()
    retired = (finest.c.retired_at.is_not(None), finest.c.reason != RetirementReason.MACHINE_ACCEPTED)
    with reading(reef.store) as session:
        return Progress(
            session.scalar(select(func.count()).select_from(finest)) or 0,
            session.scalar(select(func.count()).select_from(finest).where(*retired)) or 0,
            session.scalar(select(func.count()).select_from(people)) or 0,
            session.scalar(select(func.count(people.c.volunteer_id.distinct()))) or 0,
        )


def shown(reef: Reef) -> Progress:
    with reading(reef.store) as session:
        return project_progress(session, reef.project)


def by_hand(reef: Reef, reason: RetirementReason | None, rng: np.random.Generator, now: datetime) -> None:
    """Some subjects leave play for this reason, or come back."""
    with transaction(reef.store) as session:
        ids = session.scalars(select(Opening.subject_id).distinct()).all()
        some = rng.choice(ids, size=9, replace=False).tolist()
        science.renew_openings(
            session, [Renewed(one, str(of), 1.0, reason) for one in some for of in reef.project.choice_sets], now
        )


def play_a_little(reef: Reef, volunteer_id: int, now: datetime, rng: np.random.Generator) -> None:
    begun = begin(reef, volunteer_id, now, rng)
    for position in rng.permutation(10)[: rng.integers(11)]:
        answer(reef, begun, int(position), volunteer_id, str(rng.choice(CHOICES)), now=now)
        if rng.random() < 0.2:
            with transaction(reef.store) as session:
                if not find_round(session, reef.projects, begun.code, volunteer_id).completed:
                    try:
                        withdraw_last(session, reef.projects, begun.code, volunteer_id, now)
                    except Conflict:
                        # Teaching gold has been explained.
                        continue


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_play_the_figures_are_those_of_a_plain_count(reef: Reef, now: datetime, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counting = Counting(reef.store, left=0)
    for place in range(16):
        player = guest(reef, now, rng, simulated=place % 4 == 3)
        play_a_little(reef, player, now + timedelta(minutes=place), rng)
        if place % 5 == 0:
            with transaction(reef.store) as session:
                accounts.delete_account(session, player, now)
        if place % 3 == 0:
            by_hand(reef, [*RetirementReason, None][int(rng.integers(5))], rng, now)
        if place == 9:
            aggregate(reef.store, reef.project, now)
        assert shown(reef) == plainly(reef)
        if rng.random() < 0.6:
            counting.count_on(reef.project)
            assert shown(reef) == plainly(reef)
    with reading(reef.store) as session:
        assert counts.kept_answers(session, reef.project_id).n_volunteers > 3
        assert session.scalar(select(func.max(OpeningCount.n_subjects))) == 60


def test_what_was_counted_is_not_looked_at_again(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    for place in range(3):
        play_a_little(reef, guest(reef, now, rng), now + timedelta(minutes=place), rng)
    Counting(reef.store, left=0).count_on(reef.project)
    before = shown(reef)
    with reef.store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(Withdrawal))
        connection.execute(delete(Classification))
        connection.execute(delete(Opening))
    assert shown(reef) == before


def test_without_a_worker_the_figures_are_right_as_well(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    play_a_little(reef, guest(reef, now, rng), now, rng)
    assert shown(reef) == plainly(reef)


def test_a_quiet_minute_writes_nothing(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    play_a_little(reef, guest(reef, now, rng), now, rng)
    sent: list[str] = []
    event.listen(reef.store.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    Counting(reef.store).count_on(reef.project)
    assert sent
    assert not [one for one in sent if "INSERT" in one or "UPDATE" in one]


def test_a_count_that_went_wrong_is_mended_from_the_rows(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    for place in range(3):
        play_a_little(reef, guest(reef, now, rng), now + timedelta(minutes=place), rng)
    Counting(reef.store, left=0).count_on(reef.project)
    with transaction(reef.store) as session:
        session.execute(update(AnswerCount).values(n_classifications=7, n_volunteers=7))
        session.execute(delete(OpeningCount))
    assert shown(reef) != plainly(reef)
    recount(reef.store, reef.project)
    assert shown(reef) == plainly(reef)


def add_openings(reef: Reef, now: datetime, n: int) -> None:
    """Of so many subjects that nobody has counted."""
    with transaction(reef.store) as session:
        image_id = session.scalar(select(Image.id).limit(1)) or 0
        of_project = {"project_id": reef.project_id}
        subject = of_project | {"image_id": image_id, "name": "quadrat.jpg", "created_at": now}
        session.execute(
            insert(Subject), [subject | {"code": f"more {row}", "row": row, "column": 1} for row in range(n)]
        )
        ids = session.scalars(select(Subject.id).where(Subject.name == "quadrat.jpg", Subject.column == 1)).all()
        one = of_project | {"priority": 1.0, "shuffle": 0.5}
        opened = [one | {"subject_id": each, "choice_set": of} for each in ids for of in reef.project.choice_sets]
        session.execute(insert(Opening), opened)


def test_a_first_count_of_many_leaves_the_worker_time_for_other_things(reef: Reef, now: datetime) -> None:
    add_openings(reef, now, ROWS_IN_ONE_TRANSACTION)
    counting = Counting(reef.store, left=0, portions=1)
    assert not counting.count_on(reef.project)
    assert shown(reef) == plainly(reef)
    with reading(reef.store) as session:
        kept = counts.kept_openings(session, reef.project_id, reef.project.choice_sets[-1])
    assert kept.n_subjects == ROWS_IN_ONE_TRANSACTION
    assert counting.count_on(reef.project)
    assert shown(reef) == plainly(reef)


def test_who_counts_meanwhile_is_not_overruled_by_what_was_counted_before(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    of_set = (reef.project_id, reef.project.choice_sets[-1])
    with reading(reef.store) as session:
        before, again = counts.kept_openings(session, *of_set), counts.recounted_openings(session, *of_set)
    play_a_little(reef, guest(reef, now, rng), now, rng)
    Counting(reef.store, left=0).count_on(reef.project)
    with transaction(reef.store) as session:
        counts.keep_openings(session, *of_set, before, again)
    assert shown(reef) == plainly(reef)


@on_postgresql
def test_two_who_count_at_once_count_everything_once(reef: Reef, now: datetime, rng: np.random.Generator) -> None:
    add_openings(reef, now, 3 * ROWS_IN_ONE_TRANSACTION)
    counters = [threading.Thread(target=Counting(reef.store, left=0).count_on, args=(reef.project,)) for _ in range(3)]
    for one_of_them in counters:
        one_of_them.start()
    for one_of_them in counters:
        one_of_them.join()
    assert shown(reef) == plainly(reef)
    with reading(reef.store) as session:
        kept = session.scalars(select(OpeningCount.n_subjects)).all()
        assert kept == [60 + 3 * ROWS_IN_ONE_TRANSACTION] * len(reef.project.choice_sets)


@on_postgresql
def test_an_answer_that_is_kept_late_is_counted_all_the_same(
    reef: Reef, now: datetime, rng: np.random.Generator
) -> None:
    """Its id is lower than that of others, which came while its transaction was not at its end."""
    slow, quick = (guest(reef, now, rng) for _ in range(2))
    late, early = (begin(reef, one, now, rng) for one in (slow, quick))
    counting = Counting(reef.store, left=0)
    other = open_store(reef.store.engine.url.render_as_string(hide_password=False))
    begun, may_end = threading.Event(), threading.Event()
    event.listen(other.engine, "commit", lambda _connection: (begun.set(), may_end.wait(30)))
    away = Reef(other, reef.project, reef.projects, reef.project_id, reef.truth)
    answering = threading.Thread(target=answer, args=(away, late, 0, slow, CHOICES[0]), kwargs={"now": now})
    answering.start()
    assert begun.wait(30)
    positions = [n for n, id_ in enumerate(subject_ids(reef, early)) if id_ != subject_ids(reef, late)[0]]
    for position in positions:
        answer(reef, early, position, quick, CHOICES[0], now=now)
    counting.count_on(reef.project)
    assert shown(reef).n_classifications == len(positions)
    may_end.set()
    answering.join()
    assert shown(reef).n_classifications == len(positions) + 1
    counting.count_on(reef.project)
    assert shown(reef) == plainly(reef)
    with reading(reef.store) as session:
        assert counts.kept_answers(session, reef.project_id)[1:] == (len(positions) + 1, 2)
    other.engine.dispose()
