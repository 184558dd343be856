"""Gunicorn's settings: one process that holds many sockets, says little, and ends without cutting anybody short."""

import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from game.config import ROOT, LogFormat, read_settings
from game.logs import log_settings

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker

# python-socketio brings its client along, and with that 5 MB of `requests`; this server calls nobody.
sys.modules.setdefault("requests", None)  # type: ignore[arg-type]

# A player holds one connection for as long as she plays; the system's own limit of open files comes first.
worker_connections = 10_000
# The longest that an upload or a slow line may still take once the process was asked to end.
graceful_timeout = 6
control_socket_disable = True
# What a proxy says is believed by game/web/security.py, if FATHOM_PROXIES says that there is one, and by nobody else.
forwarded_allow_ips = ""
pythonpath = str(ROOT)
loglevel = "info"
logconfig_dict = log_settings(read_settings().log)

LOOK_EVERY_S = 0.2
# Gunicorn stops listening up to a second after it was asked to end; whoever comes back sooner would come back here.
LISTENS_STILL_S = 1.2
# A thousand players who all come back in the same instant would wait for each other.
CLOSED_AT_ONCE = 50


def post_fork(_server: object, _worker: "Worker") -> None:
    """In a process that renews another: the program may be of a newer version by now, and is read anew as a whole."""
    for name in list(sys.modules):
        if name.partition(".")[0] == "game":
            del sys.modules[name]
    # What forms the log's lines must know the requests of this program, and not of its parent's.
    log: LogFormat = import_module("game.config").read_settings().log
    import_module("game.logs").set_up_logs(log)


def post_worker_init(worker: "Worker") -> None:
    """Gunicorn calls this in the process that serves, once the game is there."""
    server = worker.wsgi.extensions["socketio"].server
    server.start_background_task(_say_farewell, worker, server)


def _say_farewell(worker: "Worker", server: Any) -> None:
    """Hangs up on the players of a process that ends, so that they come back to another one at once.

    They are not told goodbye over Socket.IO: after that its clients would not come back by themselves.
    """
    while worker.alive:
        server.sleep(LOOK_EVERY_S)
    server.sleep(LISTENS_STILL_S)
    while True:
        for n, environ in enumerate(list(server.environ.values()), start=1):
            with suppress(OSError):
                environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
            if n % CLOSED_AT_ONCE == 0:
                server.sleep(LOOK_EVERY_S / 4)
        server.sleep(LOOK_EVERY_S)
