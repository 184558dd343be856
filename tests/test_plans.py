"""Query plans of the hot path, on both databases: nothing that grows is ever read from one end to the other."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, event, func, insert, select

from game.levels import GoldUse
from game.play import accounts
from game.play.classify import Answer, Outcome, Sent, classify_all
from game.play.rounds import start_round
from game.store import Store, reading, transaction
from game.store.tables import (
    Classification,
    Consensus,
    ExpertLabel,
    Opening,
    Prediction,
    Reliability,
    Round,
    RoundSubject,
    Standing,
    Subject,
    Volunteer,
)
from tests.play.conftest import Reef, guest, reef

__all__ = ["reef"]

N_SUBJECTS, N_VOLUNTEERS, N_ROUNDS = 12_000, 3_000, 6_000
ROUND_SIZE = 10
# What SQLite calls a scan and is none: of a parameter, of a subquery that has a limit, of nothing.
BOUNDED = {"json_each", "listed", "anon_1", "enough", "CONSTANT"}
GROWING = {
    table.__tablename__
    for table in (
        Classification,
        Consensus,
        ExpertLabel,
        Opening,
        Prediction,
        Reliability,
        Round,
        RoundSubject,
        Standing,
        Subject,
        Volunteer,
    )
}

Statement = tuple[str, Any]


@contextmanager
def noted(store: Store) -> Iterator[dict[str, Any]]:
    """Every statement that is sent, with what it was sent with."""
    statements: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        if re.match(r"\s*(SELECT|INSERT|UPDATE)", statement):
            statements.setdefault(statement, given[0] if many else given)

    event.listen(store.engine, "before_cursor_execute", note)
    yield statements
    event.remove(store.engine, "before_cursor_execute", note)


def plan(connection: Connection, statement: str, given: Any) -> list[str]:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", given)]


def scanned(lines: list[str]) -> set[str]:
    """What the plan reads from one end to the other."""
    sqlite = {found for line in lines for found in re.findall(r"SCAN (\w+)", line)} - BOUNDED
    return sqlite | ({found for line in lines for found in re.findall(r"Seq Scan on (\w+)", line)} & GROWING)


@pytest.fixture
def crowded(reef: Reef, now: datetime) -> Reef:
    """The reef, with many more subjects, and with the past of many volunteers."""
    rng = np.random.default_rng(0)
    with transaction(reef.store) as session:
        image_id = session.scalar(select(Subject.image_id).limit(1))
        first = 1 + (session.scalar(select(func.max(Subject.id))) or 0)
        session.execute(insert(Subject), _subjects(first, reef.project_id, image_id, now))
        ids = range(first, first + N_SUBJECTS)
        gold, open_ones = ids[: N_SUBJECTS // 2], ids[N_SUBJECTS // 2 :]
        session.execute(insert(ExpertLabel), [_gold(one, reef.project_id, rng) for one in gold])
        session.execute(insert(Opening), [row for one in open_ones for row in _openings(reef, one, rng)])
        session.execute(insert(Consensus), [_consensus(one, reef.project_id, now) for one in open_ones])
        names = [{"id": n, "pseudonym": f"Volunteer {n}", "created_at": now} for n in range(1, N_VOLUNTEERS + 1)]
        session.execute(insert(Volunteer), names)
        session.execute(insert(Reliability), [_reliability(one["id"], reef.project_id, now) for one in names])
        session.execute(insert(Standing), [_standing(one["id"], reef.project_id) for one in names])
        session.execute(insert(Round), [_round(n, reef.project_id, now) for n in range(1, N_ROUNDS + 1)])
        places = range(1, N_ROUNDS * ROUND_SIZE + 1)
        session.execute(insert(RoundSubject), [_handed(n, first, now) for n in places])
        session.execute(insert(Classification), [_answer(n, first, reef.project_id, now) for n in places])
    with reef.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            _count_on(connection)
    tidy(reef.store)
    return reef


def tidy(store: Store) -> None:
    """As PostgreSQL does by itself before long."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")


@pytest.mark.slow
def test_no_statement_of_a_round_reads_a_whole_table(crowded: Reef, now: datetime, rng: np.random.Generator) -> None:
    told: list[Any] = []
    play(crowded, guest(crowded, now, rng), now, rng)
    newcomer = guest(crowded, now, rng)
    with noted(crowded.store) as statements:
        with transaction(crowded.store) as session:
            token = accounts.issue_token(session, newcomer, now)
        with reading(crowded.store) as session:
            assert accounts.account_by_token(session, token)
        told = play(crowded, newcomer, now, rng)
        told += play(crowded, newcomer, now, rng)
    assert all(isinstance(one, Outcome) for one in told)
    assert len(statements) > 25
    with crowded.store.engine.connect() as connection:
        plans = {statement: plan(connection, statement, given) for statement, given in statements.items()}
    bad = ["\n".join([statement, *lines]) for statement, lines in plans.items() if scanned(lines)]
    assert bad == [], "\n\n".join(bad)
    newest = next(lines for statement, lines in plans.items() if "newer" in statement)
    assert any("answers_of_a_subject" in line for line in newest), newest
    assert not any("Sort" in line or "TEMP B-TREE" in line for line in newest), newest


