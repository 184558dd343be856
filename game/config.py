"""Settings: read once from the environment, passed in everywhere else."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from game.errors import InvalidInput

E = TypeVar("E", bound=StrEnum)

ROOT = Path(__file__).resolve().parent.parent

VARIABLES: Mapping[str, str] = {
    "FATHOM_PORT": "the port that the web server listens on; default 8000",
    "FATHOM_DATA": "the folder of database, images, releases and models; default data/",
    "FATHOM_DATABASE_URL": "where rows are kept; default SQLite in FATHOM_DATA; postgresql+psycopg://… for PostgreSQL",
    "FATHOM_REDIS_URL": "redis://… for the message queue, limits and jobs of several processes; default none",
    "FATHOM_SECRET_KEY": "signs cookies; default made once and kept in FATHOM_DATA/secret_key",
    "FATHOM_ADDRESS": "the public address, such as https://fathom.example; with https cookies travel by https only",
    "FATHOM_PROXIES": "how many proxies of ours every request passes; default 0: what a client says of itself is void",
    "FATHOM_LOG": "plain (default), or json: a line of JSON for every request and event, with request ids",
    "FATHOM_METRICS": "who reads /metrics: local (default: this machine, and operators), open (anybody), off",
    "FATHOM_TRAINING_PROCESSES": "how many processes learn together in a training, a core each; default 1",
    "FATHOM_KEEP_DAYS": "what clean-up keeps for how many days, such as guests=30,jobs=90,rejected=365",
}


class LogFormat(StrEnum):
    PLAIN = "plain"
    JSON = "json"


class MetricsFor(StrEnum):
    """`LOCAL`: whoever asks from this very machine, not through a proxy, and operators."""

    LOCAL = "local"
    OPEN = "open"
    OFF = "off"


@dataclass(frozen=True)
class Kept:
    """Days until clean-up removes what is of no more use; 0 keeps it for ever.

    `guests` that never answered, ended `jobs` with their logs, weights of `rejected` models. Cards and reasons stay.
    """

    guests: int = 30
    jobs: int = 90
    rejected: int = 365


@dataclass(frozen=True)
class Settings:
    port: int
    data: Path
    database_url: str
    redis_url: str | None
    secret_key: str
    levels: Path = ROOT / "levels"
    address: str | None = None
    n_proxies: int = 0
    log: LogFormat = LogFormat.PLAIN
    metrics: MetricsFor = MetricsFor.LOCAL
    kept: Kept = Kept()
    n_training_processes: int = 1

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
    """Makes the data folder. Raises InvalidInput for a setting that is none."""
    environment = os.environ if environment is None else environment
    data = Path(environment.get("FATHOM_DATA") or ROOT / "data").expanduser().resolve()
    data.mkdir(parents=True, exist_ok=True)
    return Settings(
        port=_port(environment.get("FATHOM_PORT") or "8000"),
        data=data,
        database_url=environment.get("FATHOM_DATABASE_URL") or f"sqlite:///{data / 'fathom.sqlite'}",
        redis_url=environment.get("FATHOM_REDIS_URL") or None,
        secret_key=environment.get("FATHOM_SECRET_KEY") or _kept_secret(data / "secret_key"),
        address=_address(environment.get("FATHOM_ADDRESS") or ""),
        n_proxies=_count("FATHOM_PROXIES", environment.get("FATHOM_PROXIES") or "0"),
        log=_one_of(LogFormat, "FATHOM_LOG", environment.get("FATHOM_LOG") or LogFormat.PLAIN),
        metrics=_one_of(MetricsFor, "FATHOM_METRICS", environment.get("FATHOM_METRICS") or MetricsFor.LOCAL),
        kept=_kept(environment.get("FATHOM_KEEP_DAYS") or ""),
        n_training_processes=_count_from_1(
            "FATHOM_TRAINING_PROCESSES", environment.get("FATHOM_TRAINING_PROCESSES") or "1"
        ),
    )


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise InvalidInput(f"FATHOM_PORT is “{text}”: it must be a number from 1 to 65535.")


def _address(text: str) -> str | None:
    if not text or re.fullmatch(r"https?://[^/\s]+/?", text):
        return text.rstrip("/") or None
    raise InvalidInput(f"FATHOM_ADDRESS is “{text}”: it must be an address such as https://fathom.example.")


def _count(variable: str, text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise InvalidInput(f"{variable} is “{text}”: it must be a number from 0 on.")


def _count_from_1(variable: str, text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise InvalidInput(f"{variable} is “{text}”: it must be a number from 1 on.")


def _one_of(choices: type[E], variable: str, text: str) -> E:
    if text in list(choices):
        return choices(text)
    raise InvalidInput(f"{variable} is “{text}”: it must be one of {', '.join(choices)}.")


def _kept(text: str) -> Kept:
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    known = {field.name for field in fields(Kept)}
    for name, _, _ in pairs:
        if name not in known:
            raise InvalidInput(f"FATHOM_KEEP_DAYS knows no “{name}”; it knows {', '.join(sorted(known))}.")
    return Kept(**{name: _count(f"FATHOM_KEEP_DAYS, {name},", days) for name, _, days in pairs})


def _kept_secret(file: Path) -> str:
    """Two processes that start at once agree: only one of them can create the file."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secrets.token_hex(32))
    return file.read_text()
