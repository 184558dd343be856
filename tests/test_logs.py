"""A line of JSON says what happened, when, and in which request."""

import json
import logging
from contextvars import Context

from game.config import LogFormat
from game.logs import REQUEST_ID, JsonLines, log_settings


def record(**carried: object) -> logging.LogRecord:
    made = logging.LogRecord("fathom.access", logging.INFO, "", 0, "%s %s", ("two", "words"), None)
    made.__dict__.update(carried)
    return made


def test_a_line_is_json_with_what_it_carries_and_no_more() -> None:
    line = json.loads(Context().run(JsonLines().format, record(status=200, password="hush")))
    assert {name: line[name] for name in ("level", "logger", "message", "status")} == {
        "level": "info", "logger": "fathom.access", "message": "two words", "status": 200,
    }  # fmt: skip
    assert line["at"].endswith("+00:00")
    assert not {"password", "request"} & line.keys()


def test_a_line_names_the_request_that_it_is_about() -> None:
    token = REQUEST_ID.set("0123456789abcdef")
    try:
        assert json.loads(JsonLines().format(record()))["request"] == "0123456789abcdef"
    finally:
        REQUEST_ID.reset(token)


def test_a_traceback_stays_on_the_line() -> None:
    made = record()
    made.exc_info = (ZeroDivisionError, ZeroDivisionError("of all things"), None)
    formatted = JsonLines().format(made)
    assert "\n" not in formatted
    assert "of all things" in json.loads(formatted)["traceback"]


def test_plain_logs_tell_of_no_request() -> None:
    loggers = log_settings(LogFormat.PLAIN)["loggers"]
    assert isinstance(loggers, dict)
    assert loggers["fathom"] == {"level": "WARNING"}
