"""Handlers on python-socketio's own server, two events a round; what waits at the same moment is one transaction.

gunicorn with gevent serves `app`.
"""

import os
from random import Random

import gevent
from gevent.event import AsyncResult
from socketio import Server, WSGIApp

from tests.bench.bare.store import DATABASE, answers, next_subject, opened, who

engine = opened(os.environ[DATABASE])
rng = Random(0)
server = Server(async_mode="gevent", transports=["websocket"])
players: dict[str, int] = {}
waiting: list[tuple[dict[str, object], AsyncResult]] = []


def _health(_environ: object, start: object) -> list[bytes]:
    start("200 OK", [("Content-Length", "4")])  # type: ignore[operator]
    return [b"well"]


app = WSGIApp(server, _health)


@server.on("connect")
def connect(sid: str, _environ: object, auth: dict[str, str]) -> bool:
    player = who(engine, auth["token"])
    if player is None:
        return False
    players[sid] = player
    return True


@server.on("next")
def next_one(_sid: str, _message: object) -> dict[str, object]:
    return next_subject(engine, rng)


@server.on("classify")
def classify(sid: str, given: dict[str, object]) -> dict[str, object]:
    kept = AsyncResult()
    waiting.append(({"subject_id": given["subject"], "volunteer_id": players[sid], "label": given["label"]}, kept))
    if len(waiting) == 1:
        gevent.spawn(_write)
    kept.get()
    return {"kept": True}


def _write() -> None:
    """Until nobody waits. The commit is a real thread's, so that others are heard while the disk writes."""
    while waiting:
        together = list(waiting)
        gevent.get_hub().threadpool.apply(_commit, ([row for row, _ in together],))
        del waiting[: len(together)]
        for _, kept in together:
            kept.set(None)


def _commit(rows: list[dict[str, object]]) -> None:
    with engine.begin() as connection:
        connection.execute(answers.insert(), rows)
