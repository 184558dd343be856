"""No space: answers are refused in words, none that was acknowledged is lost, and play goes on once there is some."""

import resource
from collections import Counter
from pathlib import Path
from urllib.error import HTTPError

from sqlalchemy import select

from game.config import read_settings
from game.store import reading
from game.store.tables import Classification
from tests.conftest import NOW
from tests.server import Server, running_server, workers
from tests.web.live import LivePlayer, new_live_player
from tests.web.player import Json, answer_to
from tests.world import World, make_world

N_PLAYERS = 12
FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON consensus FOR EACH ROW EXECUTE FUNCTION is_full();
"""


class Hall:
    """Players with a round each; what was refused, and what was acknowledged, by the answers' keys."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: list[str] = []
        self.refused: list[tuple[LivePlayer, Json, Json, int]] = []
        players = [new_live_player(server) for _ in range(N_PLAYERS)]
        self._answers = [
            (player, round_, answer_to(round_, subject))
            for player, round_ in [(player, player.start("moorea")) for player in players]
            for subject in round_["subjects"]
        ]

    def play_on(self, n: int) -> None:
        """The next answers, until one is refused."""
        for _ in range(n):
            if not self.send(*self._answers.pop()):
                return

    def send(self, player: LivePlayer, round_: Json, answer: Json) -> bool:
        try:
            player.ask(f"/rounds/{round_['id']}/classifications", answer)
        except HTTPError as error:
            with error:
                self.refused.append((player, round_, answer, error.code))
            return False
        self.acknowledged.append(answer["id"])
        return True

    def send_what_was_refused_again(self) -> None:
        waiting, self.refused = self.refused, []
        assert {status for *_, status in waiting} == {503}
        for player, round_, answer, _ in waiting:
            assert self.send(player, round_, answer)

    def check(self) -> None:
        with reading(self.server.world.store) as session:
            assert Counter(session.scalars(select(Classification.key))) == Counter(self.acknowledged)


def allow_files_of(server: Server, n_bytes: int) -> None:
    for pid in workers(server):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, most))


def test_sqlite_whose_files_cannot_grow(tmp_path: Path, shared_data: Path) -> None:
    world = make_world(read_settings({"FATHOM_DATA": str(tmp_path)}), shared_data, NOW)
    with running_server(world) as server:
        hall = Hall(server)
        hall.play_on(10)
        log = Path(f"{world.settings.data / 'fathom.sqlite'}-wal").stat().st_size
        allow_files_of(server, log + 100_000)
        hall.play_on(100)
        assert hall.refused
        hall.check()
        allow_files_of(server, resource.RLIM_INFINITY)
        hall.send_what_was_refused_again()
        hall.play_on(5)
        hall.check()
    world.store.engine.dispose()


def test_postgresql_that_says_that_its_disk_is_full(tmp_path: Path, postgresql_url: str, shared_data: Path) -> None:
    settings = read_settings({"FATHOM_DATA": str(tmp_path), "FATHOM_DATABASE_URL": postgresql_url})
    world = make_world(settings, shared_data, NOW)
    with running_server(world) as server:
        hall = Hall(server)
        hall.play_on(10)
        run(world, FULL)
        hall.play_on(10)
        assert len(hall.acknowledged) == 10
        hall.check()
        run(world, "DROP TRIGGER full_disk ON consensus; DROP FUNCTION is_full()")
        hall.send_what_was_refused_again()
        hall.play_on(5)
        hall.check()
    world.store.engine.dispose()


def run(world: World, statement: str) -> None:
    with world.store.engine.begin() as connection:
        connection.exec_driver_sql(statement)
