"""The command line: every command says what it did; what cannot be done is one sentence and exit code 2."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from game.cli import fathom
from game.cli.children import check_port_is_free
from game.config import read_settings
from game.errors import Conflict, FathomError, InvalidInput, LevelError, NotFound
from game.play import accounts
from game.store import Store, open_store, reading, subjects, transaction
from game.store.people import volunteer_by_login
from game.store.tables.people import Role
from tests.conftest import NOW
from tests.program import DEADLINE_S, answers, children_of, gone, program, served
from tests.setups import SETUPS, Home, home_of

QUADRAT = "mcr_lter1_fringingreef_pole1-2_qu3_20080415.jpg"


@pytest.fixture(scope="module", params=SETUPS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One home for all tests of this file, set up once."""
    made = home_of(request, tmp_path_factory.mktemp("data"))
    assert "plankton: 105 subjects taken" in run(made, "setup").output
    return made


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    opened = open_store(read_settings(home.environment).database_url)
    yield opened
    opened.engine.dispose()


def run(home: Home, *arguments: str | Path) -> Result:
    """Runs a command in this process. Raises what it raises."""
    environment = {"FATHOM_DATABASE_URL": None, "FATHOM_REDIS_URL": None} | home.environment
    command = [str(argument) for argument in arguments]
    return CliRunner(env=environment).invoke(fathom, command, catch_exceptions=False, standalone_mode=False)


def test_setting_up_twice_changes_nothing_and_says_little(home: Home) -> None:
    assert run(home, "setup").output.splitlines() == [f"Data in {home.folder}"]


def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(home: Home) -> None:
    with program(home, "aggregate", "atlantis") as refused:
        said, complaint = refused.communicate(timeout=DEADLINE_S)
    assert (refused.returncode, said) == (2, "")
    assert complaint == "There is no project “atlantis”; there are: galaxies, koh_tao, moorea, plankton.\n"


def test_a_setting_that_is_none_is_one_sentence(home: Home) -> None:
    with program(home, "status", FATHOM_PORT="many") as refused:
        complaint = refused.communicate(timeout=DEADLINE_S)[1]
    assert refused.returncode == 2
    assert complaint.startswith("FATHOM_PORT is “many”")


def test_the_levels_that_ship_are_good(home: Home) -> None:
    assert run(home, "levels", "check").output.splitlines() == [
        "galaxies: good", "koh_tao: good", "moorea: good", "plankton: good",
    ]  # fmt: skip
    assert run(home, "levels", "check", "moorea").output == "moorea: good\n"
    with pytest.raises(LevelError, match="no folder"):
        run(home, "levels", "check", "atlantis")


def test_an_import_lists_every_refused_row_and_changes_nothing_when_repeated(
    home: Home, store: Store, tmp_path: Path, shared_data: Path
) -> None:
    table = tmp_path / "annotations.csv"
    rows = ["154,758,CCA", "103,128,Porit", "103,128,Off", "99999,1,Sand", "20,20,Unicorn"]
    table.write_text("Name,Row,Column,Label\n" + "".join(f"{QUADRAT},{row}\n" for row in rows))
    command = ("subjects", "import", "moorea", "--images", shared_data / "moorea_quadrats", "--annotations", table)
    first = run(home, *command).output
    assert [line for line in first.splitlines() if "refused:" in line and line.startswith("Line")] == [
        line for line in first.splitlines() if line.startswith(("Line 4 ", "Line 5 ", "Line 6 "))
    ]
    assert "moorea: 2 subjects taken, 2 of them gold; 0 were there already; 3 rows refused." in first
    again = run(home, *command).output
    assert "moorea: 0 subjects taken, 0 of them gold; 2 were there already; 3 rows refused." in again
    with reading(store) as session:
        row = subjects.project_row(session, "moorea")
        assert row
        assert subjects.n_subjects(session, row.id) == 2


