"""How far the trainer is: one JSON line a second, for a person or for the worker."""

import json
import time
from collections.abc import Callable

INTERVAL_S = 1.0


class Progress:
    """Called often, it speaks seldom: at the start and the end of a step, and once a second between."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self.clock = clock
        self._step = ""
        self._spoke_at = 0.0

    def __call__(self, step: str, done: int, total: int, text: str) -> None:
        if step == self._step and done < total and self.clock() - self._spoke_at < INTERVAL_S:
            return
        self._step, self._spoke_at = step, self.clock()
        self.line({"step": step, "done": done, "total": total, "text": text})

    def line(self, said: dict[str, object]) -> None:
        self._write(json.dumps(said, ensure_ascii=False) + "\n")
