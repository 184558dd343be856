"""How long somebody works who shares her thread with thousands of others."""

import time
from typing import Any

from greenlet import getcurrent, settrace

_measuring: list["OwnTime"] = []


class OwnTime:
    """`seconds` of the processor that the block's greenlet took, between its own switches: not what others took while
    it waited, nor its waiting. Without greenlets a thread has only its own."""

    seconds = 0.0

    def __enter__(self) -> "OwnTime":
        self._greenlet, self._since = getcurrent(), time.thread_time()
        _measuring.append(self)
        settrace(_note_switch)
        return self

    def __exit__(self, *_: object) -> None:
        self.note_switch(self._greenlet)
        _measuring.remove(self)
        if not _measuring:
            settrace(None)

    def note_switch(self, left: object) -> None:
        now = time.thread_time()
        if left is self._greenlet:
            self.seconds += now - self._since
        self._since = now


def _note_switch(_event: str, greenlets: tuple[Any, Any]) -> None:
    """The trace is the thread's: it is there for as long as somebody measures."""
    for one in _measuring:
        one.note_switch(greenlets[0])
