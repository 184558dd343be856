"""How often one volunteer, or one address, may do what changes something."""

from flask import Flask, request
from flask_limiter import Limiter, RouteLimit
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from game.config import Settings
from game.errors import TooMany
from game.web.context import current_account

# A class of thirty starts at once behind one address, and mistypes some of its passwords.
GUESTS = "60 per minute; 600 per hour"
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
    limiter.init_app(app)


class SocketLimits:
    """Counts what comes over sockets; a volunteer's socket lives in one process, so memory will do."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._classifications: list[RateLimitItem] = parse_many(CLASSIFICATIONS)

    def count_classification(self, volunteer_id: int) -> None:
        """Raises TooMany."""
        if not all(self._limiter.hit(limit, f"volunteer {volunteer_id}") for limit in self._classifications):
            raise TooMany("That was very quick. Please wait a minute and try again.")
