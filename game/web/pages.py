"""The doors that belong to no project: home, about, privacy."""

from flask import Blueprint, render_template

from game.play.showcase import cards
from game.store import reading
from game.web.context import current_game

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> str:
    game = current_game()
    with reading(game.store) as session:
        shown = cards(session, game.projects.values())
    return render_template("home.html", cards=shown, featured=shown[0] if shown else None)


@blueprint.get("/about")
def about() -> str:
    return render_template("about.html")


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("privacy.html")