def test_an_import_needs_points_or_labels(home: Home, shared_data: Path) -> None:
    with pytest.raises(InvalidInput, match="either --annotations"):
        run(home, "subjects", "import", "moorea", "--images", shared_data)


def test_a_role_is_given_to_an_account(home: Home, store: Store, rng: np.random.Generator) -> None:
    with transaction(store) as session:
        guest = accounts.create_guest(session, NOW, rng)
        accounts.sign_up(session, guest.id, "marie", accounts.hash_password("a long password"))
    assert run(home, "role", "marie", "operator").output == "marie is now operator.\n"
    with reading(store) as session:
        marie = volunteer_by_login(session, "marie")
        assert marie
        assert marie.role == Role.OPERATOR
    with pytest.raises(NotFound, match="Nobody has the login"):
        run(home, "role", "nobody", "operator")


def test_an_aggregation_by_hand_is_a_job_like_any_other(home: Home) -> None:
    assert "Weighed 0 answers" in run(home, "aggregate", "plankton").output
    assert "aggregate plankton done: Weighed 0 answers" in run(home, "status").output


def test_a_release_of_nothing_is_refused_in_words(home: Home) -> None:
    with pytest.raises(FathomError) as refused:
        run(home, "release", "plankton")
    assert str(refused.value)


def test_the_status_says_of_each_project_why_nothing_is_training(home: Home) -> None:
    lines = run(home, "status").output.splitlines()
    assert "galaxies: No subjects have been imported yet." in lines
    assert any(line.startswith("plankton: There is no release of people's answers to train on yet.") for line in lines)


def test_clean_up_says_what_would_go_and_what_went(home: Home) -> None:
    (home.folder / "uploads").mkdir()
    upload = home.folder / "uploads" / "picture"
    upload.write_bytes(b"")
    os.utime(upload, (0, 0))
    assert "1 uploads would go" in run(home, "clean", "--dry-run").output
    assert upload.exists()
    assert "1 uploads removed" in run(home, "clean").output
    assert not upload.exists()


def test_several_web_processes_need_something_between_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        run(Home(tmp_path), "web", "--processes", "2")


def test_a_port_that_is_taken_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"Port {port} cannot be used .*FATHOM_PORT={port + 1}"):
            check_port_is_free("127.0.0.1", port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serving_ends_web_and_worker_together(home: Home, number: signal.Signals) -> None:
    with served(home) as (process, url):
        children = children_of(process.pid)
        assert len(children) == 2
        assert answers(url)
        begun = time.monotonic()
        process.send_signal(number)
        said, _ = process.communicate(timeout=DEADLINE_S)
        assert time.monotonic() - begun < 10
        assert (process.returncode, said) == (0, "Web server and worker have stopped.\n")
        assert not answers(url)
        assert all(gone(pid) for pid in children)


def test_when_one_of_the_two_dies_the_other_is_stopped_and_it_says_so(home: Home) -> None:
    with served(home) as (process, url):
        web, worker = children_of(process.pid)
        os.kill(worker, signal.SIGKILL)
        _, complaint = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 2
        assert "The worker has died (exit code -9), so everything was stopped." in complaint
        assert gone(web)
        assert not answers(url)


def test_serving_on_a_port_that_is_taken_ends_at_once(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with program(home, "serve", FATHOM_PORT=str(port)) as refused:
            said, complaint = refused.communicate(timeout=DEADLINE_S)
    assert (refused.returncode, said) == (2, "")
    assert complaint.startswith(f"Port {port} cannot be used")


def test_when_the_program_itself_is_killed_web_and_worker_end_too(home: Home) -> None:
    with served(home) as (process, url):
        children = children_of(process.pid)
        serving = [pid for child in children for pid in children_of(child)]
        assert len(children) == 2
        assert serving
        process.kill()
        deadline = time.monotonic() + 10
        while not all(gone(pid) for pid in [*children, *serving]):
            assert time.monotonic() < deadline, "kill -9 left something running"
            time.sleep(0.1)
        assert not answers(url)
