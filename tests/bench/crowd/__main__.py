"""`make bench-consensus`: our consensus beside everybody else's on real crowds; goals and what was reached."""

from __future__ import annotations

import os

# Before numpy is first imported: what is compared is one thread against one thread.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse  # noqa: E402
import importlib  # noqa: E402
import sys  # noqa: E402

from tests.bench.crowd import data, runs, tables  # noqa: E402

PARTS = ("accuracy", "calibration", "stop", "saved", "features", "cheats", "speed", "online")


def main() -> None:
    given = argparse.ArgumentParser(prog="tests.bench.crowd", description=__doc__)
    given.add_argument("parts", nargs="*", metavar="part", help=f"some of {', '.join(PARTS)}; all: docs too")
    given.add_argument("--sets", default="", help="only these sets, with commas between")
    given.add_argument("--keep", action="store_true", help="crowd-kit's answers from the last run are good enough")
    options = given.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        given.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.keep:
        os.environ[runs.KEPT] = "1"
    crowds = data.sets(tuple(filter(None, options.sets.split(","))))
    parts = [_run(name, crowds) for name in options.parts or PARTS]
    sys.stdout.write(tables.text(tables.goals_table([goal for part in parts for goal in part.goals])))
    if not options.parts and not options.sets:
        tables.document(parts, data.ROOT / "docs")
        sys.stdout.write("\nWritten: docs/consensus.md and docs/img.\n")


def _run(name: str, crowds: list[data.CrowdSet]) -> tables.Part:
    runs.say(f"{name} …")
    part: tables.Part = importlib.import_module(f"tests.bench.crowd.{name}").part(crowds)
    for table in part.tables:
        sys.stdout.write(tables.text(table))
    sys.stdout.flush()
    return part


if __name__ == "__main__":
    main()
