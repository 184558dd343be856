"""Real servers for tests: those of `fathom play-scaled`, as an ordinary user, on free ports of this machine only."""

from collections.abc import Iterator
from contextlib import contextmanager

from game.cli import machines
from game.cli.children import free_port
from game.cli.machines import redis_server

__all__ = ["free_port", "postgresql_server", "redis_server"]


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Yields a database URL. No test cuts the power of the disk, so nothing waits for it."""
    with machines.postgresql_server("fsync=off") as url:
        yield url
