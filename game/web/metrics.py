"""What Prometheus reads at /metrics, of this process: requests, answers, sockets, database connections, jobs."""

from collections.abc import Callable, Iterator

import socketio
from flask import Blueprint, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from game.config import MetricsFor
from game.errors import NotFound, Unavailable
from game.play.classify import Outcome
from game.store import Store, jobs, reading
from game.store.tables.people import Role
from game.web.context import current_account, current_game

# Seconds. The goals are 60 ms over a socket and 150 ms over HTTP.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
LOCAL_ADDRESSES = ("127.0.0.1", "::1")
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")

blueprint = Blueprint("metrics", __name__)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "fathom_request_seconds", "Requests over HTTP, and how long they took.", ("method", "route", "status"),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._answers = Counter(
            "fathom_answers_acknowledged", "Answers that were kept and acknowledged, over HTTP and sockets.",
            ("project",), registry=self.registry,
        )  # fmt: skip

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    def counting(self, announce: Callable[[str, Outcome], None]) -> Callable[[str, Outcome], None]:
        """The same news, counted: it is told once for each answer that is kept, after the commit."""

        def counted(slug: str, outcome: Outcome) -> None:
            self._answers.labels(slug).inc()
            announce(slug, outcome)

        return counted


class Watched(Collector):
    """What is looked up when somebody asks: counting it all the time would cost more than it is worth."""

    def __init__(self, store: Store, server: socketio.Server) -> None:
        self._store = store
        self._server = server

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("fathom_sockets", "Open sockets.", len(self._server.eio.sockets))
        yield GaugeMetricFamily(
            "fathom_database_connections", "Connections to the database in use.", self._store.n_connections
        )
        try:
            with reading(self._store) as session:
                states = jobs.n_by_state(session)
        except Unavailable:
            # All the rest is wanted then most of all.
            return
        family = GaugeMetricFamily("fathom_jobs", "Jobs by state; “queued” is how many wait.", labels=("state",))
        for state, n in states.items():
            family.add_metric((state,), n)
        yield family


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """Raises NotFound for whom it is not meant: nothing tells them that it is there."""
    if not _may_read(current_game().settings.metrics):
        raise NotFound("There is nothing at this address.")
    metrics: Metrics = current_app.extensions["metrics"]
    return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(metrics: MetricsFor) -> bool:
    if metrics is MetricsFor.LOCAL:
        # A proxy on this machine asks from here as well, for anybody.
        here = request.remote_addr in LOCAL_ADDRESSES and not any(name in request.headers for name in FORWARDED)
        account = current_account()
        return here or (account is not None and account.role is Role.OPERATOR)
    return metrics is MetricsFor.OPEN
