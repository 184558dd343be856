"""Who plays, how many, how fast, and at which door."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.load.browsers import BROWSERS, Visitor
from tests.load.doors import PROGRAMS, Door
from tests.load.measure import Heard
from tests.load.place import Place, Wanted
from tests.load.players import ROUNDS_EACH, Hall

WARM_UP_S = 3.0
ROUND_SIZE = 10
# What the fastest server here could acknowledge; so many volunteers are made that nobody is needed twice.
MOST_ANSWERS_A_S = 2_500


@dataclass(frozen=True)
class Scenario:
    """`answers_a_s` of all together; None: each sends the next answer as soon as the last is acknowledged.

    `players`: browsers, of whom the share `logged_in` has an account; or programs, which only begin rounds and answer,
    so that figures compare with those of other servers.
    """

    title: str
    players: str
    n_clients: int
    seconds: float
    answers_a_s: float | None
    logged_in: float
    worker: bool

    @property
    def pace(self) -> str:
        if self.answers_a_s is None:
            return "each answers as soon as the last answer is acknowledged"
        return f"{self.answers_a_s:g} answers a second, one in {self.n_clients / self.answers_a_s:g} s from each"


SCENARIOS = {
    "classroom": Scenario("a classroom", "browsers", 40, 600, 8, 0.5, worker=True),
    # From one address 40 may log in within a minute; the others are guests.
    "assembly": Scenario("an assembly hall", "browsers", 1_000, 60, 100, 0.04, worker=True),
    "prime-time": Scenario("prime time", "programs", 32, 20, None, 0.5, worker=False),
}


def volunteers(scenario: Scenario) -> Wanted:
    """As many as come: 2 for each place, and one more for all the rounds of one."""
    rate = scenario.answers_a_s or MOST_ANSWERS_A_S
    n = 2 * scenario.n_clients + int(rate * (scenario.seconds + WARM_UP_S) / (ROUND_SIZE * ROUNDS_EACH))
    if scenario.players == "programs":
        return Wanted(n_tokens=n)
    return Wanted(n_logins=int(n * scenario.logged_in))


def hall_of(place: Place, scenario: Scenario, door: str) -> Hall:
    """`door`: http or socket."""
    arrive = _programs(place, door) if scenario.players == "programs" else _browsers(place, door, scenario.logged_in)
    return Hall(arrive, place.opinions, scenario.n_clients, scenario.answers_a_s)


def _programs(place: Place, door: str) -> Callable[[Heard], Door]:
    tokens = itertools.cycle(place.tokens)
    return lambda heard: PROGRAMS[door](place.server.url, next(tokens), heard)


def _browsers(place: Place, door: str, logged_in: float) -> Callable[[Heard], Door]:
    visitors = _visitors(place.logins, logged_in)
    return lambda heard: BROWSERS[door](place.server.url, next(visitors), heard)


def _visitors(logins: Sequence[str], logged_in: float) -> Iterator[Visitor]:
    """Guests and those who log in, as evenly mixed as the share allows; each from an address of her own."""
    known = itertools.cycle(logins)
    for n in itertools.count():
        address = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        yield Visitor(address, next(known) if int((n + 1) * logged_in) > int(n * logged_in) else None)
