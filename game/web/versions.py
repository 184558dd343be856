"""A model's versions: to read and to compare for anybody, to freeze, force and put back for the science team."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from game.errors import Conflict, FathomError, InvalidInput, NotFound
from game.levels import Project
from game.science import decisions
from game.science.comparison import compare
from game.science.decisions import FEWEST_CHARACTERS, MOST_CHARACTERS
from game.science.oversight import oversight
from game.science.publish import ModelView, model_of, models
from game.science.switching import Switch, request_switch, switch_kind
from game.store import reading, transaction
from game.store.tables.publications import ModelState
from game.web.context import current_account, current_game, now
from game.web.downloads import folder_downloads, text_of
from game.web.errors import sentence, status_of
from game.web.operator import SCIENCE_TEAM, science_team
from game.web.projects import find_project
from game.web.shifts import comparison_plot
from game.web.threads import in_native_thread

blueprint = Blueprint("versions", __name__)

LENGTHS = {"fewest": FEWEST_CHARACTERS, "most": MOST_CHARACTERS}


@blueprint.get("/projects/<slug>/model/<int:version>")
def version(slug: str, version: int) -> str:
    project, game, account = find_project(slug), current_game(), current_account()
    with reading(game.store) as session:
        shown = model_of(session, project, version)
        others = [one for one in models(session, project) if one.version != version]
        decided = decisions.decisions_of(session, project, version)
    folder = game.settings.models / shown.folder
    return render_template(
        "version.html",
        project=project,
        model=shown,
        names={label.code: label.name for label in project.labels},
        others=others,
        decisions=decided,
        card=text_of(folder / "card.md"),
        files=folder_downloads(folder, shown.files),
        may_decide=account is not None and account.role in SCIENCE_TEAM,
    )


@blueprint.get("/projects/<slug>/model/compare")
def comparison(slug: str) -> ResponseReturnValue:
    project, game = find_project(slug), current_game()
    with reading(game.store) as session:
        found = models(session, project)
    if len(found) < 2:
        return render_template("comparison.html", project=project, versions=found, plot=None)
    a, b = _chosen(project, found)
    try:
        compared = in_native_thread(compare, project, game.settings.models, a, b)
    except FathomError as refused:
        page = render_template(
            "comparison.html", project=project, versions=found, a=a, b=b, plot=None, refusal=sentence(refused)
        )
        return page, HTTPStatus.CONFLICT
    plot = comparison_plot(compared)
    return render_template(
        "comparison.html", project=project, versions=found, a=a, b=b, compared=compared, plot=plot
    )  # fmt: skip


@blueprint.get("/operator/models/<slug>", endpoint="oversight")
def show_oversight(slug: str) -> str:
    science_team()
    project = find_project(slug)
    with reading(current_game().store) as session:
        shown = oversight(session, project)
    return render_template("oversight.html", project=project, shown=shown, lengths=LENGTHS)


@blueprint.post("/operator/models/<slug>/freeze")
def freeze(slug: str) -> ResponseReturnValue:
    return _decided(slug, decisions.freeze, gettext("The public model is frozen now."))


@blueprint.post("/operator/models/<slug>/thaw")
def thaw(slug: str) -> ResponseReturnValue:
    return _decided(slug, decisions.thaw, gettext("New models may become public again."))


@blueprint.get("/operator/models/<slug>/<int:version>")
def confirm(slug: str, version: int) -> str:
    """Before anything happens: what it would mean, and a place for the reason."""
    science_team()
    return _confirmation(find_project(slug), version)


@blueprint.post("/operator/models/<slug>/<int:version>")
def switch(slug: str, version: int) -> ResponseReturnValue:
    asking, project, game = science_team(), find_project(slug), current_game()
    why = request.form.get("why", "")
    try:
        with transaction(game.store) as session:
            wanted = Switch(version, asking.login or asking.pseudonym, why)
            job = request_switch(session, project, wanted, now())
    except InvalidInput as refused:
        return _confirmation(project, version, why, sentence(refused)), status_of(refused)
    game.enqueue(job.code)
    flash(gettext("Version %(version)s becomes public in a moment.", version=version), "good")
    return redirect(url_for(".oversight", slug=slug))


def _confirmation(project: Project, version: int, why: str = "", refusal: str = "") -> str:
    with reading(current_game().store) as session:
        shown = model_of(session, project, version)
        public = next((one for one in models(session, project) if one.state is ModelState.PUBLISHED), None)
        kind = switch_kind(session, project, version)
    return render_template(
        "switch.html", project=project, model=shown, public=public, kind=kind, why=why, refusal=refusal, lengths=LENGTHS
    )


def _decided(slug: str, decide: decisions.Deciding, done: str) -> ResponseReturnValue:
    asking, project = science_team(), find_project(slug)
    try:
        with transaction(current_game().store) as session:
            decide(session, project, asking.login or asking.pseudonym, request.form.get("why", ""), now())
        flash(done, "good")
    except (Conflict, InvalidInput) as refused:
        flash(sentence(refused), "bad")
    return redirect(url_for(".oversight", slug=slug))


def _chosen(project: Project, versions: list[ModelView]) -> tuple[ModelView, ModelView]:
    """`a` and `b` of the address; unless it names them the newest beside the public one or, if it is that, the one
    before. Raises InvalidInput, NotFound."""
    newest, *older = versions
    public = next((one for one in older if one.state is ModelState.PUBLISHED), older[0])
    return _asked(project, versions, "a", public), _asked(project, versions, "b", newest)


def _asked(project: Project, versions: list[ModelView], name: str, otherwise: ModelView) -> ModelView:
    text = request.args.get(name, "")
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInput(gettext("Name two versions by their numbers: ?a=1&b=2."))
    for one in versions:
        if one.version == int(text):
            return one
    raise NotFound(
        gettext("The project “%(project)s” has no model of version %(version)s.", project=project.title, version=text)
    )
