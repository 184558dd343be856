"""A project's public doors: its page, how sure its consensus is, its field guide, its leaderboard."""

from flask import Blueprint, render_template, request
from flask_babel import gettext

from game.errors import NotFound
from game.levels import Project
from game.play.showcase import illustrated_guide, overview
from game.play.standings import Period, leaderboard
from game.science.figures import consensus_figures
from game.store import Session, reading
from game.web.context import current_account, current_game, now
from game.web.payloads import Consensus
from game.web.plots import ConsensusPlots, consensus_plots

blueprint = Blueprint("projects", __name__)


def find_project(slug: str) -> Project:
    """Raises NotFound."""
    project = current_game().projects.get(slug)
    if project is None:
        raise NotFound(gettext("There is no project “%(slug)s”.", slug=slug))
    return project


def volunteer_id() -> int | None:
    account = current_account()
    return None if account is None else account.id


@blueprint.get("/projects/<slug>")
def project(slug: str) -> str:
    found = find_project(slug)
    with reading(current_game().store) as session:
        shown = overview(session, found, volunteer_id(), now())
        plots = _plots(session, found)
    return render_template("project.html", project=found, overview=shown, plots=plots)


@blueprint.get("/projects/<slug>/consensus")
def consensus(slug: str) -> str:
    found = find_project(slug)
    with reading(current_game().store) as session:
        plots = _plots(session, found)
    return render_template("consensus.html", project=found, plots=plots)


@blueprint.get("/projects/<slug>/guide")
def guide(slug: str) -> str:
    found = find_project(slug)
    with reading(current_game().store) as session:
        pages = illustrated_guide(session, found)
    return render_template("guide.html", project=found, pages=pages)


@blueprint.get("/projects/<slug>/leaderboard")
def standings(slug: str) -> str:
    found = find_project(slug)
    period = Period.ALL if request.args.get("period") == Period.ALL else Period.WEEK
    with reading(current_game().store) as session:
        shown = leaderboard(session, found, period, volunteer_id(), now())
    return render_template("leaderboard.html", project=found, standings=shown)


def _plots(session: Session, project: Project) -> ConsensusPlots | None:
    return consensus_plots(project, Consensus.of(project, consensus_figures(session, project)))
