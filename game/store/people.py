"""Named queries about volunteers."""

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from game.store.prepared import Prepared
from game.store.tables import Token, Volunteer


class Known(NamedTuple):
    """A volunteer as every request needs her; `deleted_at` says that she has left."""

    id: int
    pseudonym: str
    login: str | None
    role: str
    simulated: bool
    sign_in_version: int
    deleted_at: datetime | None


_KNOWN = select(
    Volunteer.id, Volunteer.pseudonym, Volunteer.login, Volunteer.role, Volunteer.simulated, Volunteer.sign_in_version,
    Volunteer.deleted_at,
)  # fmt: skip
_BY_ID = Prepared(_KNOWN.where(Volunteer.id == bindparam("volunteer_id")))
_BY_TOKEN = Prepared(_KNOWN.join(Token, Token.volunteer_id == Volunteer.id).where(Token.sha256 == bindparam("sha256")))


def known(session: Session, volunteer_id: int) -> Known | None:
    row = _BY_ID.first(session, {"volunteer_id": volunteer_id})
    return None if row is None else Known(*row)


def known_by_token(session: Session, sha256: str) -> Known | None:
    row = _BY_TOKEN.first(session, {"sha256": sha256})
    return None if row is None else Known(*row)


def volunteer(session: Session, volunteer_id: int) -> Volunteer | None:
    return session.get(Volunteer, volunteer_id)


def volunteer_by_login(session: Session, login: str) -> Volunteer | None:
    return session.scalar(select(Volunteer).where(Volunteer.login == login))


def pseudonym_taken(session: Session, pseudonym: str) -> bool:
    return session.scalar(select(Volunteer.id).where(Volunteer.pseudonym == pseudonym)) is not None


def accounts(session: Session) -> list[Volunteer]:
    """Everyone with a login, newest first, at most 500."""
    named = select(Volunteer).where(Volunteer.login.is_not(None))
    return list(session.scalars(named.order_by(Volunteer.id.desc()).limit(500)))


def add_volunteer(session: Session, pseudonym: str, now: datetime, *, simulated: bool = False) -> Volunteer:
    # An id may be given out again, after a guest was forgotten or a backup restored; her cookie must not open it.
    version = secrets.randbelow(2**30)
    added = Volunteer(pseudonym=pseudonym, created_at=now, simulated=simulated, sign_in_version=version)
    session.add(added)
    session.flush()
    return added


def add_token(session: Session, volunteer_id: int, sha256: str, now: datetime) -> None:
    session.add(Token(sha256=sha256, volunteer_id=volunteer_id, created_at=now))


def remove_tokens(session: Session, volunteer_id: int) -> None:
    session.execute(delete(Token).where(Token.volunteer_id == volunteer_id))
