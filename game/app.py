"""Puts the whole server together; the only module that knows everything."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from flask_babel import Babel
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from game.config import ROOT, Settings
from game.levels import read_projects
from game.store import open_store
from game.store.ranks import with_ranks
from game.version import CODE_VERSION
from game.web import (
    account,
    api,
    device,
    health,
    images,
    metrics,
    operator,
    pages,
    payloads,
    play,
    predictions,
    projects,
    publications,
    versions,
)
from game.web.announcer import Announcer
from game.web.context import API, Game, now, rng
from game.web.errors import register_errors, validation_response
from game.web.ledger import Ledger
from game.web.limits import register_limits
from game.web.metrics import Metrics, Watched
from game.web.requests import register_requests
from game.web.security import csrf, register_security
from game.web.sockets import open_sockets, register_sockets
from game.web.templating import prepare_templates, wanted_locale
from game.web.threads import wait_for_database

STAY_SIGNED_IN = timedelta(days=365)


def create_app(settings: Settings) -> OpenAPI:
    """Migrates nothing: the database is at the newest version already. Raises LevelError for a broken project."""
    app = OpenAPI(
        __name__,
        info=Info(title="Fathom", version=CODE_VERSION, description=api.DESCRIPTION),
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        doc_ui=False,
        validation_error_model=payloads.Failure,
        validation_error_status=400,
        validation_error_callback=validation_response,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.secret_key = settings.secret_key
    app.permanent_session_lifetime = STAY_SIGNED_IN
    Babel(app, locale_selector=wanted_locale)
    prepare_templates(app)
    app.extensions["metrics"] = Metrics()
    register_requests(app, app.extensions["metrics"])
    register_security(app, settings)
    register_limits(app, settings)
    register_errors(app)
    _open_game(app, settings)
    _open_doors(app)
    return app


def _open_game(app: OpenAPI, settings: Settings) -> None:
    store = with_ranks(open_store(settings.database_url, wait_for_database), settings.redis_url)
    projects = read_projects(settings.levels)
    server = open_sockets(app, settings)
    announcer = Announcer(server, store, projects)
    if store.ranks is not None:
        store.ranks.when_missed = announcer.renew_ranks
    counted: Metrics = app.extensions["metrics"]
    counted.registry.register(Watched(store, server))
    announce = counted.counting(announcer.announce)
    game = Game(settings, store, projects, _enqueuer(settings), announce, Ledger(store, projects, now, rng))
    app.extensions["fathom"] = game
    register_sockets(server, app, game)


def _enqueuer(settings: Settings) -> Callable[[str], None]:
    """The queue's library is large, and most servers are asked for a job a few times a day: loaded by the first."""

    @cache
    def queue() -> Callable[[str], None]:
        from game.science.queue import enqueuer, open_queue

        return enqueuer(open_queue(settings))

    return lambda code: queue()(code)


def _open_doors(app: OpenAPI) -> None:
    for programs in (api, predictions):
        app.register_api(programs.blueprint)
        csrf.exempt(programs.blueprint)
    app.add_url_rule(f"{API}/openapi.json", "openapi", lambda: app.api_doc)
    for door in (pages, projects, publications, versions, device, play, account, operator, images, health, metrics):
        app.register_blueprint(door.blueprint)
