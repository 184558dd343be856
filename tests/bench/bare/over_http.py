"""Flask, SQLAlchemy Core and SQLite: two requests a round, and a transaction for each answer. gunicorn serves `app`."""

import os
from random import Random

from flask import Flask, Response, abort, jsonify, request

from tests.bench.bare.store import DATABASE, answers, next_subject, opened, who

app = Flask(__name__)
engine = opened(os.environ[DATABASE])
rng = Random(0)


@app.post("/api/v1/next")
def next_one() -> Response:
    _player()
    return jsonify(next_subject(engine, rng))


@app.post("/api/v1/classify")
def classify() -> Response:
    player, given = _player(), request.get_json()
    with engine.begin() as connection:
        connection.execute(
            answers.insert().values(subject_id=given["subject"], volunteer_id=player, label=given["label"])
        )
    return jsonify({"kept": True})


@app.get("/health")
def health() -> str:
    return "well"


def _player() -> int:
    player = who(engine, request.headers["Authorization"].removeprefix("Bearer "))
    return player if player is not None else abort(401)
