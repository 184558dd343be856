"""Pictures: stored images and the patches around points, cacheable for ever, gold like any other."""

import hashlib
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from game.artifacts import images
from game.artifacts.images import Size
from game.levels import Project
from game.play.rounds import ShownSubject
from game.store import reading, subjects
from game.web.context import current_game
from game.web.threads import in_native_thread

FOR_EVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("images", __name__)


@dataclass(frozen=True)
class Pictures:
    """Addresses of what a player looks at: `picture` is judged, `full` is the whole image it is part of."""

    picture: str
    full: str


def pictures(project: Project, subject: ShownSubject) -> Pictures:
    """The same shape for every subject; nothing in it tells what is known of the subject."""
    full = image_url(subject.sha256, Size.FULL)
    if subject.row is None or subject.column is None:
        return Pictures(image_url(subject.sha256, Size.SMALL), full)
    return Pictures(patch_url(project, subject.sha256, subject.row, subject.column), full)


def image_url(sha256: str, size: Size) -> str:
    return f"/images/{sha256}/{size}.jpg"


def patch_url(project: Project, sha256: str, row: int, column: int) -> str:
    return f"/patches/{sha256}/{row}-{column}.jpg?px={project.patch_px}"


@blueprint.get("/images/<sha256>/<size>.jpg")
def image(sha256: str, size: str) -> Response:
    if size not in set(Size):
        abort(404)
    folder = current_game().settings.images
    path = in_native_thread(images.sized, folder, sha256, Size(size))
    return _for_ever(path.read_bytes())


@blueprint.get("/patches/<sha256>/<int(max=65535):row>-<int(max=65535):column>.jpg")
def patch(sha256: str, row: int, column: int) -> Response:
    """Only points that are subjects, in the sizes that projects use: else anybody could fill the disk with patches."""
    game = current_game()
    patch_px = request.args.get("px", type=int)
    if patch_px not in {project.patch_px for project in game.projects.values() if project.patch_px}:
        abort(404)
    folder = game.settings.images
    images.image_path(folder, sha256)
    with reading(game.store) as session:
        if not subjects.has_point(session, sha256, row, column):
            abort(404)
    return _for_ever(in_native_thread(images.patch, folder, sha256, row, column, patch_px))


def _for_ever(content: bytes) -> Response:
    """No time stamp: when a file was made would tell who has been shown it before."""
    response = Response(content, mimetype="image/jpeg")
    response.headers["Cache-Control"] = FOR_EVER
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    response.make_conditional(request)
    return response
