"""`fathom model`: versions are listed and compared, decisions are taken with a reason and told again."""

from pathlib import Path

import pytest
from click import BadParameter
from click.testing import CliRunner, Result

from game.cli import fathom
from game.config import read_settings
from game.errors import ArtifactError, Conflict, FathomError, InvalidInput
from game.levels import read_projects
from game.science import jobs
from game.store import open_store, subjects, transaction
from game.store.tables.publications import JobKind
from tests.conftest import NOW
from tests.setups import SETUPS, Home, home_of
from tests.versions import add_versions

SLUG = "plankton"


@pytest.fixture(scope="module", params=SETUPS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The built-in project with version 1, which is public, and version 2, which was rejected."""
    made = home_of(request, tmp_path_factory.mktemp("data"))
    run(made, "setup")
    settings = read_settings(made.environment)
    store = open_store(settings.database_url)
    add_versions(store, settings, read_projects(settings.levels)[SLUG], NOW)
    store.engine.dispose()
    return made


def run(home: Home, *arguments: str) -> Result:
    """Runs a command in this process. Raises what it raises."""
    environment = {"FATHOM_DATABASE_URL": None, "FATHOM_REDIS_URL": None} | home.environment
    return CliRunner(env=environment).invoke(fathom, [*arguments], catch_exceptions=False, standalone_mode=False)


def test_versions_are_listed_with_the_gates_reasons(home: Home) -> None:
    said = run(home, "model", "list", SLUG).output.splitlines()
    assert said[0].startswith("2  rejected")
    assert said[0].endswith("release 1  small_cnn for want of resnet18  frozen")
    assert "its macro-F1 is" in said[1]
    assert any(line.startswith("1  published") for line in said)
    assert "has no model yet" in run(home, "model", "list", "moorea").output


def test_a_wish_for_a_training_reaches_the_trainer_and_comes_back_as_its_sentence(home: Home) -> None:
    with pytest.raises(FathomError, match=r"There is no backbone “magic”: choose one of alexnet, "):
        run(home, "train", SLUG, "--backbone", "magic")


def test_a_method_that_there_is_not_is_refused_before_anything_is_made(home: Home) -> None:
    with pytest.raises(BadParameter, match="'magic' is not one of 'auto', 'direct', 'frozen', 'last-block', 'all'"):
        run(home, "train", "moorea", "--method", "magic")
    assert not (home.folder / "releases" / "moorea").exists()


def test_a_folder_that_is_no_model_is_refused_before_anything_is_made(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no manifest\.json, so it is no folder that Fathom wrote"):
        run(home, "train", "moorea", "--from", str(tmp_path))
    assert not (home.folder / "releases" / "moorea").exists()


def test_a_release_that_was_trained_on_before_is_not_told_as_if_it_were_new(home: Home) -> None:
    store = open_store(read_settings(home.environment).database_url)
    with transaction(store) as session:
        project = subjects.project_row(session, SLUG)
        assert project
        job = jobs.begin_job(session, JobKind.TRAIN, project.id, "", {}, NOW)
        assert jobs.finish_job(session, job, {"release": 1, "model": f"{SLUG}/b"}, NOW)
    store.engine.dispose()
    said = run(home, "train", SLUG).output
    assert "Release 1 has a model already." in said
    assert f"It is version 2, was judged on {NOW:%Y-%m-%d} and is rejected; nothing was trained or judged now." in said
    assert "its macro-F1 is" not in said


def test_two_versions_are_compared_label_by_label(home: Home) -> None:
    said = run(home, "model", "compare", SLUG, "1", "2").output
    assert "version 1 → 2, with 95% intervals" in said
    assert "macro-F1" in said
    assert said.count("  recall") == 6
    same = run(home, "model", "compare", SLUG, "1", "1").output
    assert same.count(" in both") == 2 + 3 * 6
    assert "luck" not in same
    with pytest.raises(FathomError, match="no model of version 7"):
        run(home, "model", "compare", SLUG, "1", "7")


def test_deciding_needs_a_reason_and_is_told_in_the_log(home: Home) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        run(home, "model", "force", SLUG, "2", "--why", "so")
    with pytest.raises(Conflict, match="never was public: `fathom model force`"):
        run(home, "model", "back", SLUG, "2", "--why", "It is the better one.")
    run(home, "model", "freeze", SLUG, "--why", "Let us look first.")
    assert "Let us look first." in run(home, "status").output
    with pytest.raises(Conflict, match="Let us look first"):
        run(home, "model", "force", SLUG, "2", "--why", "It is the better one.")
    run(home, "model", "thaw", SLUG, "--why", "We have looked.")
    forced = run(home, "model", "force", SLUG, "2", "--why", "It is the better one.").output
    assert "Version 2 is public, as " in forced
    run(home, "model", "back", SLUG, "1", "--why", "No, it was not.")
    listed = run(home, "model", "list", SLUG).output
    assert "forced by " in listed
    assert "on the command line: It is the better one." in listed
    said = run(home, "model", "log", SLUG).output.splitlines()
    assert len(said) == 6
    assert "put_back version 1, " in said[0]
    assert said[1].endswith("on the command line: It is the better one.")
    assert "thawed, " in said[2]
    assert "published version 1, the gate: On " in said[5]
