"""Volunteers and the tokens that stand for them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from game.store.columns import Id, Short, Table, VolunteerId


class Role(StrEnum):
    VOLUNTEER = "volunteer"
    EDUCATOR = "educator"
    SCIENTIST = "scientist"
    OPERATOR = "operator"


class Volunteer(Table):
    """A person who plays. A guest has no login yet; a deleted volunteer keeps an empty shell for her answers."""

    __tablename__ = "volunteers"

    id: Mapped[Id]
    pseudonym: Mapped[Short] = mapped_column(unique=True)
    login: Mapped[str | None] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(String(16), default=Role.VOLUNTEER)
    simulated: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    # Raised by a new password and by deletion: cookies that name an older one no longer open anything.
    sign_in_version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index(
            "simulated_volunteers", "id", sqlite_where=text("simulated = 1"), postgresql_where=text("simulated"),
        ),
    )  # fmt: skip


class Token(Table):
    """Only the SHA-256 of a token is kept."""

    __tablename__ = "tokens"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    volunteer_id: Mapped[VolunteerId] = mapped_column(index=True)
    created_at: Mapped[datetime]
