"""The operator's doors: jobs and why nothing is training, starting a job, roles, and whose answers are odd."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from game.errors import Conflict, InvalidInput, NotAllowed, NotFound
from game.play import accounts
from game.play.accounts import Account
from game.science.console import STARTABLE, console, start_job
from game.science.figures import flagged_volunteers, n_flagged
from game.store import people, reading, transaction
from game.store.tables.people import Role
from game.store.tables.publications import JobKind
from game.web.context import current_game, now, required_account
from game.web.errors import sentence
from game.web.projects import find_project

blueprint = Blueprint("operator", __name__)

SCIENCE_TEAM = (Role.SCIENTIST, Role.OPERATOR)


@blueprint.get("/operator", endpoint="console")
def show_console() -> str:
    _operator()
    game = current_game()
    with reading(game.store) as session:
        shown = console(session, game.projects.values(), now())
        everybody = people.accounts(session)
        flagged = {slug: n_flagged(session, project) for slug, project in game.projects.items()}
        return render_template(
            "operator.html", console=shown, accounts=everybody, roles=list(Role), kinds=STARTABLE, flagged=flagged
        )


@blueprint.post("/operator/jobs")
def start() -> ResponseReturnValue:
    asking, game = _operator(), current_game()
    project, kind = find_project(request.form.get("project", "")), request.form.get("kind", "")
    if kind not in list(JobKind):
        raise InvalidInput(gettext("There is no kind of job called “%(kind)s”.", kind=kind))
    try:
        with transaction(game.store) as session:
            job = start_job(session, project, JobKind(kind), asking.login or asking.pseudonym, now())
    except (Conflict, NotFound) as refused:
        flash(sentence(refused), "bad")
        return redirect(url_for(".console"))
    game.enqueue(job.code)
    flash(gettext("The job is in the queue."), "good")
    return redirect(url_for(".console"))


@blueprint.post("/operator/roles")
def change_role() -> ResponseReturnValue:
    _operator()
    login, role = request.form.get("login", ""), request.form.get("role", "")
    if role not in list(Role):
        raise InvalidInput(gettext("There is no role called “%(role)s”.", role=role))
    with transaction(current_game().store) as session:
        accounts.change_role(session, login, Role(role))
    flash(gettext("%(login)s has the role “%(role)s” now.", login=login, role=role), "good")
    return redirect(url_for(".console"))


@blueprint.get("/operator/flags/<slug>")
def flags(slug: str) -> str:
    science_team()
    project = find_project(slug)
    with reading(current_game().store) as session:
        found = flagged_volunteers(session, project)
    return render_template("flags.html", project=project, volunteers=found)


def science_team() -> Account:
    """Raises NotLoggedIn, or NotAllowed for everybody else."""
    account = required_account()
    if account.role not in SCIENCE_TEAM:
        raise NotAllowed(gettext("Only the science team may see this page."))
    return account


def _operator() -> Account:
    """Raises NotLoggedIn, or NotAllowed for everybody else."""
    account = required_account()
    if account.role is not Role.OPERATOR:
        raise NotAllowed(gettext("Only operators may see this page."))
    return account
