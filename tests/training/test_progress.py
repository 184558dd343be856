"""Progress is shown about once a second, however often it is reported."""

from game.training.progress import Progress
from tests.training.releases import lines_of


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_it_speaks_at_the_start_once_a_second_and_at_the_end() -> None:
    said: list[str] = []
    clock = Clock()
    progress = Progress(said.append, clock)
    for done in range(101):
        progress("features", done, 100, "Looking")
        clock.now_s += 1 / 16
    assert [line["done"] for line in lines_of("".join(said))] == [0, 16, 32, 48, 64, 80, 96, 100]


def test_a_new_step_is_said_at_once() -> None:
    said: list[str] = []
    progress = Progress(said.append, Clock())
    progress("read", 0, 2, "Reading")
    progress("features", 0, 9, "Looking")
    assert [line["step"] for line in lines_of("".join(said))] == ["read", "features"]
