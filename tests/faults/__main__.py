"""`make bench-faults`: a hundred kills while people play, and not an answer lost or doubled.

python -m tests.faults --kills 100 --seed 1
"""

import argparse
import os
import sys
from pathlib import Path

from game.config import ROOT
from tests.faults.run import report, run
from tests.faults.stage import N_SUBJECTS, SHAPES

# Of every four kills one is in the embedded shape, which has fewer parts.
SCALED_SHARE = 0.75


def main() -> None:
    options = _parser().parse_args()
    shared_data = Path(os.environ.get("FATHOM_SHARED_DATA") or ROOT.parent / "shared" / "data")
    n_scaled = round(SCALED_SHARE * options.kills)
    wanted = dict(zip(SHAPES, (n_scaled, options.kills - n_scaled), strict=True))
    if options.shape:
        wanted = {options.shape: options.kills}
    results = [
        run(shape, shared_data, n, options.seed, n_subjects=options.subjects, say=sys.stderr.write)
        for shape, n in wanted.items()
    ]
    sys.stdout.write("\n".join(map(report, results)))
    n_lost, n_doubled = (sum(len(getattr(one.answers, name)) for one in results) for name in ("lost", "doubled"))
    n = sum(one.answers.n_acknowledged for one in results)
    told = f"{options.kills} kills, seed {options.seed}: of {n} acknowledged answers {n_lost} lost, {n_doubled} doubled"
    sys.stdout.write(f"\n{told}\n")
    sys.exit(0 if all(one.good for one in results) else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=SHAPES, help="only one of them")
    parser.add_argument("--subjects", type=int, default=N_SUBJECTS)
    return parser


if __name__ == "__main__":
    main()
