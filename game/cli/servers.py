"""Commands that keep running: the web server, the worker, and both at once."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import click

from game.cli.children import (
    LOCAL,
    Child,
    check_port_is_free,
    end_all,
    start,
    wait_until_healthy,
    web_command,
    worker_command,
)
from game.cli.desk import open_place
from game.errors import FathomError

WATCH_EVERY_S = 0.2

HOST = click.option("--host", default=LOCAL, show_default=True, help="The address to listen on; 0.0.0.0 for all.")
PROCESSES = click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)


@click.command()
@HOST
@PROCESSES
def serve(host: str, processes: int) -> None:
    """Start web and worker, and print the address. Ctrl-C stops both."""
    settings = open_place().settings
    check_port_is_free(host, settings.port)
    stop = stop_signal()
    children: list[Child] = []
    try:
        children.append(start("web server", web_command(settings, host, settings.port, processes)))
        children.append(start("worker", worker_command()))
        url = f"http://{LOCAL if host == '0.0.0.0' else host}:{settings.port}"
        wait_until_healthy(url, children[0])
        click.echo(f"Fathom is at {url} (Ctrl-C stops it)")
        watch(children, stop)
    finally:
        end_all(children)
    click.echo("Web server and worker have stopped.")


@click.command()
@HOST
@PROCESSES
def web(host: str, processes: int) -> None:
    """Run the web server alone, in this process."""
    settings = open_place().settings
    check_port_is_free(host, settings.port)
    _become(web_command(settings, host, settings.port, processes))


@click.command()
def worker() -> None:
    """Run a worker alone, in this process: aggregation, releases, training, predictions."""
    open_place()
    _become(worker_command())


def stop_signal() -> threading.Event:
    """Set by Ctrl-C, by SIGTERM, and when the terminal is closed, from now on."""
    stop = threading.Event()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked)
    return stop


def watch(children: Sequence[Child], stop: threading.Event) -> None:
    """Until somebody stops it. Raises FathomError, naming the child that died by itself."""
    while not stop.wait(WATCH_EVERY_S):
        for child in children:
            if not child.alive:
                code = child.process.returncode
                raise FathomError(f"The {child.name} has died (exit code {code}), so everything was stopped.")


def _become(command: Sequence[str]) -> None:
    sys.stdout.flush()
    os.execv(command[0], list(command))


COMMANDS = (serve, web, worker)
