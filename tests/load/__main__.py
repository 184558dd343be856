"""`make bench-load`: real rounds, played against a real server as many people would play them.

python -m tests.load --scenario classroom --door http
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import gevent
from gevent import subprocess

from game.config import ROOT
from tests.load.browsers import BROWSERS
from tests.load.measure import Wait, Watched, processes_told, read_all
from tests.load.place import Place, opened_place
from tests.load.players import Hall
from tests.load.scenarios import SCENARIOS, WARM_UP_S, Scenario, hall_of, volunteers

# By then everybody has a first round, or something is broken.
LONGEST_ARRIVAL_S = 180.0
MOST_S = 900.0


def main() -> None:
    options = _parser().parse_args()
    scenario = _scenario(options)
    shared_data = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    wanted = replace(
        volunteers(scenario),
        database=options.database,
        n_processes=options.processes,
        worker=scenario.worker,
        photographs=scenario.players == "browsers" or options.browser > 0,
        n_subjects=options.subjects,
    )
    with opened_place(wanted, shared_data) as place:
        _say(f"{wanted.database}, {wanted.n_processes} web process(es), {wanted.n_subjects:,} subjects")
        if scenario.n_clients:
            _play(place, scenario, options)
        elif options.browser:
            _say(_chromium(place, options.browser, alone=True).communicate()[0])


def _play(place: Place, scenario: Scenario, options: argparse.Namespace) -> None:
    hall = hall_of(place, scenario, options.door)
    _say(f"{scenario.title}: {scenario.n_clients:,} {scenario.players} at the door “{options.door}”; {scenario.pace}")
    with hall.playing():
        _say(_arrived(hall))
        gevent.sleep(WARM_UP_S)
        hall.heard.clear()
        seen = _chromium(place, options.browser, alone=False) if options.browser else None
        _say(_measured(place, hall, scenario.seconds))
        if seen:
            _say(seen.communicate()[0])


def _arrived(hall: Hall) -> str:
    """Waits until everybody has begun a first round: they all come at the same moment."""
    begun, rounds_s = time.perf_counter(), hall.heard.taken_s[Wait.ROUND]
    while len(rounds_s) < hall.n_clients and time.perf_counter() - begun < LONGEST_ARRIVAL_S:
        gevent.sleep(0.05)
    taken_s = time.perf_counter() - begun
    return f"{len(rounds_s):,} came at once and had a round after {taken_s:.1f} s; meanwhile:\n{hall.heard.told()}"


def _measured(place: Place, hall: Hall, seconds: float) -> str:
    """What was heard and used for so long."""
    watched = [*place.watched, Watched("the players", os.getpid())]
    before = read_all(watched)
    gevent.sleep(seconds)
    after, heard = read_all(watched), hall.heard.told()
    n_answers = len(hall.heard.taken_s[Wait.ANSWER])
    rate = f"{'answers acknowledged':24}{n_answers:>9,}   {n_answers / (after.at_s - before.at_s):.1f} a second\n"
    return rate + heard + processes_told(before, after, n_answers)


def _chromium(place: Place, n_rounds: int, *, alone: bool) -> subprocess.Popen:
    """Somebody who plays in a browser, in a process of its own; what it takes is among the others'."""
    asked = [place.server.url, str(n_rounds), *(["alone"] if alone else [])]
    return subprocess.Popen([sys.executable, "-m", "tests.load.browser", *asked], stdout=subprocess.PIPE, text=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _scenario(options: argparse.Namespace) -> Scenario:
    given = {
        "players": options.players, "n_clients": options.clients, "seconds": options.seconds,
        "answers_a_s": options.rate, "worker": options.worker,
    }  # fmt: skip
    chosen = replace(SCENARIOS[options.scenario], **{name: each for name, each in given.items() if each is not None})
    return replace(chosen, seconds=min(chosen.seconds, MOST_S))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="prime-time")
    parser.add_argument("--door", choices=BROWSERS, default="socket")
    parser.add_argument("--players", choices=("browsers", "programs"), help="the scenario's own, unless said")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=1, help="web processes; more than one needs postgresql")
    parser.add_argument("--worker", action=argparse.BooleanOptionalAction, help="the scenario's own, unless said")
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
