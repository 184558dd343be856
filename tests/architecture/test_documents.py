"""What is offered is documented: settings, commands, level keys, folders."""

import re
from pathlib import Path

import click
import pytest

from game.cli import fathom
from game.config import ROOT, VARIABLES

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_setting_is_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in README


def test_every_fathom_variable_in_the_code_is_a_known_setting() -> None:
    named = {
        match
        for path in [*(ROOT / "game").rglob("*.py"), ROOT / "wsgi.py", ROOT / "Makefile"]
        for match in re.findall(r"FATHOM_[A-Z_]+", path.read_text())
    }
    assert named <= set(VARIABLES)


def commands(group: click.Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        path = f"{before}{name}"
        found += commands(command, f"{path} ") if isinstance(command, click.Group) else [path]
    return found


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in commands(fathom) if f"fathom {name}" not in README] == []


@pytest.mark.parametrize(
    "target", ["play", "play-scaled", "test", "check", "bench", "bench-load", "bench-faults", "bench-scale"]
)
def test_every_make_target_is_in_the_readme(target: str) -> None:
    assert f"make {target}" in README


def test_every_folder_of_the_house_says_its_rule() -> None:
    folders = ["scoring", "levels", "game/web", "game/play", "game/science", "game/training", "game/store"]
    assert [folder for folder in folders if not (ROOT / folder / "README.md").is_file()] == []


def test_every_link_in_a_document_leads_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in [
            ROOT / "README.md",
            ROOT / "CHANGELOG.md",
            *ROOT.glob("game/*/README.md"),
            *ROOT.glob("*/README.md"),
        ]
        if ".venv" not in path.parts and "node_modules" not in path.parts
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
        if not (Path(path.parent) / target).exists()
    ]
    assert broken == []
