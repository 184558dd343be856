"""Statements that go to the driver itself: they say, and fail, as the same statements through SQLAlchemy."""

from datetime import datetime

import pytest
from sqlalchemy import bindparam, case, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from game.store import Store, reading, transaction
from game.store.engine import core
from game.store.prepared import ROWS_AT_ONCE, Prepared, streamed
from game.store.tables import Volunteer
from game.store.tables.people import Role

BY_NAME = select(
    Volunteer.pseudonym, Volunteer.role, Volunteer.simulated, Volunteer.created_at, Volunteer.deleted_at
).where(Volunteer.pseudonym == bindparam("pseudonym"), Volunteer.role == Role.VOLUNTEER)
# Each database's own way to fail at a single row.
BROKEN = {"sqlite": func.abs(text("-9223372036854775807 - 1")), "postgresql": 1 / (Volunteer.id - Volunteer.id)}
COLUMNS = ["pseudonym", "role", "simulated", "sign_in_version", "created_at"]


def rows(now: datetime, *names: str) -> list[dict[str, object]]:
    told = {"role": Role.VOLUNTEER, "simulated": True, "sign_in_version": 1, "created_at": now}
    return [{"pseudonym": name, **told} for name in names]


def test_it_keeps_and_finds_what_sqlalchemy_would(store: Store, now: datetime) -> None:
    adding, finding = Prepared(insert(Volunteer), COLUMNS), Prepared(BY_NAME)
    with transaction(store) as session:
        adding.run(session, rows(now, "Ada", "100 %"))
        adding.run(session, [])
    with reading(store) as session:
        for name in ("Ada", "100 %", "nobody"):
            usual = core(session).execute(BY_NAME, {"pseudonym": name}).all()
            assert finding.all(session, {"pseudonym": name}) == [tuple(row) for row in usual]
        assert finding.first(session, {"pseudonym": "Ada"}) == ("Ada", "volunteer", True, now, None)
        assert finding.scalar(session, {"pseudonym": "nobody"}) is None


def test_what_an_insertion_returns_is_read(store: Store, now: datetime) -> None:
    adding = Prepared(insert(Volunteer).returning(Volunteer.id, Volunteer.created_at), COLUMNS)
    with transaction(store) as session:
        (ada,) = rows(now, "Ada")
        assert adding.first(session, ada) == (1, now)


def test_rows_by_the_million_come_in_portions(store: Store, now: datetime) -> None:
    names = [f"name {n}" for n in range(ROWS_AT_ONCE + 3)]
    with transaction(store) as session:
        Prepared(insert(Volunteer), COLUMNS).run(session, rows(now, *names))
    told = select(Volunteer.id, Volunteer.pseudonym, Volunteer.login).order_by(Volunteer.id)
    with reading(store) as session:
        portions = list(streamed(session, told))
        assert [len(some) for some in portions] == [ROWS_AT_ONCE, 3]
        assert [row for some in portions for row in some] == [tuple(row) for row in core(session).execute(told)]
        assert list(streamed(session, told.where(Volunteer.pseudonym == "nobody"))) == []


def test_an_error_between_portions_is_sqlalchemys(store: Store, now: datetime) -> None:
    with transaction(store) as session:
        Prepared(insert(Volunteer), COLUMNS).run(session, rows(now, *(f"name {n}" for n in range(ROWS_AT_ONCE + 9))))
    with reading(store) as session:
        newest = session.scalar(select(func.max(Volunteer.id))) or 0
        # The last row cannot be computed: by then the first ones were read.
        told = select(case((Volunteer.id == newest, BROKEN[store.engine.dialect.name]), else_=Volunteer.id))
        portions = streamed(session, told.order_by(Volunteer.id))
        assert len(next(portions)) == ROWS_AT_ONCE
        with pytest.raises(DBAPIError):
            next(portions)


def test_an_error_is_sqlalchemys_and_ends_the_transaction(store: Store, now: datetime) -> None:
    adding = Prepared(insert(Volunteer), COLUMNS)
    with pytest.raises(IntegrityError, match="pseudonym"), transaction(store) as session:
        adding.run(session, rows(now, "Ada", "Ada"))
    with reading(store) as session:
        assert Prepared(BY_NAME).all(session, {"pseudonym": "Ada"}) == []


def test_whoever_listens_to_sqlalchemy_hears_it(store: Store) -> None:
    heard: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *about: heard.append(about[2]))
    with reading(store) as session:
        Prepared(BY_NAME).all(session, {"pseudonym": "Ada"})
    assert len([statement for statement in heard if "pseudonym" in statement]) == 1


def test_a_column_that_sqlalchemy_would_fill_is_not_forgotten(store: Store, now: datetime) -> None:
    adding = Prepared(insert(Volunteer), ["pseudonym", "created_at"])
    with pytest.raises(AssertionError, match="Defaults"), transaction(store) as session:
        adding.run(session, [{"pseudonym": "Ada", "created_at": now}])


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_connection_that_was_lost_is_not_used_again(store: Store) -> None:
    with reading(store) as session:
        mine = core(session).scalar(text("SELECT pg_backend_pid()"))
        with store.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        with pytest.raises(OperationalError) as lost:
            Prepared(BY_NAME).all(session, {"pseudonym": "Ada"})
        assert lost.value.connection_invalidated
    with reading(store) as session:
        assert Prepared(BY_NAME).all(session, {"pseudonym": "Ada"}) == []
