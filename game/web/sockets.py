"""Socket.IO: the same answers over an open connection. Every event is acknowledged, with an outcome or an error."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import socketio
from flask import Flask
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError

from game.config import Settings
from game.errors import FathomError, InvalidInput, NotLoggedIn
from game.logs import REQUEST_ID
from game.play.accounts import Account
from game.web import payloads
from game.web.announcer import room_of
from game.web.answers import begin_round, keep_answer
from game.web.context import Game, account_of_session, account_of_token
from game.web.errors import CODES, ErrorCode, error_shape, sentence, status_of
from game.web.limits import CLASSIFICATIONS, ROUNDS, SocketLimit
from game.web.payloads import parse_socket_answer, parse_socket_round
from game.web.requests import ACCESS
from game.web.threads import runs_on_gevent

MAX_MESSAGE_BYTES = 16_000

_LOG = logging.getLogger(__name__)
_STATUSES = {code: status for status, code in CODES.items()} | {ErrorCode.BROKEN: HTTPStatus.INTERNAL_SERVER_ERROR}

Json = dict[str, Any]


def open_sockets(app: Flask, settings: Settings) -> socketio.Server:
    """WebSocket only: without long polling any number of processes can serve a volunteer, wherever she reconnects."""
    options: dict[str, Any] = {
        "async_mode": "gevent" if runs_on_gevent() else "threading",
        "transports": ["websocket"],
        "max_http_buffer_size": MAX_MESSAGE_BYTES,
        # One volunteer's events are handled one after the other.
        "async_handlers": False,
        "manage_session": False,
    }
    if settings.redis_url is not None:
        # Redis' client is large: only a server that has a Redis loads it.
        from game.web.message_queue import MessageQueue

        options["client_manager"] = MessageQueue(settings.redis_url)
    extension: Any = SocketIO(app, **options)
    return extension.server


def register_sockets(server: socketio.Server, app: Flask, game: Game) -> None:
    """Handlers sit on the underlying server: a request context for every event would cost more than the answer."""
    answers, starts = SocketLimit(CLASSIFICATIONS), SocketLimit(ROUNDS)

    def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
        try:
            account = _account(app, game, environ, auth)
        except FathomError as error:
            shape = _told(app, error)
            raise ConnectionRefusedError(shape["error"]["message"], shape) from None
        server.save_session(sid, {"account": account})
        for slug in parse_qs(environ.get("QUERY_STRING", "")).get("project", []):
            if slug in game.projects:
                server.enter_room(sid, room_of(slug))

    def asker(sid: str, limit: SocketLimit) -> Account:
        account: Account | None = server.get_session(sid)["account"]
        if account is None:
            raise NotLoggedIn("This connection belongs to nobody: play as a guest or log in, then connect again.")
        limit.count(account.id)
        return account

    def start(sid: str, *messages: object) -> Json:
        account = asker(sid, starts)
        slug, level_key = parse_socket_round(_only("start", messages))
        shown = begin_round(game, game.project(slug), account, level_key)
        return payloads.Round.of(shown).model_dump(mode="json")

    def classify(sid: str, *messages: object) -> Json:
        account = asker(sid, answers)
        round_code, answer = parse_socket_answer(_only("classify", messages))
        outcome = keep_answer(game, round_code, account, answer)
        return payloads.Outcome.of(round_code, outcome).model_dump(mode="json")

    server.on("connect", connect)
    server.on("start", logged("start", acknowledged(app, start)))
    server.on("classify", logged("classify", acknowledged(app, classify)))
    server.on("*", logged("unknown", acknowledged(app, _unknown)))


def logged(event: str, handler: Callable[..., Json]) -> Callable[..., Json]:
    """As a request is: with an id of its own, and a line in the log that names nobody."""

    def answer(*arguments: Any) -> Json:
        REQUEST_ID.set(secrets.token_hex(8))
        begun = time.perf_counter()
        told = handler(*arguments)
        if ACCESS.isEnabledFor(logging.INFO):
            status = _STATUSES.get(told["error"]["code"], HTTPStatus.BAD_REQUEST) if "error" in told else HTTPStatus.OK
            carried = {"method": "SOCKET", "route": event, "status": int(status)}
            ACCESS.info("event", extra=carried | {"ms": round(1000 * (time.perf_counter() - begun), 1)})
        return told

    return answer


def acknowledged(app: Flask, handler: Callable[..., Json]) -> Callable[..., Json]:
    """A handler that raises is never acknowledged, and its sender would wait for ever."""

    def answer(*arguments: Any) -> Json:
        try:
            return handler(*arguments)
        except FathomError as error:
            return _told(app, error)
        except Exception:
            _LOG.exception("An event could not be handled.")
            return _told(app, FathomError("Something is broken on our side. Please send your answer again."))

    return answer


def _told(app: Flask, error: FathomError) -> Json:
    with app.app_context():
        return error_shape(status_of(error), sentence(error))


def _only(event: str, messages: Sequence[object]) -> object:
    if len(messages) != 1:
        raise InvalidInput("“%(event)s” carries one message.", event=event)
    return messages[0]


def _unknown(event: str, *_: object) -> Json:
    raise InvalidInput("There is no event “%(event)s”; a player's are “start” and “classify”.", event=event[:40])


def _account(app: Flask, game: Game, environ: dict[str, Any], auth: object) -> Account | None:
    """Programs send a token, browsers a cookie. None for somebody who only watches."""
    if isinstance(auth, dict) and "token" in auth:
        return account_of_token(game, str(auth["token"]))
    cookie = app.session_interface.open_session(app, app.request_class(environ))
    return None if cookie is None else account_of_session(game, cookie)
