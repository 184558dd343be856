"""The queue wakes workers up with a job's code, and carries nothing that could run."""

from pathlib import Path

import pytest
from huey import Huey

from game.config import Settings, read_settings
from game.science.queue import PlainMessages, enqueuer, open_queue, take_from
from tests.setups import SETUPS, home_of


@pytest.fixture(params=SETUPS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return read_settings(home_of(request, tmp_path).environment)


def one_task(queue: Huey) -> None:
    queue.execute(queue.dequeue())


def test_a_code_put_in_by_one_process_comes_out_in_another(settings: Settings) -> None:
    taken: list[str] = []
    consumer = open_queue(settings)
    take_from(consumer, taken.append)
    enqueuer(open_queue(settings))("0123abcd")
    one_task(consumer)
    assert taken == ["0123abcd"]


def test_a_message_is_text_that_names_a_task_and_a_code(settings: Settings) -> None:
    queue = open_queue(settings)
    enqueuer(queue)("0123abcd")
    message = bytes(queue.storage.dequeue())
    assert message.decode().isprintable()
    assert "carry_out" in message.decode()
    assert PlainMessages().deserialize(message).args == ("0123abcd",)
