"""The API: what a volunteer does, as JSON, under /api/v1; its OpenAPI document is made from these functions."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast, get_type_hints

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from game.errors import InvalidInput, NotFound
from game.play import accounts, rounds
from game.play.figures import own_figures, project_progress
from game.play.standings import Period, leaderboard
from game.science import publish, released
from game.science.figures import consensus_figures
from game.science.gallery import model_gallery
from game.store import reading, transaction
from game.web import payloads
from game.web.answers import begin_round, keep_answer
from game.web.context import API, current_account, current_game, known_project, now, required_account, rng
from game.web.downloads import present
from game.web.errors import CODES, validation_message
from game.web.limits import CLASSIFICATIONS, GUESTS, ROUNDS, by_address, by_volunteer

DESCRIPTION = (
    "Fathom's game as JSON: become a guest, start a round, classify its subjects. Every error has the same shape. "
    "Socket.IO (WebSocket, path /socket.io, auth {token}) carries the same messages: “start” and “classify” from "
    "a player, acknowledged with the round or the outcome, or the error; “progress” and “leaderboard” from the server."
)
View = TypeVar("View", bound=Callable[..., Response])
Security = list[dict[str, list[str]]]

TOKEN: Security = [{"token": []}]
TOKEN_OR_NONE: Security = [{"token": []}, {}]

blueprint = APIBlueprint("api", __name__, url_prefix=API, abp_responses=dict.fromkeys((*CODES, 500), payloads.Failure))


def checked(view: View) -> View:
    """Reads and checks a POST's message. Stands below the limit, so that messages that are refused count as well."""
    expected = get_type_hints(view)

    @wraps(view)
    def read(**arguments: Any) -> Response:
        given = {"path": arguments, "body": _json_object()}
        try:
            messages = {name: expected[name].model_validate(given[name]) for name in given if name in expected}
        except ValidationError as error:
            raise InvalidInput(validation_message(error)) from None
        return view(**messages)

    # The library leaves the checking to whoever says so.
    read.__dict__["__delay_validate_request__"] = True
    return cast(View, read)


@blueprint.post("/guests", responses={201: payloads.Guest})
@by_address(GUESTS)
@checked
def create_guest(body: payloads.GuestWanted) -> Response:
    """Become a guest: a drawn pseudonym, and the token that stands for it."""
    with transaction(current_game().store) as session:
        account = accounts.create_guest(session, now(), rng())
        token = accounts.issue_token(session, account.id, now())
    return _answer(payloads.Guest(token=token, pseudonym=account.pseudonym), 201)


@blueprint.get("/me", responses={200: payloads.Me}, security=TOKEN)
def show_me() -> Response:
    """Who the token stands for, and what its completed rounds came to."""
    game, account = current_game(), required_account()
    with reading(game.store) as session:
        figures = [own_figures(session, project, account.id) for project in game.projects.values()]
    return _answer(payloads.Me.of(account, figures))


@blueprint.get("/projects", responses={200: payloads.Projects})
def list_projects() -> Response:
    """All projects and how far they are."""
    game = current_game()
    with reading(game.store) as session:
        shown = [
            payloads.ProjectSummary.of(project, project_progress(session, project))
            for project in game.projects.values()
        ]
    return _answer(payloads.Projects(projects=tuple(shown)))


@blueprint.get("/projects/<slug>", responses={200: payloads.Project})
def show_project(path: payloads.ProjectPath) -> Response:
    """One project: its science, labels, levels and progress."""
    project = known_project(path.slug)
    with reading(current_game().store) as session:
        progress = project_progress(session, project)
    return _answer(payloads.Project.of(project, progress))


@blueprint.get("/projects/<slug>/leaderboard", responses={200: payloads.Leaderboard}, security=TOKEN_OR_NONE)
def show_leaderboard(path: payloads.ProjectPath, query: payloads.LeaderboardQuery) -> Response:
    """The best of this week or of all time; with a token also the places around one's own."""
    project, account = known_project(path.slug), current_account()
    with reading(current_game().store) as session:
        shown = leaderboard(session, project, Period(query.period), account.id if account else None, now())
    return _answer(payloads.Leaderboard.of(project, shown))


