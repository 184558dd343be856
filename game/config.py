"""Settings: read once from the environment, passed in everywhere else."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from game.errors import InvalidInput

ROOT = Path(__file__).resolve().parent.parent

VARIABLES: Mapping[str, str] = {
    "FATHOM_PORT": "the port that the web server listens on; default 8000",
    "FATHOM_DATA": "the folder of database, images, releases and models; default data/",
    "FATHOM_DATABASE_URL": "where rows are kept; default SQLite in FATHOM_DATA; postgresql+psycopg://… for PostgreSQL",
    "FATHOM_REDIS_URL": "redis://… for the message queue, limits and jobs of several processes; default none",
    "FATHOM_SECRET_KEY": "signs cookies; default made once and kept in FATHOM_DATA/secret_key",
}


@dataclass(frozen=True)
class Settings:
    port: int
    data: Path
    database_url: str
    redis_url: str | None
    secret_key: str
    levels: Path = ROOT / "levels"

    @property
    def images(self) -> Path:
        return self.data / "images"

    @property
    def releases(self) -> Path:
        return self.data / "releases"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def cache(self) -> Path:
        return self.data / "cache"

    @property
    def uploads(self) -> Path:
        return self.data / "uploads"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Makes the data folder. Raises InvalidInput for a port that is none."""
    environment = os.environ if environment is None else environment
    data = Path(environment.get("FATHOM_DATA") or ROOT / "data").expanduser().resolve()
    data.mkdir(parents=True, exist_ok=True)
    return Settings(
        port=_port(environment.get("FATHOM_PORT") or "8000"),
        data=data,
        database_url=environment.get("FATHOM_DATABASE_URL") or f"sqlite:///{data / 'fathom.sqlite'}",
        redis_url=environment.get("FATHOM_REDIS_URL") or None,
        secret_key=environment.get("FATHOM_SECRET_KEY") or _kept_secret(data / "secret_key"),
    )


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise InvalidInput(f"FATHOM_PORT is “{text}”: it must be a number from 1 to 65535.")


def _kept_secret(file: Path) -> str:
    """Two processes that start at once agree: only one of them can create the file."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secrets.token_hex(32))
    return file.read_text()
