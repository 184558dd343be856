"""News from one web process to the others, over Redis. One that is dead or hangs holds nobody up, and is heard anew."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis, RedisError
from redis.client import PubSub
from socketio import PubSubManager

# Processes of the version before are heard by this name.
CHANNEL = "flask-socketio"
# How long Redis is waited for: whoever has something to tell holds up her project's next news meanwhile.
PATIENCE_S = 0.5
# A line that says nothing may be dead: so often Redis is asked for a word, and after so many questions it is lost.
LOOK_EVERY_S = 2.0
N_UNANSWERED = 3
PAUSE_S = 1.0

_LOG = logging.getLogger("fathom.news")


class MessageQueue(PubSubManager):  # type: ignore[misc]
    """What cannot be told is missed in other processes; players of this one have heard it already."""

    name = "redis"

    def __init__(self, redis_url: str) -> None:
        super().__init__(channel=CHANNEL)
        self._redis: Any = Redis.from_url(
            redis_url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            socket_keepalive=True,
            health_check_interval=LOOK_EVERY_S,
        )

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            self._redis.publish(self.channel, json.dumps(data))
        except RedisError as lost:
            _LOG.warning("Other processes are not told: %s", lost)

    def _listen(self) -> Iterator[bytes]:
        while True:
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as line:
                    line.subscribe(self.channel)
                    yield from _heard(line)
            except RedisError as lost:
                _LOG.warning("Other processes are not heard: %s", lost)
            time.sleep(PAUSE_S)


def _heard(line: PubSub) -> Iterator[bytes]:
    """Until it is lost."""
    while line.health_check_response_counter < N_UNANSWERED:
        message = line.get_message(timeout=LOOK_EVERY_S)
        if message is not None and message["type"] == "message":
            yield message["data"]
    _LOG.warning("Redis has not said a word for %.0f s.", N_UNANSWERED * LOOK_EVERY_S)