@blueprint.get("/projects/<slug>/consensus", responses={200: payloads.Consensus})
def show_consensus(path: payloads.ProjectPath) -> Response:
    """How sure the consensus is: calibration, confusion, agreement, reliabilities, and how far the subjects are."""
    project = known_project(path.slug)
    with reading(current_game().store) as session:
        found = consensus_figures(session, project)
    return _answer(payloads.Consensus.of(project, found))


@blueprint.get("/projects/<slug>/releases", responses={200: payloads.Releases})
def list_releases(path: payloads.ProjectPath) -> Response:
    """The published releases, newest first."""
    project = known_project(path.slug)
    with reading(current_game().store) as session:
        made = released.releases(session, project)
    return _answer(payloads.Releases(releases=tuple(payloads.Release.of(project, one) for one in made)))


@blueprint.get("/projects/<slug>/models", responses={200: payloads.Models})
def list_models(path: payloads.ProjectPath) -> Response:
    """The models trained so far, newest first."""
    project, game = known_project(path.slug), current_game()
    with reading(game.store) as session:
        trained = publish.models(session, project)
    shown = [payloads.Model.of(project, one, present(game.settings.models / one.folder, one.files)) for one in trained]
    return _answer(payloads.Models(models=tuple(shown)))


@blueprint.get("/projects/<slug>/model", responses={200: payloads.PublicModel})
def show_model(path: payloads.ProjectPath) -> Response:
    """The public model: how good it is, and pictures on which it is right or wrong."""
    project, game = known_project(path.slug), current_game()
    with reading(game.store) as session:
        published = publish.published_model(session, project)
        shown = model_gallery(session, project)
    if published is None:
        raise NotFound("The project “%(title)s” has no public model yet.", title=project.title)
    files = present(game.settings.models / published.folder, published.files)
    return _answer(payloads.PublicModel.of(project, published, shown, files))


@blueprint.post("/projects/<slug>/rounds", responses={200: payloads.Round}, security=TOKEN)
@by_volunteer(ROUNDS)
@checked
def start_round(path: payloads.ProjectPath, body: payloads.RoundWanted) -> Response:
    """Start a round, or take up the one that was left unfinished."""
    shown = begin_round(current_game(), known_project(path.slug), required_account(), body.level)
    return _answer(payloads.Round.of(shown))


@blueprint.get("/rounds/<round>", responses={200: payloads.Round}, security=TOKEN)
def show_round(path: payloads.RoundPath) -> Response:
    """A round of one's own, with what is answered already."""
    game, account = current_game(), required_account()
    with reading(game.store) as session:
        shown = rounds.find_round(session, game.projects, path.round, account.id)
    return _answer(payloads.Round.of(shown))


@blueprint.post("/rounds/<round>/classifications", responses={200: payloads.Outcome}, security=TOKEN)
@by_volunteer(CLASSIFICATIONS)
@checked
def classify(path: payloads.RoundPath, body: payloads.AnswerGiven) -> Response:
    """Answer a subject of a round; the same answer sent again gets the same outcome."""
    outcome = keep_answer(current_game(), path.round, required_account(), payloads.parse_answer(body))
    return _answer(payloads.Outcome.of(path.round, outcome))


def _answer(payload: BaseModel, status: int = 200) -> Response:
    response = Response(payload.model_dump_json(), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _json_object() -> dict[str, Any]:
    """What is absent is empty. Raises InvalidInput, and werkzeug's errors for what is no JSON or too large."""
    if not (request.content_length or request.headers.get("Transfer-Encoding")):
        return {}
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = request.get_json()
    except RecursionError:
        raise InvalidInput("The JSON is nested too deeply.") from None
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.")
    return body