def play(reef: Reef, volunteer_id: int, now: datetime, rng: np.random.Generator) -> list[Any]:
    """A round, all of its answers at once."""
    with transaction(reef.store) as session:
        shown = start_round(session, reef.project, volunteer_id, None, now, rng)
    sent = [
        Sent(shown.code, volunteer_id, Answer(secrets.token_hex(8), one.code, "hard-coral", None, 900))
        for one in shown.subjects
    ]
    with transaction(reef.store) as session:
        return list(classify_all(session, reef.projects, sent, now))


def _count_on(connection: Connection) -> None:
    """Rows that were added by number leave PostgreSQL's own counting behind."""
    for table in (Subject, Volunteer, Round, RoundSubject, Classification):
        name = table.__tablename__
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
        )


def _subjects(first: int, project_id: int, image_id: int | None, now: datetime) -> list[dict[str, object]]:
    return [
        {
            "id": n, "code": f"many {n}", "project_id": project_id, "image_id": image_id, "name": "quadrat.jpg",
            "row": n, "column": 1, "created_at": now,
        }
        for n in range(first, first + N_SUBJECTS)
    ]  # fmt: skip


def _gold(subject_id: int, project_id: int, rng: np.random.Generator) -> dict[str, object]:
    use = GoldUse.TEACHING if subject_id % 10 == 0 else GoldUse.HIDDEN
    return {
        "subject_id": subject_id, "project_id": project_id, "label": subject_id % 6, "use": use, "why": "",
        "shuffle": rng.random(),
    }  # fmt: skip


def _openings(reef: Reef, subject_id: int, rng: np.random.Generator) -> list[dict[str, object]]:
    return [
        {
            "subject_id": subject_id, "choice_set": choice_set, "project_id": reef.project_id,
            "priority": 3 * rng.random(), "shuffle": rng.random(),
            "retired_at": None,
        }
        for choice_set in reef.project.choice_sets
    ]  # fmt: skip


def _consensus(subject_id: int, project_id: int, now: datetime) -> dict[str, object]:
    return {
        "subject_id": subject_id, "project_id": project_id, "posterior": [1 / 6] * 6, "label": 0, "confidence": 1 / 6,
        "agreement": 1.0, "n_given": 1, "n_bad_image": 0, "n_cant_tell": 0, "computed_at": now,
    }  # fmt: skip


def _reliability(volunteer_id: object, project_id: int, now: datetime) -> dict[str, object]:
    return {
        "volunteer_id": volunteer_id, "project_id": project_id, "confusion": np.full((6, 6), 1 / 6).tolist(),
        "reliability": 0.5, "informedness": 0.4, "n_gold": 3, "computed_at": now,
    }  # fmt: skip


def _standing(volunteer_id: object, project_id: int) -> dict[str, object]:
    return {"volunteer_id": volunteer_id, "project_id": project_id, "period": "all", "points": 10}


def _round(n: int, project_id: int, now: datetime) -> dict[str, object]:
    return {
        "id": n, "code": f"round {n}", "project_id": project_id, "volunteer_id": 1 + n % N_VOLUNTEERS,
        "level": "grounds", "n_subjects": ROUND_SIZE, "started_at": now, "completed_at": now, "points": 10,
    }  # fmt: skip


def _handed(n: int, first: int, now: datetime) -> dict[str, object]:
    round_id, position = 1 + (n - 1) // ROUND_SIZE, (n - 1) % ROUND_SIZE
    return {
        "id": n, "code": f"handed {n}", "round_id": round_id, "position": position,
        "subject_id": first + n % N_SUBJECTS, "volunteer_id": 1 + round_id % N_VOLUNTEERS, "handed_at": now,
        "answered_at": now,
    }  # fmt: skip


def _answer(n: int, first: int, project_id: int, now: datetime) -> dict[str, object]:
    round_id = 1 + (n - 1) // ROUND_SIZE
    return {
        "id": n, "key": f"answer {n}", "round_subject_id": n, "attempt": 1, "round_id": round_id,
        "project_id": project_id, "subject_id": first + n % N_SUBJECTS, "volunteer_id": 1 + round_id % N_VOLUNTEERS,
        "level": "grounds", "level_version": "1", "code_version": "1", "choice": "hard-coral", "shown_ms": 900,
        "given_at": now,
    }  # fmt: skip
