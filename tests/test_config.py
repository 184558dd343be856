"""Settings come from the environment, and from nowhere else."""

from pathlib import Path

import pytest

from game.config import Kept, LogFormat, MetricsFor, read_settings
from game.errors import InvalidInput


def test_without_a_variable_everything_lives_in_one_folder(tmp_path: Path) -> None:
    settings = read_settings({"FATHOM_DATA": str(tmp_path / "data")})
    assert settings.port == 8000
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'fathom.sqlite'}"
    assert settings.redis_url is None
    assert settings.images == tmp_path / "data" / "images"


def test_every_default_can_be_changed(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "FATHOM_DATA": str(tmp_path),
            "FATHOM_PORT": "8123",
            "FATHOM_DATABASE_URL": "postgresql+psycopg://reef@localhost/fathom",
            "FATHOM_REDIS_URL": "redis://localhost:6379/1",
            "FATHOM_SECRET_KEY": "hush",
        }
    )
    assert (settings.port, settings.secret_key) == (8123, "hush")
    assert settings.database_url.startswith("postgresql")
    assert settings.redis_url == "redis://localhost:6379/1"


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first, second = (read_settings({"FATHOM_DATA": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("port", ["zero", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(InvalidInput, match="FATHOM_PORT"):
        read_settings({"FATHOM_DATA": str(tmp_path), "FATHOM_PORT": port})


@pytest.mark.parametrize("n", ["zero", "0", "-1", "1.5"])
def test_a_training_has_a_process_at_least(tmp_path: Path, n: str) -> None:
    with pytest.raises(InvalidInput, match="FATHOM_TRAINING_PROCESSES"):
        read_settings({"FATHOM_DATA": str(tmp_path), "FATHOM_TRAINING_PROCESSES": n})


def test_what_serving_to_the_world_needs_can_be_set(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "FATHOM_DATA": str(tmp_path),
            "FATHOM_ADDRESS": "https://fathom.example/",
            "FATHOM_PROXIES": "1",
            "FATHOM_LOG": "json",
            "FATHOM_METRICS": "off",
            "FATHOM_KEEP_DAYS": "guests=7, rejected=0",
            "FATHOM_TRAINING_PROCESSES": "4",
        }
    )
    assert settings.n_training_processes == 4
    assert (settings.address, settings.n_proxies) == ("https://fathom.example", 1)
    assert (settings.log, settings.metrics) == (LogFormat.JSON, MetricsFor.OFF)
    assert settings.kept == Kept(guests=7, jobs=90, rejected=0)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FATHOM_ADDRESS", "fathom.example"),
        ("FATHOM_ADDRESS", "https://fathom.example/play"),
        ("FATHOM_PROXIES", "-1"),
        ("FATHOM_PROXIES", "many"),
        ("FATHOM_LOG", "xml"),
        ("FATHOM_METRICS", "everybody"),
        ("FATHOM_KEEP_DAYS", "answers=1"),
        ("FATHOM_KEEP_DAYS", "guests"),
        ("FATHOM_KEEP_DAYS", "guests=soon"),
    ],
)
def test_a_setting_that_is_none_is_refused_by_name(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=variable):
        read_settings({"FATHOM_DATA": str(tmp_path), variable: text})
