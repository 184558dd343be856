"""What stands in deploy/ is whole: nginx takes its files, and every setting in them is one of ours."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from game.cli.machines import found
from game.config import ROOT, VARIABLES

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
        "web1:": "127.0.0.1:",
        "web2:": "127.0.0.2:",
    }.items():
        text = text.replace(there, here)
    (tmp_path / "cache").mkdir()
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"pid {tmp_path}/pid;\nevents {{ }}\nhttp {{\naccess_log off;\n{text}\n}}\n")
    command = [found("nginx", "nginx-light"), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(conf)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


def test_nginx_takes_the_frame_of_its_container(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx" / "nginx.conf").read_text()
    for there, here in {"/var/run": tmp_path, "/etc/nginx/conf.d": tmp_path / "parts"}.items():
        text = text.replace(there, str(here))
    (tmp_path / "nginx.conf").write_text(text)
    command = [found("nginx", "nginx-light"), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", f"{tmp_path}/nginx.conf"]
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
    named = re.findall(r"server (\w+):8000", (DEPLOY / "nginx" / "compose.conf").read_text())
    assert named == ["web1", "web2"]
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
