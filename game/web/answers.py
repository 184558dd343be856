"""The one way from any door to a kept answer: the ledger, and only then the news."""

from game.play.accounts import Account
from game.play.classify import Answer, Outcome, Sent
from game.web.context import Game


def keep_answer(game: Game, round_code: str, account: Account, answer: Answer) -> Outcome:
    """Returns once the answer is on the disk. Raises as `classify`; NotLoggedIn if the account has changed since."""
    outcome = game.ledger.keep(Sent(round_code, account.id, answer, account.sign_in_version))
    game.announce(outcome.project, outcome)
    return outcome
