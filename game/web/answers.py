"""The one way from any door to a round and to a kept answer: the ledger, and only then the news."""

from game.levels import Project
from game.play.accounts import Account
from game.play.classify import Answer, Outcome, Sent
from game.play.rounds import ShownRound, Wanted
from game.web.context import Game


def begin_round(game: Game, project: Project, account: Account, level_key: str | None) -> ShownRound:
    """Returns once it is on the disk. Raises as `start_round`; NotLoggedIn if the account has changed since."""
    return game.ledger.begin(Wanted(project, account.id, level_key, account.sign_in_version))


def keep_answer(game: Game, round_code: str, account: Account, answer: Answer) -> Outcome:
    """Returns once the answer is on the disk. Raises as `classify`; NotLoggedIn if the account has changed since."""
    outcome = game.ledger.keep(Sent(round_code, account.id, answer, account.sign_in_version))
    game.announce(outcome.project, outcome)
    return outcome
