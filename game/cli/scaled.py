"""The scaled set-up on one machine: PostgreSQL, Redis, several web processes behind a proxy, and a worker."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from game.cli import content
from game.cli.children import (
    LOCAL,
    Child,
    check_port_is_free,
    end_all,
    free_port,
    start,
    wait_until_healthy,
    web_command,
    worker_command,
)
from game.cli.machines import found, postgresql_server, proxy, redis_server
from game.cli.servers import stop_signal, watch
from game.config import read_settings
from game.errors import FathomError


@dataclass(frozen=True)
class Scaled:
    """`url` of the proxy, None without nginx."""

    children: list[Child]
    ports: list[int]
    url: str | None


@click.command("play-scaled")
@click.option("--processes", type=click.IntRange(2, 16), default=2, show_default=True, help="Web processes.")
@click.pass_context
def play_scaled(context: click.Context, processes: int) -> None:
    """Try the scaled set-up here: PostgreSQL, Redis, several web processes, a worker, and nginx if it is installed.

    Everything is in a folder of its own and is thrown away when it ends.
    """
    # Asked for before anything is started, so that both are named at once.
    missing = [
        sentence
        for sentence in (_missing("initdb", "postgresql"), _missing("redis-server", "redis-server"))
        if sentence
    ]
    if missing:
        raise FathomError("\n".join(missing))
    stop = stop_signal()
    port = read_settings().port
    check_port_is_free(LOCAL, port)
    with _environment(), ExitStack() as stack:
        context.invoke(content.setup)
        scaled = _start(stack, processes, port)
        click.echo(_told(scaled))
        watch(scaled.children, stop)
    click.echo("Everything has stopped, and what was kept is gone.")


@contextmanager
def _environment() -> Iterator[None]:
    """PostgreSQL, Redis and a data folder, made known to this process and to all that it starts."""
    data = Path(tempfile.mkdtemp(prefix="fathom-scaled-"))
    try:
        with postgresql_server() as database_url, redis_server() as redis_url:
            click.echo(f"PostgreSQL at {database_url}\nRedis at {redis_url}")
            os.environ["FATHOM_DATA"] = str(data)
            os.environ["FATHOM_DATABASE_URL"], os.environ["FATHOM_REDIS_URL"] = database_url, redis_url
            yield
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _start(stack: ExitStack, n_processes: int, port: int) -> Scaled:
    proxied = _missing("nginx", "nginx-light") is None
    os.environ["FATHOM_PROXIES"] = "1" if proxied else "0"
    settings = read_settings()
    ports = (
        [free_port() for _ in range(n_processes)] if proxied else [port, *(free_port() for _ in range(n_processes - 1))]
    )
    children: list[Child] = []
    stack.callback(end_all, children)
    children += [start(f"web process on port {one}", web_command(settings, LOCAL, one, 1)) for one in ports]
    children.append(start("worker", worker_command()))
    for one, child in zip(ports, children, strict=False):
        wait_until_healthy(f"http://{LOCAL}:{one}", child)
    return Scaled(children, ports, stack.enter_context(proxy(ports, port)) if proxied else None)


def _told(scaled: Scaled) -> str:
    processes = ", ".join(f"http://{LOCAL}:{port}" for port in scaled.ports)
    if scaled.url is None:
        return (
            f"nginx is not installed, so there is no proxy. Fathom is at each of {processes} (Ctrl-C stops everything)"
        )
    return f"Web processes at {processes}\nFathom is at {scaled.url} behind nginx (Ctrl-C stops everything)"


def _missing(program: str, package: str) -> str | None:
    """The sentence that says what to install; None if the program is there."""
    try:
        found(program, package)
    except FathomError as sentence:
        return str(sentence)
    return None


COMMANDS = (play_scaled,)
