"""Whether the server lives, and whether it can be given people: for whoever starts, watches or balances it."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify

from game.errors import Unavailable
from game.store import beliefs, engine, reading
from game.version import CODE_VERSION
from game.web.context import current_game

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    with reading(current_game().store) as session:
        projects = beliefs.project_ids(session)
    return jsonify(health="good", version=CODE_VERSION, projects=len(projects))


@blueprint.get("/ready")
def ready() -> tuple[Response, HTTPStatus]:
    """503 while the database is away or older than this program. Redis is not asked: play goes on without it."""
    try:
        with reading(current_game().store) as session:
            schema = engine.schema_version(session)
    except (Unavailable, engine.Foreign):
        return jsonify(ready=False, why="The database does not answer."), HTTPStatus.SERVICE_UNAVAILABLE
    if schema < engine.NEWEST_SCHEMA:
        why = f"The database is at version {schema}, this program needs {engine.NEWEST_SCHEMA}: run `fathom migrate`."
        return jsonify(ready=False, why=why), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(ready=True, version=CODE_VERSION, schema=schema), HTTPStatus.OK
