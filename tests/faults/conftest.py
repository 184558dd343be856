"""The worlds that the web's tests play in."""

from tests.web.conftest import app, client, untouched_world, world

__all__ = ["app", "client", "untouched_world", "world"]
