"""A database is migrated while it is in use, by as many processes as start at once."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from game.config import ROOT, read_settings
from game.store import Store, open_store, reading
from game.store.engine import NEWEST_SCHEMA, schema_version
from game.store.migrations import LOCK_TIMEOUT_MS, alembic_config, migrate, upgrade
from game.store.tables import Table
from tests.conftest import NOW
from tests.server import running_server
from tests.web.live import ask, new_live_player
from tests.web.player import answer_to
from tests.world import make_world

NEXT = f'''"""What a version after this one might add."""
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{NEWEST_SCHEMA}"


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("classifications", sa.Column("later", sa.String(9), nullable=True))
    op.add_column("volunteers", sa.Column("later", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("later_rounds", "rounds", ["level"])
'''


def empty(store: Store) -> None:
    Table.metadata.drop_all(store.engine)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def test_processes_that_start_together_migrate_once(store: Store) -> None:
    empty(store)
    url = store.engine.url.render_as_string(hide_password=False)
    one = "import sys; from game.store import open_store, migrations; migrations.migrate(open_store(sys.argv[1]))"
    begun = [subprocess.Popen([sys.executable, "-c", one, url], cwd=ROOT) for _ in range(4)]
    assert [process.wait() for process in begun] == [0] * 4
    with reading(store) as session:
        assert schema_version(session) == NEWEST_SCHEMA


def test_a_migration_that_must_wait_for_a_table_lets_everybody_pass(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    empty(store)
    migrate(store)
    command.downgrade(alembic_config(store), "0003")
    with store.engine.connect() as holding:
        holding.execute(text("SELECT count(*) FROM aggregates"))
        migrating = threading.Thread(target=migrate, args=(store,))
        migrating.start()
        longest = 0.0
        for _ in range(12):
            begun = time.monotonic()
            with reading(store) as session:
                session.execute(text("SELECT count(*) FROM aggregates"))
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.25)
        assert migrating.is_alive(), "it did not wait"
        # Nobody waited longer than the migration itself did before it gave up.
        assert longest < LOCK_TIMEOUT_MS / 1000 + 1
    migrating.join()
    with reading(store) as session:
        assert schema_version(session) == NEWEST_SCHEMA
    store.engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_server_of_the_version_before_goes_on_while_the_database_is_migrated(
    database: str, tmp_path: Path, shared_data: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"FATHOM_DATA": str(tmp_path / "data")}
    if database == "postgresql":
        environment["FATHOM_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    world = make_world(read_settings(environment), shared_data, NOW)
    (tmp_path / "9001_next.py").write_text(NEXT)
    config = alembic_config(world.store)
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{ROOT}/game/store/migrations/versions:{tmp_path}")
    with running_server(world) as server, ThreadPoolExecutor(1) as pool:
        player = new_live_player(server)
        round_ = player.start()
        with player.socket() as socket:
            first, *others = [answer_to(round_, subject) for subject in round_["subjects"]]
            assert "error" not in socket.classify(round_, first)
            migrating = pool.submit(upgrade, world.store, config)
            assert not [answer for answer in others if "error" in socket.classify(round_, answer)]
            migrating.result()
        new_live_player(server).start()
        assert ask(server.url, "/projects/plankton")["progress"]["n_classifications"] == len(others) + 1
    with reading(world.store) as session:
        assert schema_version(session) == "9001"
    with world.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DROP TABLE later")
    world.store.engine.dispose()
