"""Real servers for tests: those of `fathom play-scaled`, as an ordinary user, on free ports of this machine only."""

from collections.abc import Iterator
from contextlib import contextmanager

from game.cli import machines
from game.cli.children import free_port
from game.cli.machines import redis_server

__all__ = ["free_port", "postgresql_server", "redis_server"]


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[str]:
    """Yields a database URL. Not `durable`, it is quicker and does not survive a power cut, which few tests need."""
    with machines.postgresql_server(f"fsync={'on' if durable else 'off'}") as url:
        yield url
