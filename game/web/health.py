"""Whether the server answers and its database does: for whoever starts or watches it."""

from flask import Blueprint, Response, jsonify

from game.store import beliefs, reading
from game.version import CODE_VERSION
from game.web.context import current_game

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    with reading(current_game().store) as session:
        projects = beliefs.project_ids(session)
    return jsonify(health="good", version=CODE_VERSION, projects=len(projects))
