"""Work that would hold up every greenlet goes to a real thread, where the server has greenlets."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from gevent import get_hub
from gevent.monkey import is_module_patched

P = ParamSpec("P")
T = TypeVar("T")


def runs_on_gevent() -> bool:
    return bool(is_module_patched("socket"))


def in_native_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For work that takes no lock of ours: pictures, not transactions."""
    if not runs_on_gevent():
        return work(*args, **kwargs)
    outcome, error = get_hub().threadpool.apply(_attempt, (lambda: work(*args, **kwargs),))
    if error is not None:
        raise error
    return cast(T, outcome)


def _attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """An error that leaves a thread of the pool by itself is printed there, whoever catches it later."""
    try:
        return work(), None
    except Exception as error:
        return None, error
