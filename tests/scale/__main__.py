"""`make bench-scale`: a database as full as years of play leave it, beside an empty one, and what play costs in both.

python -m tests.scale --subjects 10_000_000 --answers 30_000_000 --volunteers 1_000_000
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from game.cli.machines import postgresql_server
from game.config import ROOT
from game.levels import read_project
from game.store import Store, open_store
from game.store.tables import Table
from tests.scale import counted, flat, ranks
from tests.scale.fill import fill
from tests.scale.past import Scale
from tests.servers import redis_server

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
SMALL = Scale(1_000, 0, 100)
# Filled at leisure, and thrown away afterwards.
SETTINGS = (
    "fsync=off", "wal_level=minimal", "max_wal_senders=0", "shared_buffers=2GB", "maintenance_work_mem=1GB",
    "max_wal_size=2GB",
)  # fmt: skip


def main() -> None:
    options = _parser().parse_args()
    project = read_project(ROOT / "levels" / "moorea")
    scale = Scale(options.subjects, options.answers, options.volunteers)
    with stores(options.database) as (small, large):
        fill(small, project, SMALL, NOW)
        fill(large, project, scale, NOW, tell)
        if options.database == "postgresql":
            tell(sizes(large))
        tell(f"small: {SMALL}\nlarge: {scale}")
        tell(flat.report(*flat.compared(small, large, project, options.rounds, NOW)))
        with redis_server() as redis_url:
            tell(ranks.report(large, 1, redis_url, NOW))
        tell("the worker counts now, at 10⁷ subjects for the better part of an hour")
        tell(counted.report(small, large, project))


@contextmanager
def stores(database: str) -> Iterator[tuple[Store, Store]]:
    """Two empty databases of one server, or two files."""
    with ExitStack() as stack:
        if database == "sqlite":
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="fathom-scale-")))
            opened = [open_store(f"sqlite:///{folder / name}.sqlite") for name in ("small", "large")]
        else:
            url = stack.enter_context(postgresql_server(*SETTINGS))
            own = open_store(url)
            with own.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for name in ("small", "large"):
                    connection.execute(text(f"CREATE DATABASE {name}"))
            own.engine.dispose()
            opened = [open_store(url.removesuffix("postgres") + name) for name in ("small", "large")]
        for store in opened:
            stack.callback(store.engine.dispose)
        yield opened[0], opened[1]


def sizes(store: Store) -> str:
    """What a row of each table takes on the disk, its indexes included."""
    lines = []
    with store.engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            n = connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar() or 0
            size = connection.execute(text(f"SELECT pg_total_relation_size('{table.name}')")).scalar() or 0
            if n > 1:
                lines.append(f"{table.name:20}{n:>14,} rows {size / 2**20:10,.0f} MiB {size / n:8.0f} bytes a row")
    return "\n".join(lines)


def tell(said: str) -> None:
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--subjects", type=int, default=300_000)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--volunteers", type=int, default=20_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--rounds", type=int, default=200, help="that are played in either")
    return parser


if __name__ == "__main__":
    main()
