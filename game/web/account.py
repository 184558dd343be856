"""The doors of one's own account: sign up, log in and out, change, leave."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from game.errors import Conflict, FathomError
from game.play import accounts
from game.play.accounts import Account
from game.play.figures import own_figures
from game.store import reading, transaction
from game.web.context import current_account, current_game, now, required_account, rng, signed_in, signed_out
from game.web.errors import status_of
from game.web.limits import LOG_IN, SIGN_UP, by_address
from game.web.threads import in_native_thread

blueprint = Blueprint("account", __name__)


@blueprint.get("/signup")
def sign_up_form() -> ResponseReturnValue:
    account = current_account()
    if account is not None and account.login is not None:
        return redirect(url_for(".account"))
    return render_template("signup.html")


@blueprint.post("/signup")
@by_address(SIGN_UP)
def sign_up() -> ResponseReturnValue:
    try:
        hashed = in_native_thread(accounts.hash_password, _field("password"))
        with transaction(current_game().store) as session:
            guest = current_account() or accounts.create_guest(session, now(), rng())
            account = accounts.sign_up(session, guest.id, _field("login"), hashed)
    except FathomError as error:
        return _again("signup.html", error)
    signed_in(account)
    flash(gettext("Welcome aboard, %(name)s. Everything you did so far is kept.", name=account.pseudonym), "good")
    return redirect(url_for(".account"))


@blueprint.get("/login")
def log_in_form() -> ResponseReturnValue:
    return render_template("login.html")


@blueprint.post("/login")
@by_address(LOG_IN)
def log_in() -> ResponseReturnValue:
    try:
        account = _logged_in(_field("login"), _field("password"))
    except FathomError as error:
        return _again("login.html", error)
    signed_in(account)
    flash(gettext("Good to see you again, %(name)s.", name=account.pseudonym), "good")
    return redirect(url_for("pages.home"))


@blueprint.post("/logout")
def log_out() -> ResponseReturnValue:
    signed_out()
    flash(gettext("You are logged out."), "good")
    return redirect(url_for("pages.home"))


@blueprint.get("/account")
def account() -> ResponseReturnValue:
    found, game = current_account(), current_game()
    if found is None:
        return redirect(url_for(".log_in_form"))
    with reading(game.store) as session:
        figures = [own_figures(session, project, found.id) for project in game.projects.values()]
    return render_template("account.html", figures=figures)


@blueprint.post("/account/pseudonym")
def change_pseudonym() -> ResponseReturnValue:
    asking = required_account()
    try:
        with transaction(current_game().store) as session:
            accounts.change_pseudonym(session, asking.id, _field("pseudonym"))
    except FathomError as error:
        return _back_to_account(str(error), "bad")
    return _back_to_account(gettext("That is your name from now on."), "good")


@blueprint.post("/account/password")
@by_address(LOG_IN)
def change_password() -> ResponseReturnValue:
    asking = required_account()
    try:
        if asking.login is None:
            raise Conflict("Guests have no password; sign up first.")
        known = _logged_in(asking.login, _field("old"))
        hashed = in_native_thread(accounts.hash_password, _field("new"))
        with transaction(current_game().store) as session:
            changed = accounts.change_password(session, known, hashed)
    except FathomError as error:
        return _back_to_account(str(error), "bad")
    signed_in(changed)
    return _back_to_account(gettext("Your password is changed. Everywhere else you are logged out."), "good")


@blueprint.get("/account/delete")
def delete_form() -> ResponseReturnValue:
    required_account()
    return render_template("delete.html")


@blueprint.post("/account/delete")
def delete() -> ResponseReturnValue:
    found = required_account()
    with transaction(current_game().store) as session:
        accounts.delete_account(session, found.id, now())
    signed_out()
    flash(gettext("Your account is gone. Thank you for everything you saw."), "good")
    return redirect(url_for("pages.home"))


def _logged_in(login: str, password: str) -> Account:
    """Raises NotAllowed. Checking a password takes as long as many answers: others go on meanwhile."""
    with reading(current_game().store) as session:
        known = accounts.credentials(session, login)
    return in_native_thread(accounts.log_in, known, password)


def _field(name: str) -> str:
    return request.form.get(name, "")


def _back_to_account(sentence: str, kind: str) -> ResponseReturnValue:
    flash(sentence, kind)
    return redirect(url_for(".account"))


def _again(template: str, error: FathomError) -> ResponseReturnValue:
    """The same form, with what was typed but for the password."""
    return render_template(template, problem=str(error), login=_field("login")), status_of(error)
