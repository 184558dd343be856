"""The API's door to the public model: a picture comes in, the worker has it looked at, what the model says goes out."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ValidationError

from game.errors import InvalidInput
from game.levels import Project
from game.science.jobs import JobView
from game.science.trials import check_can_try, find_trial, keep_upload, point_of, request_trial
from game.store import reading, transaction
from game.store.tables.publications import JobState
from game.web import payloads
from game.web.context import API, Game, current_game, known_project, now
from game.web.errors import CODES, validation_message
from game.web.limits import PREDICTIONS, PREDICTIONS_OF_ADDRESS, by_address, by_volunteer
from game.web.security import accept_upload
from game.web.threads import in_native_thread

# A worker that is free takes well under a second; whoever would wait longer is told where to ask again.
PATIENCE_S = 4.0
POLL_S = 0.1
WAITING = (JobState.QUEUED, JobState.RUNNING)

blueprint = APIBlueprint(
    "predictions", __name__, url_prefix=API, abp_responses=dict.fromkeys((*CODES, 500), payloads.Failure)
)


def uploaded(view: Callable[[payloads.ProjectPath, payloads.PictureSent], Response]) -> Callable[..., Response]:
    """Reads and checks a form with a picture; stands below the limits, like `checked` of the API's other messages."""

    @wraps(view)
    def read(**arguments: Any) -> Response:
        accept_upload()
        form = {**request.form.to_dict(), **request.files.to_dict()}
        try:
            path = payloads.ProjectPath.model_validate(arguments)
            sent = payloads.PictureSent.model_validate(form)
        except ValidationError as error:
            raise InvalidInput(validation_message(error)) from None
        return view(path, sent)

    read.__dict__["__delay_validate_request__"] = True
    return read


@blueprint.post(
    "/projects/<slug>/predict",
    responses={200: payloads.Prediction, 202: payloads.Prediction},
    security=[{"token": []}, {}],
)
@by_address(PREDICTIONS_OF_ADDRESS)
@by_volunteer(PREDICTIONS)
@uploaded
def predict(path: payloads.ProjectPath, form: payloads.PictureSent) -> Response:
    """What the public model says of a picture, or of a point of it; 202 with a Location to ask while it looks."""
    project, game = known_project(path.slug), current_game()
    with reading(game.store) as session:
        check_can_try(session, project)
    point = point_of(project, form.row, form.column)
    upload = in_native_thread(keep_upload, game.settings.uploads, form.picture.read(), point)
    with transaction(game.store) as session:
        job = request_trial(session, project, upload, point, now())
    game.enqueue(job.code)
    return _answer(project, _looked_at(game, project, job))


@blueprint.get("/projects/<slug>/predictions/<prediction>", responses={200: payloads.Prediction})
def show_prediction(path: payloads.PredictionPath) -> Response:
    """A prediction that was asked for, for a day; who knows its id may see it."""
    project = known_project(path.slug)
    with reading(current_game().store) as session:
        job = find_trial(session, project, path.prediction)
    answer = _answer(project, job)
    answer.status_code = 200
    return answer


def _looked_at(game: Game, project: Project, job: JobView) -> JobView:
    """The job as it is at its end, or when patience is."""
    deadline = time.monotonic() + PATIENCE_S
    while job.state in WAITING and time.monotonic() < deadline:
        time.sleep(POLL_S)  # In gevent's workers everybody else is served meanwhile.
        with reading(game.store) as session:
            job = find_trial(session, project, job.code)
    return job


def _answer(project: Project, job: JobView) -> Response:
    url = f"{API}/projects/{project.slug}/predictions/{job.code}"
    response = Response(payloads.Prediction.of(project, job, url).model_dump_json(), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    if job.state in WAITING:
        response.status_code = 202
        response.headers["Location"], response.headers["Retry-After"] = url, "1"
    return response
