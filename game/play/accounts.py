"""Who plays: guests, sign-up, sign-in, tokens, and leaving for good."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from game.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotLoggedIn
from game.play.pseudonyms import draw_pseudonym
from game.store import Session, people
from game.store.people import Known
from game.store.tables.people import Role, Volunteer
from scoring.chance import Chance

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 200
_LOGIN = re.compile(r"[\w.@+-]{3,64}")
_PSEUDONYM = re.compile(r"[^\W_][\w .'-]{1,38}[\w.]")
_HASHER = PasswordHasher()


@dataclass(frozen=True)
class Account:
    """A volunteer as the doors see her; `login` is None for a guest."""

    id: int
    pseudonym: str
    login: str | None
    role: Role
    simulated: bool
    sign_in_version: int


@dataclass(frozen=True)
class Hashed:
    """What is kept of a password."""

    text: str


@dataclass(frozen=True)
class Credentials:
    """What somebody who logs in is held against; both None where nobody has her login."""

    account: Account | None
    password: Hashed | None


def create_guest(session: Session, now: datetime, rng: Chance, *, simulated: bool = False) -> Account:
    """A volunteer with a drawn pseudonym and nothing personal."""
    pseudonym = draw_pseudonym(rng, lambda drawn: people.pseudonym_taken(session, drawn))
    return _account(people.add_volunteer(session, pseudonym, now, simulated=simulated))


def account(session: Session, volunteer_id: int) -> Account | None:
    """None when there is no such volunteer, or not any more."""
    found = people.known(session, volunteer_id)
    return None if found is None or found.deleted_at is not None else _account(found)


def require_sign_in(session: Session, volunteer_id: int, sign_in_version: int) -> None:
    """Raises NotLoggedIn unless the volunteer is still here, and what she signed in with is still the newest."""
    found = account(session, volunteer_id)
    if found is None or found.sign_in_version != sign_in_version:
        raise signed_out()


def signed_out() -> NotLoggedIn:
    return NotLoggedIn("Please log in again: this account has changed or does not exist any more.")


def hash_password(password: str) -> Hashed:
    """Takes long on purpose: not while others wait for a transaction. Raises InvalidInput for a length out of range."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise InvalidInput(
            "A password has %(least)s to %(most)s characters.", least=MIN_PASSWORD_LENGTH, most=MAX_PASSWORD_LENGTH
        )
    return Hashed(_HASHER.hash(password))


def sign_up(session: Session, volunteer_id: int, login: str, password: Hashed) -> Account:
    """Gives a guest a login; she keeps her points, levels and answers. Raises Conflict if the login is taken."""
    guest = _present(session, volunteer_id)
    if guest.login is not None:
        raise Conflict("You have an account already.")
    _claim_login(session, guest, login)
    guest.password_hash = password.text
    guest.sign_in_version += 1
    return _account(guest)


def credentials(session: Session, login: str) -> Credentials:
    """Of whoever has this login; of nobody, if nobody has."""
    found = people.volunteer_by_login(session, login.strip().casefold())
    if found is None or found.password_hash is None:
        return Credentials(None, None)
    return Credentials(_account(found), Hashed(found.password_hash))


def log_in(known: Credentials, password: str) -> Account:
    """Takes long, as `hash_password`. Raises NotAllowed, in the same words and after the same work, whether login or
    password is wrong."""
    try:
        _HASHER.verify((known.password or _nobodys_password()).text, password[:MAX_PASSWORD_LENGTH])
    except VerifyMismatchError:
        raise NotAllowed("Login or password is wrong.") from None
    if known.account is None:
        raise NotAllowed("Login or password is wrong.")
    return known.account


def change_pseudonym(session: Session, volunteer_id: int, pseudonym: str) -> Account:
    found = _present(session, volunteer_id)
    wanted = " ".join(pseudonym.split())
    if not _PSEUDONYM.fullmatch(wanted):
        raise InvalidInput(
            "A name on the leaderboard has 3 to 40 letters, digits, spaces, dots, dashes or apostrophes."
        )
    if wanted != found.pseudonym and people.pseudonym_taken(session, wanted):
        raise Conflict("“%(name)s” is taken; please choose another name.", name=wanted)
    found.pseudonym = wanted
    return _account(found)


def change_password(session: Session, known: Account, new: Hashed) -> Account:
    """Ends every other sign-in of this account. `known` has just been logged in with the old one; raises NotAllowed if
    it has been changed since."""
    found = _present(session, known.id)
    if found.sign_in_version != known.sign_in_version:
        raise NotAllowed("Login or password is wrong.")
    found.password_hash = new.text
    found.sign_in_version += 1
    people.remove_tokens(session, known.id)
    return _account(found)


def delete_account(session: Session, volunteer_id: int, now: datetime) -> None:
    """Removes all that is personal. The answers stay, under a name that stands for nobody."""
    found = _present(session, volunteer_id)
    found.pseudonym = f"former volunteer {secrets.token_hex(4)}"
    found.login = found.password_hash = None
    found.role = Role.VOLUNTEER
    found.deleted_at = now
    found.sign_in_version += 1
    people.remove_tokens(session, volunteer_id)


def change_role(session: Session, login: str, role: Role) -> Account:
    """Raises NotFound if nobody has this login."""
    found = people.volunteer_by_login(session, login.strip().casefold())
    if found is None:
        raise NotFound("Nobody has the login “%(login)s”. Roles are given to accounts, not to guests.", login=login)
    found.role = role
    return _account(found)


def issue_token(session: Session, volunteer_id: int, now: datetime) -> str:
    """A bearer token; only its hash is kept, so it is shown this once."""
    token = secrets.token_urlsafe(32)
    people.add_token(session, volunteer_id, _sha256(token), now)
    return token


def account_by_token(session: Session, token: str) -> Account | None:
    found = people.known_by_token(session, _sha256(token))
    return None if found is None or found.deleted_at is not None else _account(found)


@cache
def _nobodys_password() -> Hashed:
    return Hashed(_HASHER.hash(secrets.token_hex(16)))


def _claim_login(session: Session, volunteer: Volunteer, login: str) -> None:
    wanted = login.strip().casefold()
    if not _LOGIN.fullmatch(wanted):
        raise InvalidInput("A login has 3 to 64 letters, digits or any of . @ + - _")
    if people.volunteer_by_login(session, wanted) is not None:
        raise Conflict("The login “%(login)s” is taken; please choose another.", login=wanted)
    volunteer.login = wanted


def _present(session: Session, volunteer_id: int) -> Volunteer:
    found = people.volunteer(session, volunteer_id)
    if found is None or found.deleted_at is not None:
        raise NotFound("This account does not exist any more.")
    return found


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _account(row: Volunteer | Known) -> Account:
    return Account(row.id, row.pseudonym, row.login, Role(row.role), row.simulated, row.sign_in_version)
