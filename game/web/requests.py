"""Every request has an id, named by its answer, its lines in the log and an error's page; it is counted and timed."""

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

from game.logs import REQUEST_ID
from game.web.metrics import Metrics

HEADER = "X-Request-ID"

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
ACCESS = logging.getLogger("fathom.access")


def register_requests(app: Flask, metrics: Metrics) -> None:
    """To be registered before anything that may refuse a request, so that refusals are counted as well."""

    def finish(response: Response) -> Response:
        if "begun_at" not in g:
            return response
        response.headers[HEADER] = request_id()
        seconds = time.perf_counter() - g.begun_at
        # The rule and not the path: who asks for a round of her own must not stand in a log.
        route = "none" if request.url_rule is None else request.url_rule.rule
        metrics.count_request(request.method, route, response.status_code, seconds)
        if ACCESS.isEnabledFor(logging.INFO):
            carried = {"method": request.method, "route": route, "status": response.status_code}
            ACCESS.info("request", extra=carried | {"ms": round(1000 * seconds, 1)})
        return response

    app.before_request(_begin)
    app.after_request(finish)


def request_id() -> str:
    return REQUEST_ID.get() or "none"


def _begin() -> None:
    """A proxy's own id is taken over if it looks like one."""
    g.begun_at = time.perf_counter()
    given = request.headers.get(HEADER, "")
    REQUEST_ID.set(given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8))
