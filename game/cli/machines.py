"""PostgreSQL, Redis and nginx of our own: as an ordinary user, in private folders, on free ports, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from game.cli.children import LOCAL, Child, end_all, free_port, start
from game.config import ROOT
from game.errors import FathomError

READY_WITHIN_S = 20.0
# Where Debian keeps what only administrators have in their PATH, and PostgreSQL's own programs, the newest first.
ELSEWHERE = ("/usr/sbin", *sorted((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))
NGINX = ROOT / "deploy" / "nginx"

# Like deploy/nginx/fathom.conf, on one machine and without https.
_NGINX_CONF = """\
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=fathom:1m max_size=1g use_temp_path=off;
    include {folder}/http.conf;
    upstream fathom {{
        least_conn;
{servers}
    }}
    server {{
        listen {listen};
        set $fathom_web fathom;
        include {folder}/locations.conf;
    }}
}}
"""


@contextmanager
def postgresql_server(*settings: str) -> Iterator[str]:
    """Yields a database URL; `settings` such as fsync=off. PostgreSQL refuses to run as root, so nobody runs it."""
    with postgresql_rows() as folder, running_postgresql(folder, free_port(), *settings) as (_, url):
        yield url


@contextmanager
def postgresql_rows() -> Iterator[Path]:
    """An empty database's folder; servers may run on it one after the other."""
    with _private_folder("postgresql") as folder:
        options = ["-D", str(folder / "rows"), "-U", "fathom", "-A", "trust", "-E", "UTF8", "-N"]
        command = [*_as_ordinary(), str(_postgresql_programs() / "initdb"), *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            raise FathomError(f"PostgreSQL could not be set up: {done.stderr}")
        yield folder


@contextmanager
def running_postgresql(folder: Path, port: int, *settings: str) -> Iterator[tuple[Child, str]]:
    """On a folder of `postgresql_rows`."""
    programs = _postgresql_programs()
    wanted = ["max_connections=200", f"unix_socket_directories={folder}", f"listen_addresses={LOCAL}", *settings]
    flags = [flag for setting in wanted for flag in ("-c", setting)]
    command = [str(programs / "postgres"), "-D", str(folder / "rows"), "-p", str(port), *flags]
    asked = [str(programs / "pg_isready"), "-q", "-h", LOCAL, "-p", str(port)]
    with _running("PostgreSQL", command, folder, lambda: subprocess.run(asked, check=False).returncode == 0) as one:
        try:
            yield one, f"postgresql+psycopg://fathom@{LOCAL}:{port}/postgres"
        finally:
            # Asked in this way it does not wait for whoever is still connected.
            one.process.send_signal(signal.SIGINT)


@contextmanager
def redis_server(port: int | None = None) -> Iterator[str]:
    """Yields its URL. It keeps nothing on the disk."""
    with running_redis(port or free_port()) as (_, url):
        yield url


@contextmanager
def running_redis(port: int) -> Iterator[tuple[Child, str]]:
    program = found("redis-server", "redis-server")
    with _private_folder("redis") as folder:
        command = [program, "--port", str(port), "--bind", LOCAL, "--save", "", "--appendonly", "no"]
        with _running("Redis", [*command, "--loglevel", "warning"], folder, lambda: _listens(port)) as server:
            yield server, f"redis://{LOCAL}:{port}/0"


@contextmanager
def proxy(ports: Sequence[int], port: int) -> Iterator[str]:
    """nginx with deploy/'s own locations before web processes on these ports; yields its address."""
    program = found("nginx", "nginx-light")
    with _private_folder("nginx") as folder:
        for name in ("http.conf", "locations.conf"):
            shutil.copy(NGINX / name, folder)
        servers = "\n".join(f"        server {LOCAL}:{one} fail_timeout=2s;" for one in ports)
        conf = _NGINX_CONF.format(folder=folder, servers=servers, listen=f"{LOCAL}:{port}")
        (folder / "nginx.conf").write_text(conf)
        command = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        with _running("nginx", command, folder, lambda: _listens(port)):
            yield f"http://{LOCAL}:{port}"


def found(program: str, package: str) -> str:
    """The program's path. Raises FathomError in words that say what to install."""
    path = shutil.which(program, path=":".join([os.environ.get("PATH", os.defpath), *ELSEWHERE]))
    if path is None:
        raise FathomError(f"{program} is missing; install it, for example with: sudo apt-get install {package}")
    return path


def _postgresql_programs() -> Path:
    return Path(found("initdb", "postgresql")).resolve().parent


def _ordinary_user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _as_ordinary() -> list[str]:
    """What to put before a command. Whoever changes her user is no more told that her parent died, unless she asks."""
    if os.geteuid() != 0:
        return []
    user = _ordinary_user()
    return [found("setpriv", "util-linux"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
            "--pdeathsig=TERM"]  # fmt: skip


@contextmanager
def _private_folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"fathom-{name}-"))
    try:
        os.chown(folder, _ordinary_user().pw_uid, _ordinary_user().pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(name: str, command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> Iterator[Child]:
    """Until the end of the block. Raises FathomError with what it said if it is not ready in time."""
    log = folder / "log"
    shell = ["/bin/sh", "-c", 'cd /; log=$1; shift; exec "$@" >"$log" 2>&1', "sh", str(log), *_as_ordinary(), *command]
    child = start(name, shell)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not ready():
            if not child.alive or time.monotonic() > deadline:
                raise FathomError(f"{name} did not start: {log.read_text() if log.exists() else 'it said nothing'}")
            time.sleep(0.02)
        yield child
    finally:
        end_all([child])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOCAL, port)) == 0
