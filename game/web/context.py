"""What a request stands in: the game, who is asking, and what varies from call to call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import cast

from flask import current_app, g, request, session

from game.config import Settings
from game.errors import NotFound, NotLoggedIn
from game.levels import Project
from game.play import accounts
from game.play.accounts import Account
from game.play.classify import Outcome
from game.store import Store, reading
from game.web.ledger import Ledger
from scoring.chance import Chance

API = "/api/v1"

_VOLUNTEER = "volunteer"
_SIGN_IN_VERSION = "sign_in_version"


@dataclass(frozen=True)
class Game:
    """What every door needs. `enqueue` hands a job's code to the worker; `announce` tells a project's room, in a
    while, that something has changed: called with the project's slug and the outcome, after the commit."""

    settings: Settings
    store: Store
    projects: dict[str, Project]
    enqueue: Callable[[str], None]
    announce: Callable[[str, Outcome], None]
    ledger: Ledger

    def project(self, slug: str) -> Project:
        """Raises NotFound."""
        found = self.projects.get(slug)
        if found is None:
            raise NotFound("There is no project “%(slug)s”.", slug=slug[:64])
        return found


def current_game() -> Game:
    return cast(Game, current_app.extensions["fathom"])


def current_account() -> Account | None:
    """Who is asking: a bearer token speaks for the API, the cookie for every page, and neither for the other.

    Raises NotLoggedIn for a token that opens nothing.
    """
    if "account" not in g:
        g.account = _bearer() if request.path.startswith("/api/") else account_of_session(current_game(), session)
    return cast("Account | None", g.account)


def required_account() -> Account:
    """Raises NotLoggedIn if the request names nobody."""
    account = current_account()
    if account is None:
        raise NotLoggedIn("This needs a volunteer: play as a guest or log in first.")
    return account


def known_project(slug: str) -> Project:
    """Raises NotFound."""
    return current_game().project(slug)


def signed_in(account: Account) -> None:
    """From here on this browser speaks for the account; what it said before is forgotten."""
    session.clear()
    session.permanent = True
    session[_VOLUNTEER] = account.id
    session[_SIGN_IN_VERSION] = account.sign_in_version
    g.account = account


def signed_out() -> None:
    session.clear()
    g.account = None


def now() -> datetime:
    return datetime.now(UTC)


def rng() -> Chance:
    return Random()


def account_of_token(game: Game, token: str) -> Account:
    """Raises NotLoggedIn for a token that opens nothing."""
    with reading(game.store) as opened:
        account = accounts.account_by_token(opened, token)
    if account is None:
        raise NotLoggedIn("This token is not known, or not any more; please ask for a new one.")
    return account


def account_of_session(game: Game, cookie: Mapping[str, object]) -> Account | None:
    """None unless the cookie was made by the newest sign-in of a volunteer who is still here."""
    volunteer_id = cookie.get(_VOLUNTEER)
    if not isinstance(volunteer_id, int):
        return None
    with reading(game.store) as opened:
        account = accounts.account(opened, volunteer_id)
    return account if account is not None and account.sign_in_version == cookie.get(_SIGN_IN_VERSION) else None


def _bearer() -> Account | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotLoggedIn("The API takes a bearer token and no other kind of login.")
    return account_of_token(current_game(), token.strip())
