"""Named queries about volunteers."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from game.store.tables import Token, Volunteer


def volunteer(session: Session, volunteer_id: int) -> Volunteer | None:
    return session.get(Volunteer, volunteer_id)


def volunteer_by_login(session: Session, login: str) -> Volunteer | None:
    return session.scalar(select(Volunteer).where(Volunteer.login == login))


def volunteer_by_token(session: Session, sha256: str) -> Volunteer | None:
    return session.scalar(select(Volunteer).join(Token).where(Token.sha256 == sha256))


def pseudonym_taken(session: Session, pseudonym: str) -> bool:
    return session.scalar(select(Volunteer.id).where(Volunteer.pseudonym == pseudonym)) is not None


def accounts(session: Session) -> list[Volunteer]:
    """Everyone with a login, newest first, at most 500."""
    named = select(Volunteer).where(Volunteer.login.is_not(None))
    return list(session.scalars(named.order_by(Volunteer.id.desc()).limit(500)))


def add_volunteer(session: Session, pseudonym: str, now: datetime, *, simulated: bool = False) -> Volunteer:
    added = Volunteer(pseudonym=pseudonym, created_at=now, simulated=simulated)
    session.add(added)
    session.flush()
    return added


def add_token(session: Session, volunteer_id: int, sha256: str, now: datetime) -> None:
    session.add(Token(sha256=sha256, volunteer_id=volunteer_id, created_at=now))


def remove_tokens(session: Session, volunteer_id: int) -> None:
    session.execute(delete(Token).where(Token.volunteer_id == volunteer_id))
