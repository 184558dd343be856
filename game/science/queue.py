"""The queue that wakes workers up. It may lose everything: the rows of jobs say what is to be done."""

import json
import logging
from collections.abc import Callable

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool, RedisError

from game.config import Settings

NAME = "fathom"
# How long Redis is waited for, a worker's own waiting for jobs (one second) included.
PATIENCE_S = 3.0

_LOG = logging.getLogger("fathom.queue")


class PlainMessages(Serializer):  # type: ignore[misc]
    """A task's name and a job's code as JSON: what comes out of the queue must not run code, as a pickle can."""

    def _serialize(self, message: Message) -> bytes:
        return json.dumps([message.id, message.name, list(message.args)]).encode()

    def _deserialize(self, content: bytes) -> Message:
        task_id, name, args = json.loads(content)
        return Message(task_id, name, args=tuple(args), kwargs={}, retries=0, retry_delay=0, retry_backoff=0)


def open_queue(settings: Settings) -> Huey:
    options = {"results": False, "serializer": PlainMessages()}
    if settings.redis_url is not None:
        pool = ConnectionPool.from_url(settings.redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
        return RedisHuey(NAME, connection_pool=pool, **options)
    return SqliteHuey(NAME, filename=str(settings.data / "queue.sqlite"), fsync=False, **options)


def enqueuer(queue: Huey) -> Callable[[str], None]:
    """A function that wakes a worker up with a job's code; to be called after the commit that asked for the job."""

    def _only_workers_do(_code: str) -> None:
        raise RuntimeError("This process only asks for jobs; `fathom worker` does them.")

    return take_from(queue, _only_workers_do)


def take_from(queue: Huey, do: Callable[[str], None]) -> Callable[[str], None]:
    """Says what a consumer of the queue does with a job's code; returns the function that puts one in."""

    # Defined here so that its name in the queue is the same for who asks and who does.
    def carry_out(code: str) -> None:
        do(code)

    task = queue.task()(carry_out)

    def wake(code: str) -> None:
        try:
            task(code)
        except RedisError as lost:
            _LOG.warning("No worker could be woken; each looks by itself within a minute: %s", lost)

    return wake
