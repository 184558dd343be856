"""The one way from any door to a kept answer: transaction, use case, and only then the news."""

from game.errors import NotLoggedIn
from game.play import accounts
from game.play.accounts import Account
from game.play.classify import Answer, Outcome, classify
from game.store import Session, rounds, transaction
from game.web.context import Game, now


def keep_answer(game: Game, round_code: str, account: Account, answer: Answer) -> Outcome:
    """Returns once the answer is on the disk. Raises as `classify`; NotLoggedIn if the account has changed since."""
    with transaction(game.store) as session:
        _check_still_here(session, account)
        outcome = classify(session, game.projects, round_code, account.id, answer, now())
        found = rounds.round_by_code(session, round_code)
    if found is not None:
        game.announce(found[1], outcome)
    return outcome


def _check_still_here(session: Session, account: Account) -> None:
    """A socket may stay open for hours after its volunteer changed her password or left for good."""
    found = accounts.account(session, account.id)
    if found is None or found.sign_in_version != account.sign_in_version:
        raise NotLoggedIn("Please log in again: this account has changed or does not exist any more.")
