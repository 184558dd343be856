"""Who plays, and what stays when she leaves."""

from datetime import datetime

import numpy as np
import pytest

from game.errors import Conflict, InvalidInput, NotAllowed, NotFound
from game.play import accounts
from game.store import Store, reading, transaction
from game.store.tables.people import Role

LONG_ENOUGH = accounts.hash_password("long enough")


@pytest.fixture
def diver(store: Store, now: datetime, rng: np.random.Generator) -> int:
    with transaction(store) as session:
        return accounts.create_guest(session, now, rng).id


def test_signing_up_keeps_the_volunteer(store: Store, diver: int) -> None:
    with transaction(store) as session:
        assert accounts.sign_up(session, diver, "Ada@reef.org", LONG_ENOUGH).id == diver
    with reading(store) as session:
        assert accounts.log_in(accounts.credentials(session, " ada@REEF.org "), "long enough").id == diver


@pytest.mark.parametrize(("login", "password"), [("ada", "wrong password"), ("bob", "long enough"), ("ada", "")])
def test_a_wrong_login_and_a_wrong_password_sound_alike(store: Store, diver: int, login: str, password: str) -> None:
    with transaction(store) as session:
        accounts.sign_up(session, diver, "ada", LONG_ENOUGH)
    with reading(store) as session, pytest.raises(NotAllowed, match="Login or password is wrong"):
        accounts.log_in(accounts.credentials(session, login), password)


@pytest.mark.parametrize("login", ["", "ab", "a b c", "x" * 65, "ada;drop"])
def test_a_login_that_is_none_is_refused_with_the_rule(store: Store, diver: int, login: str) -> None:
    with transaction(store) as session, pytest.raises(InvalidInput, match="3 to 64"):
        accounts.sign_up(session, diver, login, LONG_ENOUGH)


def test_a_taken_login_is_refused(store: Store, diver: int, now: datetime, rng: np.random.Generator) -> None:
    with transaction(store) as session:
        accounts.sign_up(session, diver, "ada", LONG_ENOUGH)
        other = accounts.create_guest(session, now, rng).id
    with transaction(store) as session, pytest.raises(Conflict, match="is taken"):
        accounts.sign_up(session, other, "Ada", LONG_ENOUGH)


def test_a_short_password_is_refused_with_the_rule() -> None:
    with pytest.raises(InvalidInput, match="8 to 200"):
        accounts.hash_password("short")


def test_a_new_password_ends_other_sign_ins(store: Store, diver: int, now: datetime) -> None:
    with transaction(store) as session:
        before = accounts.sign_up(session, diver, "ada", LONG_ENOUGH)
        token = accounts.issue_token(session, diver, now)
        after = accounts.change_password(session, before, accounts.hash_password("even longer"))
        assert after.sign_in_version != before.sign_in_version
        assert accounts.account_by_token(session, token) is None
        with pytest.raises(NotAllowed):
            accounts.change_password(session, before, accounts.hash_password("a thief, too late"))


def test_deleting_an_account_leaves_nothing_personal(store: Store, diver: int, now: datetime) -> None:
    with transaction(store) as session:
        name = accounts.sign_up(session, diver, "ada", LONG_ENOUGH).pseudonym
        token = accounts.issue_token(session, diver, now)
        accounts.delete_account(session, diver, now)
    with reading(store) as session:
        assert accounts.account(session, diver) is None
        assert accounts.account_by_token(session, token) is None
        with pytest.raises(NotAllowed):
            accounts.log_in(accounts.credentials(session, "ada"), "long enough")
        with pytest.raises(NotFound):
            accounts.change_pseudonym(session, diver, name)


def test_a_token_opens_the_account_it_was_made_for(store: Store, diver: int, now: datetime) -> None:
    with transaction(store) as session:
        token = accounts.issue_token(session, diver, now)
    with reading(store) as session:
        found = accounts.account_by_token(session, token)
        assert found is not None
        assert found.id == diver
        assert accounts.account_by_token(session, token + "x") is None


def test_roles_are_given_to_accounts(store: Store, diver: int) -> None:
    with transaction(store) as session:
        accounts.sign_up(session, diver, "ada", LONG_ENOUGH)
        assert accounts.change_role(session, "ada", Role.OPERATOR).role is Role.OPERATOR
        with pytest.raises(NotFound, match="Nobody has the login"):
            accounts.change_role(session, "bob", Role.OPERATOR)


@pytest.mark.parametrize("pseudonym", ["", "  ", "ab", "<script>", "x" * 41, "a\u202eb c"])
def test_a_name_that_would_spoil_a_leaderboard_is_refused(store: Store, diver: int, pseudonym: str) -> None:
    with transaction(store) as session, pytest.raises(InvalidInput, match="3 to 40"):
        accounts.change_pseudonym(session, diver, pseudonym)


def test_guests_get_different_names(store: Store, now: datetime) -> None:
    with transaction(store) as session:
        names = {accounts.create_guest(session, now, np.random.default_rng(7)).pseudonym for _ in range(20)}
    assert len(names) == 20
