"""`make bench-load`: real rounds, played against a real server as many people would play them.

python -m tests.load --door socket --clients 32 --seconds 20
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import gevent

from game.config import ROOT
from tests.load.measure import Heard, report, used
from tests.load.place import opened_place
from tests.load.players import ROUNDS_EACH, Hall

WARM_UP_S = 3.0
# By then everybody has a first round, or something is broken.
LONGEST_ARRIVAL_S = 60.0
MOST_S = 900.0
# What the fastest server here could acknowledge; so many volunteers are made that nobody is needed twice.
MOST_ANSWERS_A_S = 2_500


@dataclass(frozen=True)
class Scenario:
    """`answers_a_s` of all clients together; None: each sends the next answer as soon as the last is acknowledged."""

    title: str
    n_clients: int
    seconds: float
    answers_a_s: float | None


SCENARIOS = {
    "classroom": Scenario("a classroom: an answer every five seconds each", 40, 600, 8),
    "assembly": Scenario("an assembly hall: everybody connected, 100 answers a second", 1_000, 60, 100),
    "prime-time": Scenario("prime time: as fast as it goes", 32, 20, None),
}


def main() -> None:
    options = _parser().parse_args()
    scenario = _scenario(options)
    shared_data = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    n_volunteers = _n_volunteers(scenario)
    with opened_place(
        options.database,
        shared_data,
        n_processes=options.processes,
        n_subjects=options.subjects,
        n_volunteers=n_volunteers,
    ) as place:
        hall = Hall(place.server.url, options.door, place.tokens, scenario.n_clients, scenario.answers_a_s)
        title = f"{scenario.title}; {options.door}, {options.database}, {options.processes} web process(es), "
        sys.stdout.write(f"{title}{scenario.n_clients} clients, {options.subjects:,} subjects\n")
        sys.stdout.flush()
        with hall.playing():
            sys.stdout.write(_arrived(hall))
            gevent.sleep(WARM_UP_S)
            hall.heard = Heard()
            before, begun = {pid: used(pid) for pid in place.pids}, time.perf_counter()
            seen = _browsing(place.server.url, options.browser, alone=not scenario.n_clients)
            gevent.sleep(scenario.seconds)
            heard, after, duration_s = hall.heard, {pid: used(pid) for pid in before}, time.perf_counter() - begun
            told = seen.communicate()[0] if seen else ""
        sys.stdout.write((report(heard, duration_s, before, after) if scenario.n_clients else "") + told)


def _arrived(hall: Hall) -> str:
    """Waits until everybody has begun a first round: they all come at the same moment."""
    begun = time.perf_counter()
    while len(hall.heard.rounds_s) < hall.n_clients and time.perf_counter() - begun < LONGEST_ARRIVAL_S:
        gevent.sleep(0.05)
    return f"{len(hall.heard.rounds_s):,} came at once and had a round after {time.perf_counter() - begun:.1f} s\n"


def _browsing(address: str, n_rounds: int, *, alone: bool) -> "subprocess.Popen[str] | None":
    """A browser that plays besides, in a process of its own."""
    if not n_rounds:
        return None
    asked = [address, str(n_rounds), *(["alone"] if alone else [])]
    return subprocess.Popen([sys.executable, "-m", "tests.load.browser", *asked], stdout=subprocess.PIPE, text=True)


def _scenario(options: argparse.Namespace) -> Scenario:
    scenario = SCENARIOS[options.scenario]
    given = {"n_clients": options.clients, "seconds": options.seconds, "answers_a_s": options.rate}
    chosen = replace(scenario, **{name: each for name, each in given.items() if each is not None})
    return replace(chosen, seconds=min(chosen.seconds, MOST_S))


def _n_volunteers(scenario: Scenario) -> int:
    rate = scenario.answers_a_s or MOST_ANSWERS_A_S
    return 2 * scenario.n_clients + int(rate * (scenario.seconds + WARM_UP_S) / (10 * ROUNDS_EACH))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="prime-time")
    parser.add_argument("--door", choices=("socket", "http"), default="socket")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=1, help="web processes; more than one needs postgresql")
    parser.add_argument("--subjects", type=int, default=20_000)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--seconds", type=float, help=f"at most {MOST_S:.0f}")
    parser.add_argument("--browser", type=int, default=0, help="rounds that somebody plays in Chromium besides")
    parser.add_argument(
        "--rate", type=float, help="answers a second of all together, whether or not the server keeps up"
    )
    return parser


if __name__ == "__main__":
    main()
