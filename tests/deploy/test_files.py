"""What stands in deploy/ is whole: nginx takes its files, and every setting in them is one of ours."""

import configparser
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from game.cli.children import LOCAL, free_port
from game.cli.machines import found
from game.config import ROOT, VARIABLES

FOUND_WITHIN_S = 30.0
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize("name", ["fathom.conf", "compose.conf"])
def test_nginx_takes_its_configuration(name: str, tmp_path: Path) -> None:
    """With the folders and the certificate that a real machine has, and names that are known here."""
    certificate = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "certificate"), "-subj", "/CN=fathom"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *certificate]
    subprocess.run(made, check=True, capture_output=True)
    text = (DEPLOY / "nginx" / name).read_text()
    for there, here in {
        "/opt/fathom/deploy/nginx": str(DEPLOY / "nginx"),
        "/etc/nginx/fathom": str(DEPLOY / "nginx"),
        "/var/cache/nginx": str(tmp_path / "cache"),
        "/etc/letsencrypt/live/fathom.example/fullchain.pem": str(tmp_path / "certificate"),
        "/etc/letsencrypt/live/fathom.example/privkey.pem": str(tmp_path / "key"),
    }.items():
        text = text.replace(there, here)
    (tmp_path / "cache").mkdir()
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        f"pid {tmp_path}/pid;\nevents {{ }}\nhttp {{\naccess_log off;\n{folders_of(tmp_path)}\n{text}\n}}\n"
    )
    try_nginx(conf)


def test_nginx_takes_the_frame_of_its_container(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx" / "nginx.conf").read_text()
    for there, here in {"/var/run": tmp_path, "/etc/nginx/conf.d": tmp_path / "parts"}.items():
        text = text.replace(there, str(here))
    conf = tmp_path / "nginx.conf"
    conf.write_text(text.replace("http {", f"http {{\n{folders_of(tmp_path)}"))
    try_nginx(conf)


class Docker:
    """Says what address `web` has, as Docker's own name server does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOCAL, 0))
        self.port = int(self._socket.getsockname()[1])
        self._answering = threading.Thread(target=self._answer)

    def __enter__(self) -> "Docker":
        self._answering.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", (LOCAL, self.port))
        self._answering.join()
        self._socket.close()

    def _answer(self) -> None:
        """RFC 1035, 4.1: the question once more, and one record of type A that refers to it."""
        while (asked := self._socket.recvfrom(512))[0]:
            question = asked[0][12:]
            head = asked[0][:2] + bytes.fromhex("8180 0001 0001 0000 0000")
            record = bytes.fromhex("c00c 0001 0001 00000001 0004") + socket.inet_aton(self.address)
            self._socket.sendto(head + question + record, asked[1])


@contextmanager
def web_container(address: str, port: int) -> Iterator[None]:
    """Answers everything with its own address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(address.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((address, port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_in_compose_nginx_finds_a_container_that_was_made_anew_at_another_address(tmp_path: Path) -> None:
    port, inner = free_port(), free_port()
    text = (DEPLOY / "nginx" / "compose.conf").read_text()
    with Docker("127.0.0.2") as docker:
        for there, here in {
            "/etc/nginx/fathom": str(DEPLOY / "nginx"),
            "/var/cache/nginx": str(tmp_path),
            "127.0.0.11": f"{LOCAL}:{docker.port}",
            "web:8000": f"web:{inner}",
            "listen 80": f"listen {LOCAL}:{port}",
        }.items():
            assert there in text
            text = text.replace(there, here)
        conf = tmp_path / "nginx.conf"
        conf.write_text(
            f"pid {tmp_path}/pid;\nevents {{ }}\nhttp {{\naccess_log off;\n{folders_of(tmp_path)}\n{text}\n}}\n"
        )
        command = [
            found("nginx", "nginx-light"),
            "-e",
            "stderr",
            "-p",
            str(tmp_path),
            "-c",
            str(conf),
            "-g",
            "daemon off;",
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
            try:
                with web_container("127.0.0.2", inner):
                    wait_until_it_answers(port, "127.0.0.2")
                docker.address = "127.0.0.3"
                with web_container("127.0.0.3", inner):
                    wait_until_it_answers(port, "127.0.0.3")
            finally:
                nginx.terminate()


def wait_until_it_answers(port: int, wanted: str) -> None:
    deadline, answered = time.monotonic() + FOUND_WITHIN_S, ""
    while answered != wanted:
        assert time.monotonic() < deadline, answered
        with suppress(OSError), urllib.request.urlopen(f"http://{LOCAL}:{port}/health", timeout=5) as response:
            answered = response.read().decode()
        time.sleep(0.1)


def folders_of(folder: Path) -> str:
    """Where an ordinary user may write."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


def try_nginx(conf: Path) -> None:
    command = [found("nginx", "nginx-light"), "-t", "-e", "stderr", "-p", str(conf.parent), "-c", str(conf)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


def test_every_setting_in_deploy_is_one_of_ours_and_the_example_names_all_that_a_crowd_needs() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            unknown = set(re.findall(r"FATHOM_[A-Z_]+", path.read_text())) - set(VARIABLES)
            assert not unknown, f"{path.name}: {unknown}"
    example = set(re.findall(r"^(FATHOM_[A-Z_]+)=", (DEPLOY / "environment.example").read_text(), re.M))
    assert set(VARIABLES) - example == {"FATHOM_PORT"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_unit_is_read_and_starts_a_command_of_ours(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    assert parser.has_option("Unit", "Description")
    if unit.suffix == ".service":
        # Where everything else is read-only, a temporary file has no other place.
        assert parser.getboolean("Service", "PrivateTmp")
        assert re.search(r"/opt/fathom/\.venv/bin/fathom (web|worker|backup)\b", parser.get("Service", "ExecStart"))


def test_compose_starts_every_part_after_what_it_needs() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"postgresql", "redis", "setup", "web1", "web2", "worker", "proxy"}
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
    named = re.findall(r"set \$fathom_web (\w+):8000", (DEPLOY / "nginx" / "compose.conf").read_text())
    assert [services[web]["networks"]["default"]["aliases"] for web in ("web1", "web2")] == [named, named]
    for volume in services["proxy"]["volumes"]:
        source = volume.partition(":")[0]
        assert (DEPLOY / source).is_file() or source in COMPOSE["volumes"], volume


def test_the_image_has_the_client_of_the_database_that_it_is_served_with() -> None:
    debian = re.search(r"^FROM python:3\.11-slim-(\w+)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert debian
    assert COMPOSE["services"]["postgresql"]["image"] == {"bookworm": "postgres:15"}[debian[1]]


def test_a_machine_that_starts_again_starts_fathom() -> None:
    enabled = re.search(r"^systemctl enable --now (.+)$", (DEPLOY / "README.md").read_text(), re.M)
    assert enabled
    for name in enabled[1].split():
        file = name if "." in name else f"{name.partition('@')[0]}@.service"
        wanted = re.search(r"^WantedBy=(.+)$", (DEPLOY / "systemd" / file).read_text(), re.M)
        assert wanted
        assert wanted[1] in ("multi-user.target", "timers.target", *enabled[1].split()), name


def test_the_image_takes_only_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line
