"""How often one volunteer, or one address, may do what changes something."""

import time
from collections import Counter
from collections.abc import Callable

from flask import Flask, request
from flask_limiter import Limiter, RouteLimit
from limits import parse_many

from game.config import Settings
from game.errors import TooMany
from game.web.context import current_account

# A school's assembly hall starts behind one address, within two minutes.
GUESTS = "600 per minute; 3000 per hour"
# A class of thirty logs in, and mistypes some of its passwords.
LOG_IN = "40 per minute; 200 per hour"
SIGN_UP = "40 per minute; 200 per hour"
UPLOADS = "6 per minute; 60 per hour"
# For tools: a picture takes the worker half a second, and players want it too.
PREDICTIONS = "30 per minute; 600 per hour"
PREDICTIONS_OF_ADDRESS = "60 per minute; 1200 per hour"
ROUNDS = "60 per minute"
CLASSIFICATIONS = "600 per minute"
OTHER = "60 per minute"

# How long a request waits for Redis before its process counts alone.
PATIENCE_S = 1

_SAFE = ("GET", "HEAD", "OPTIONS")


def address() -> str:
    return f"address {request.remote_addr}"


def volunteer_or_address() -> str:
    account = current_account()
    return address() if account is None else f"volunteer {account.id}"


# What names no limit of its own still has one.
limiter = Limiter(
    volunteer_or_address, default_limits=[OTHER], default_limits_exempt_when=lambda: request.method in _SAFE
)


def by_volunteer(limit: str) -> RouteLimit:
    """Decorates a route: counted for each volunteer, and for an address where nobody is known."""
    return limiter.limit(limit, methods=["POST"])


def by_address(limit: str) -> RouteLimit:
    """Decorates a route where anybody can become somebody else: guests, log in, sign-up, uploads."""
    return limiter.limit(limit, methods=["POST"], key_func=address)


def new_guests() -> RouteLimit:
    """Decorates a route that makes a guest of whoever is nobody yet."""
    return limiter.limit(GUESTS, methods=["POST"], key_func=address, exempt_when=lambda: current_account() is not None)


def register_limits(app: Flask, settings: Settings) -> None:
    """Limits are of no worth that would justify an outage: without Redis each process counts for itself."""
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "memory://"
    if settings.redis_url is not None:
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S}
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True
    # Of requests that find Redis gone in the same moment, the first turns to memory and the others would break.
    app.config["RATELIMIT_SWALLOW_ERRORS"] = True
    limiter.init_app(app)


class SocketLimit:
    """Counts what comes over sockets; a volunteer's socket lives in one process, so memory will do. `clock` tells
    seconds. What was counted is forgotten with the window that it was counted in."""

    def __init__(self, limit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # One limit here, for the limiter of requests takes as long for a count as an answer takes to be kept.
        (parsed,) = parse_many(limit)
        self._most, self._window_s = parsed.amount, parsed.get_expiry()
        self._window = 0
        self._n: Counter[int] = Counter()

    def count(self, volunteer_id: int) -> None:
        """Raises TooMany."""
        window = int(self._clock() / self._window_s)
        if window != self._window:
            self._window = window
            self._n.clear()
        self._n[volunteer_id] += 1
        if self._n[volunteer_id] > self._most:
            raise TooMany("That was very quick. Please wait a minute and try again.")
