"""Errors as answers: one JSON shape for the API and the sockets, a page in plain words for everybody else."""

from enum import StrEnum
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, TooManyRequests

from game.errors import Conflict, FathomError, InvalidInput, NotAllowed, NotFound, NotLoggedIn, TooMany, Unavailable
from game.web.requests import request_id

STATUS: dict[type[FathomError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotLoggedIn: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class ErrorCode(StrEnum):
    INVALID_INPUT = "invalid_input"
    NOT_LOGGED_IN = "not_logged_in"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    TOO_MANY = "too_many"
    BROKEN = "broken"
    UNAVAILABLE = "unavailable"


CODES: dict[int, ErrorCode] = {
    400: ErrorCode.INVALID_INPUT,
    401: ErrorCode.NOT_LOGGED_IN,
    403: ErrorCode.NOT_ALLOWED,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    409: ErrorCode.CONFLICT,
    413: ErrorCode.TOO_LARGE,
    415: ErrorCode.NOT_JSON,
    429: ErrorCode.TOO_MANY,
    503: ErrorCode.UNAVAILABLE,
}


def status_of(error: FathomError) -> HTTPStatus:
    """A kind of error that no door foresees is ours."""
    known = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def sentence(error: FathomError) -> str:
    """In the language of whoever asks; needs an application context."""
    return str(gettext(error.text, **error.values))


def error_shape(status: int, message: str) -> dict[str, dict[str, str]]:
    unforeseen = ErrorCode.BROKEN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ErrorCode.INVALID_INPUT
    return {"error": {"code": CODES.get(status, unforeseen), "message": message}}


def validation_message(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}." if place else f"{first['msg']}."


def validation_response(error: ValidationError) -> Response:
    answer = jsonify(error_shape(HTTPStatus.BAD_REQUEST, validation_message(error)))
    answer.status_code = HTTPStatus.BAD_REQUEST
    return answer


def register_errors(app: Flask) -> None:
    app.register_error_handler(FathomError, _refused)
    app.register_error_handler(HTTPException, _http)


def _refused(error: FathomError) -> ResponseReturnValue:
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        raise InternalServerError(original_exception=error) from error
    answer, _ = _answer(status, sentence(error))
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = "5"
    return answer, status


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    answer, status = _answer(error.code, _sentence(error))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    if isinstance(error, TooManyRequests):
        answer.headers.setdefault("Retry-After", "60")
    return answer, status


def _answer(status: int, message: str) -> tuple[Response, int]:
    if _is_heard_by_a_program():
        return jsonify(error_shape(status, message)), status
    page = render_template("error.html", status=int(status), message=message, request_id=request_id())
    return Response(page, mimetype="text/html"), status


def _is_heard_by_a_program() -> bool:
    """The API always; a page's own scripts ask for JSON."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def _sentence(error: HTTPException) -> str:
    """Werkzeug's own descriptions speak to programmers."""
    sentences = {
        400: gettext("This request cannot be understood. Please go back, reload the page and try again."),
        403: gettext("You may not do this."),
        404: gettext("There is nothing at this address."),
        405: gettext("This address exists, but it cannot be used in this way."),
        413: gettext("This is too large to be taken."),
        415: gettext("Send JSON, with the header Content-Type: application/json."),
        429: gettext("That was very quick. Please wait a minute and try again."),
        500: gettext("Something is broken on our side. Nothing of yours is lost; please try again."),
    }
    return str(sentences.get(error.code or 500, error.description or sentences[400]))
