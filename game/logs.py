"""What processes say of themselves: plain lines, or JSON, a line each, with the id of the request that it is about."""

import json
import logging
import logging.config
from contextvars import ContextVar
from datetime import UTC, datetime

from game.config import LogFormat

# Every greenlet and every thread has its own.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

# What a record may carry beside its message; nothing of it is personal.
CARRIED = ("method", "route", "status", "ms")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            "request": REQUEST_ID.get(),
        }
        line |= {name: getattr(record, name) for name in CARRIED if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: said for name, said in line.items() if said is not None}, ensure_ascii=False)


def log_settings(log: LogFormat, plain: str = "%(message)s") -> dict[str, object]:
    """For logging.config.dictConfig, and for gunicorn: everything goes to stderr; JSON tells of every request too."""
    formatter = {"()": "game.logs.JsonLines"} if log is LogFormat.JSON else {"format": plain}
    level = "INFO" if log is LogFormat.JSON else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "fathom": {"level": level},
            "gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False},
        },
    }


def set_up_logs(log: LogFormat, plain: str = "%(message)s") -> None:
    logging.config.dictConfig(log_settings(log, plain))
