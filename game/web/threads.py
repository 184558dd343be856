"""Work that would hold up every greenlet goes to a real thread, where the server has greenlets."""

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar, cast

from gevent import get_hub
from gevent.monkey import is_module_patched
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


def runs_on_gevent() -> bool:
    return bool(is_module_patched("socket"))


def in_native_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For work that takes no lock of ours: pictures and passwords, not transactions."""
    if not runs_on_gevent():
        return work(*args, **kwargs)
    return _in_pool(get_hub().threadpool, lambda: work(*args, **kwargs))


def wait_for_database(work: Callable[[], object]) -> None:
    """For the moments of a transaction in which SQLite waits. It has one writer, and that has a thread of its own, so
    that nobody's answer stands in line behind pictures."""
    if runs_on_gevent():
        _in_pool(_writer(), work)
    else:
        work()


@cache
def _writer() -> ThreadPool:
    return ThreadPool(1)


def _in_pool(pool: ThreadPool, work: Callable[[], T]) -> T:
    outcome, error = pool.apply(_attempt, (work,))
    if error is not None:
        raise error
    return cast(T, outcome)


def _attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """An error that leaves a thread of the pool by itself is printed there, whoever catches it later."""
    try:
        return work(), None
    except Exception as error:
        return None, error
