"""Of a thread that many share each has only her own time."""

import time

import gevent
import pytest

from game.web.own_time import OwnTime

OWN_S, OTHERS_S, WAIT_S = 0.05, 0.5, 0.2
CLOSE_S = 0.03


def burn(seconds: float) -> None:
    """Of the processor, however busy the machine is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def measured(seconds: float) -> float:
    """Works, waits, and works again."""
    with OwnTime() as own:
        burn(seconds)
        gevent.sleep(WAIT_S)
        burn(seconds)
    return own.seconds


def test_neither_waiting_nor_what_others_do_meanwhile_is_her_own() -> None:
    hers, other = gevent.spawn(measured, OWN_S), gevent.spawn(burn, OTHERS_S)
    gevent.joinall([hers, other], raise_error=True)
    assert hers.value == pytest.approx(2 * OWN_S, abs=CLOSE_S)


def test_two_who_are_measured_at_once_have_each_their_own() -> None:
    little, much = gevent.spawn(measured, OWN_S), gevent.spawn(measured, OTHERS_S)
    gevent.joinall([little, much], raise_error=True)
    assert little.value == pytest.approx(2 * OWN_S, abs=CLOSE_S)
    assert much.value == pytest.approx(2 * OTHERS_S, abs=CLOSE_S)
    assert measured(OWN_S) == pytest.approx(2 * OWN_S, abs=CLOSE_S), "and it goes on afterwards"
